//! `bambu decode`: raw report JSON in, status documents out. No clock, no connection.

mod frames;

use std::io::{self, BufReader, IsTerminal as _, Write as _};

use bambu_protocol::{
    Model, Serial,
    report::{Applied, MAX_REPORT, State},
};

use crate::{
    exit::{Failure, Kind},
    output,
};
use frames::Frames;

/// Turn raw report JSON into status documents
///
/// Reads reports of one printer from standard input as they are on the wire, with `print`, `info`
/// and so on at the top: one per line, or pretty-printed over many lines. They are merged in
/// order, and for each one the status after it is written as one line of JSON. A report without a
/// status of its own, such as an acknowledgement, repeats the status so far, so that line n
/// answers report n. A report that cannot be read is told on standard error with its line number
/// and leaves no line; the exit code is then 1. The longest line may have 1 MiB.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  bambu decode < report.json\n  \
    bambu decode < reports.jsonl | jq -c '[.state, .job.progress_percent]'")]
pub(crate) struct Args {
    /// Model of the printer, when the reports do not tell
    #[arg(long)]
    model: Option<Model>,
    /// Serial number of the printer, when the reports do not tell
    #[arg(long)]
    serial: Option<Serial>,
}

pub(crate) fn run(args: Args) -> Result<(), Failure> {
    let mut state = State::new();
    if let Some(serial) = args.serial {
        state = state.with_serial(serial);
    }
    if let Some(model) = args.model {
        state = state.with_model(model);
    }
    if io::stdin().is_terminal() {
        eprintln!(
            "note: reading reports from the keyboard; Ctrl-D ends (usual: bambu decode < FILE)"
        );
    }
    let mut out = output::stdout();
    let input = BufReader::with_capacity(64 * 1024, io::stdin().lock());
    let mut frames = Frames::new(input, MAX_REPORT);
    let (mut read, mut bad, mut told) = (0_u64, 0_u64, false);
    // Whoever follows a live stream sees each status as soon as its report is there.
    while let Some(frame) = frames.next(&mut || out.flush())? {
        let applied = match &frame.body {
            Ok(body) => state.apply(body).map_err(|error| Failure::new(Kind::Failed, error)),
            Err(error) => Err(Failure::new(Kind::Failed, *error)),
        };
        match applied {
            Ok(applied) => {
                told |= applied != Applied::Other;
                serde_json::to_writer(&mut out, &state.status()).map_err(io::Error::from)?;
                out.write_all(b"\n")?;
                read += 1;
            }
            Err(failure) => {
                bad += 1;
                out.flush()?;
                eprintln!("error: line {}: {failure}", frame.line);
            }
        }
    }
    out.flush()?;
    if bad > 0 {
        eprintln!(
            "next: {bad} of {} reports could not be read; look at the lines named above",
            read + bad
        );
        return Err(Failure::told(Kind::Failed));
    }
    if read == 0 {
        eprintln!("note: standard input held no report");
    } else if !told {
        eprintln!(
            "note: nothing of a printer's status was in it; reports are expected as on the wire, \
             with print, info … at the top"
        );
    }
    Ok(())
}

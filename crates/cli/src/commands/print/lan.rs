//! Over the local network: every printer by itself, all at once, with a bound on the transfers.
//!
//! What a dry run shows is in `lan/plan.rs`, what became of it in `lan/ended.rs`.

mod ended;
mod plan;

use std::io::Write as _;

use bambu_protocol::request::Auto;
use bambulab::{
    LanTarget, Options, Printer,
    fleet_upload::Places,
    ftps::Existing,
    print::{JobProgress, JobStep, PrintJob},
};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use self::ended::Ended;
use super::Args;
use crate::{
    exit::{Failure, Kind},
    output::{
        self,
        bars::{Bar, Bars},
        human,
    },
    settings::Settings,
    shutdown,
    targets::Target,
};

pub(super) async fn run(
    args: Args,
    targets: Vec<Target>,
    settings: &Settings,
) -> Result<(), Failure> {
    let stop = shutdown::token();
    let options = settings.options()?;
    let job = job(&args)?.cancel(stop.clone());
    let alone = targets.len() == 1;
    // Read once for all of them.
    let job = match job.inspect().await {
        Ok(job) => job,
        Err(error) => return Err(ended::failure(&error)),
    };
    let bars = Bars::new(!args.json, targets.iter().map(Target::shown));
    let all = targets.len();
    let mut running: FuturesUnordered<_> = targets
        .into_iter()
        .map(|target| {
            let bar = bars.add(target.shown());
            one(target, job.clone(), &args, &options, bar)
        })
        .collect();
    let mut out = output::stdout();
    let mut ends = Vec::new();
    while let Some(ended) = running.next().await {
        if args.json {
            ended.write_json(&mut out)?;
            out.flush()?;
        }
        ends.push(ended);
    }
    drop(bars);
    ends.sort_by_cached_key(|ended| (human::sort_key(&ended.name), ended.serial.clone()));
    if !args.json {
        match ends.as_slice() {
            [one] if alone => one.write(&mut out)?,
            several => ended::write_table(several, &mut out)?,
        }
        out.flush()?;
    }
    ended::verdict(ends, all)
}

/// What the call asks for.
fn job(args: &Args) -> Result<PrintJob, Failure> {
    let job = match (args.stored, args.file.to_str()) {
        (false, _) => PrintJob::new(&args.file).folder(&args.folder),
        (true, Some(path)) => PrintJob::stored(path),
        (true, None) => {
            return Err(Failure::say(Kind::Usage, "the path on the printer is no text")
                .next("write it in plain letters, such as /cache/cube.gcode.3mf"));
        }
    };
    let auto = |on| if on { Auto::On } else { Auto::Off };
    let mut job = job
        .plate(args.plate)
        .level_bed(auto(!args.no_bed_leveling))
        .calibrate_flow(auto(args.flow_calibration))
        .calibrate_vibration(args.vibration_calibration)
        .inspect_layer(args.layer_inspect)
        .timelapse(args.timelapse)
        .bed_type(&args.bed_type)
        .skip_objects(args.skip.clone())
        .existing(if args.keep { Existing::KeepSameSize } else { Existing::Replace })
        .places(Places::new(args.at_a_time.into()))
        .force(args.force);
    if args.no_ams {
        job = job.external();
    } else if !args.ams_map.is_empty() {
        job = job.trays(args.ams_map.iter().map(|tray| tray.0).collect::<Vec<_>>());
    }
    if let Some(title) = &args.title {
        job = job.title(title);
    }
    if args.sdcard_url {
        job = job.sdcard_url();
    }
    Ok(match (args.no_wait, args.wait) {
        (true, _) => job.wait(None),
        (false, Some(wait)) => job.wait(Some(wait)),
        (false, None) => job,
    })
}

async fn one(target: Target, job: PrintJob, args: &Args, options: &Options, bar: Bar) -> Ended {
    let ended = Ended::new(&target);
    let on_lan = match target.on_lan() {
        Ok(Some(on_lan)) => on_lan,
        Ok(None) => {
            bar.end();
            let text = format!("the address of {} is not known", target.shown());
            return ended.failed(&Failure::say(Kind::Unreachable, text).next(
                "write it as host into the config file, or give it as --host; see what is there \
                 with: bambu discover",
            ));
        }
        Err(failure) => {
            bar.end();
            return ended.failed(&failure);
        }
    };
    let model = target.model();
    let printer = Printer::connect(LanTarget { model, ..on_lan.clone() }, options.clone());
    let ended = match args.dry_run {
        true => {
            bar.say("asking for its status …");
            match job.look(&printer, &on_lan).await {
                Ok(plan) => ended.planned(plan),
                Err(error) => ended.ended(Err(error)),
            }
        }
        false => {
            let teller = bar.clone();
            let started = job.start(&printer, &on_lan, options, move |told| tell(&teller, told));
            ended.ended(started.await)
        }
    };
    bar.end();
    printer.close().await;
    ended
}

fn tell(bar: &Bar, told: &JobProgress) {
    match told {
        // All have been inspected, and most have a place at once.
        JobProgress::Step(JobStep::Inspect | JobStep::Queue) => {}
        JobProgress::Step(step) => bar.say(format!("{step} …")),
        JobProgress::Sent { bytes, of } => bar.sent(*bytes, *of),
        JobProgress::Prepares { percent: Some(percent) } if *percent > 0 => {
            bar.note(format!("it prepares the job, {percent} %"));
        }
        _ => {}
    }
}

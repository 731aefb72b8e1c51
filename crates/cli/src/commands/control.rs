//! `bambu control`: one command to one or many printers, and what became of it.
//!
//! The words are read in `words.rs`, `verbs.rs` and `values.rs`, the results are told in `answer.rs`.
//! Which requests a command becomes, and whether it took effect, is known below, in the library.

mod answer;
mod dry_run;
mod filament;
mod progress;
mod values;
mod verbs;
mod words;

use std::{
    io::{self, IsTerminal as _, Read as _, Write as _},
    time::Duration,
};

use bambu_protocol::command::Command;
use bambulab::{Link, Printer, SendOptions};
use futures_util::{
    StreamExt as _,
    stream::{self, FuturesUnordered},
};

use self::{
    answer::Answer,
    progress::{Progress, Step},
    words::Said,
};
use crate::{
    exit::{Failure, Kind},
    output::{
        self, brief,
        waiting::{self, Waiting},
    },
    settings::{Flags, Settings},
    shutdown,
    targets::{self, ByHand, Target, Which},
    watch::{self, Until, seconds},
};

/// Make printers do something, and tell whether they did
///
/// The printer is named first; where only one is known it need not be. A command is sent once, as
/// this model obeys it, and checked: `ok` means that the printer's status shows the effect
/// (confirmed), or that the printer took it and nothing in its status could show it (accepted).
/// What its model does not bear, or what makes no sense now, is refused before anything is sent.
#[derive(clap::Args)]
#[command(override_usage = "bambu control [OPTIONS] [PRINTER] <COMMAND> [VALUE]...")]
#[command(after_help = after_help())]
pub(crate) struct Args {
    /// The printer, unless there is only one, and the command; see below
    #[arg(value_name = "WORDS", required = true, allow_negative_numbers = true)]
    words: Vec<String>,
    /// A printer by name, serial number or the unique beginning of one (repeatable)
    #[arg(long = "printer", value_name = "PRINTER")]
    printers: Vec<String>,
    /// All printers of this group of the config file
    #[arg(long, conflicts_with = "printers")]
    group: Option<String>,
    /// All known printers
    #[arg(long, conflicts_with_all = ["printers", "group"])]
    all: bool,
    /// Send it although something speaks against it, where that is possible; ask nothing
    #[arg(long)]
    force: bool,
    /// Ask nothing
    #[arg(long, short)]
    yes: bool,
    /// Send nothing: print the exact requests
    #[arg(long)]
    dry_run: bool,
    /// How long the effect may take [default: what the command needs]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    wait: Option<Duration>,
    /// How long a printer may take to connect and tell its status
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "20")]
    timeout: Duration,
    /// Write one JSON object per printer
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    by_hand: ByHand,
}

fn after_help() -> String {
    format!(
        "Commands:\n{}\n\
         The names that other tools use work, too: set_nozzle_temp 220, set_bed_temp, \
         set_chamber_temp, set_fan_speed, set_airduct_fan, set_chamber_fan, print_speed, \
         gcode_line, request_full_status.\n\n\
         Exit codes:\n  \
         0 done: confirmed or accepted        4 wrong access code or token\n  \
         2 a value that cannot be             5 the printer cannot be reached\n  \
         3 refused, by the printer or before  6 sent, but not confirmed or not answered\n\
         With several printers: 0 when all did it, else the lowest code of those that did not.\n\n\
         Examples:\n  \
         bambu control \"P1S 1\" nozzle 220\n  \
         bambu control pause\n  \
         bambu control workshop gcode \"G28\"\n  \
         bambu control --all light off\n  \
         bambu control workshop bed 60 --dry-run",
        verbs::help()
    )
}

/// Every word that a command begins with, for completions.
pub(crate) fn words() -> Vec<&'static str> {
    let mut words: Vec<_> = verbs::VERBS.iter().flat_map(|verb| verb.name.split(' ')).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// How much G-code or JSON is read from standard input, in bytes.
const INPUT: u64 = 64 * 1024;

pub(crate) async fn run(args: Args, flags: &Flags) -> Result<(), Failure> {
    let named = args.all || args.group.is_some() || !args.printers.is_empty();
    let words = match args.words.split_last() {
        // What reads standard input reads all of it.
        Some((last, rest)) if last == "-" => {
            let text = read_input().await?;
            rest.iter().cloned().chain([text]).collect()
        }
        _ => args.words.clone(),
    };
    let said = words::read(&words, named)?;
    let settings = Settings::load(flags)?;
    let stop = shutdown::token();
    let until = Until::after(Some(args.timeout));
    let waiting = Waiting::default();
    let work = async {
        waiting.say("looking for the printer …");
        let targets = choose(&args, &said, &settings, until).await?;
        waiting.say("");
        if args.dry_run && !dry_run::wants_status(&said.command) {
            return dry_run::offline(&targets, &said, args.json);
        }
        if !args.dry_run && !agreed(&args, &said, &targets).await? {
            return Err(Failure::say(Kind::Failed, "nothing was sent")
                .next("answer y, or say --yes, to send it"));
        }
        waiting.say("connecting …");
        let mut connected = until.cut(&settings, targets::connect(targets, &settings)).await?;
        let lost = std::mem::take(&mut connected.lost);
        let answer = |(target, failure): (Target, Failure)| {
            Answer::new(target.serial.to_string(), target.shown().to_owned(), &said.text)
                .lost(&failure)
        };
        let lost: Vec<Answer> = lost.into_iter().map(answer).collect();
        let links: Vec<Link> = connected.fleet.links().cloned().collect();
        let result = if args.dry_run {
            dry_run::live(links, lost, &said, &args, until).await
        } else {
            send(links, lost, &said, &args, until, &waiting).await
        };
        connected.close().await;
        result
    };
    tokio::select! {
        result = waiting.during(work) => result,
        () = stop.cancelled() => Err(Failure::say(Kind::Unconfirmed, "interrupted")
            .next("look at the printers: what was sent may have taken effect")),
    }
}

async fn read_input() -> Result<String, Failure> {
    let read = || {
        let mut text = String::new();
        io::stdin().lock().take(INPUT).read_to_string(&mut text).map(|_| text)
    };
    let read = tokio::task::spawn_blocking(read).await;
    let text = read.map_err(|error| Failure::new(Kind::Failed, error))?;
    text.map_err(|error| Failure::new(Kind::Usage, error).about("cannot read standard input"))
}

/// The printers that are meant.
async fn choose(
    args: &Args,
    said: &Said,
    settings: &Settings,
    until: Until,
) -> Result<Vec<Target>, Failure> {
    let mut printers = args.printers.clone();
    printers.extend(said.printer.clone());
    let which = Which { printers, group: args.group.clone(), by_hand: args.by_hand.clone() };
    let targets = until.cut(settings, targets::choose(&which, settings)).await?;
    let several = args.all || args.group.is_some() || !which.printers.is_empty();
    if targets.len() > 1 && !several {
        let known = targets::names(targets.iter());
        return Err(Failure::say(Kind::Usage, "there are several printers")
            .next(format!("name one in front of the command, or say --all; known are: {known}")));
    }
    let first = said.text.split(' ').next().unwrap_or_default();
    let is_first = |name: Option<&str>| name.is_some_and(|it| it.eq_ignore_ascii_case(first));
    let is_printer = settings.printers.iter().any(|it| is_first(it.name.as_deref()))
        || targets.iter().any(|target| is_first(Some(target.shown())));
    if said.unclear && is_printer {
        return Err(Failure::say(
            Kind::Usage,
            format!("{first:?} is a printer and a command, and {:?} fits both", said.text),
        )
        .next("name the printer with --printer"));
    }
    Ok(targets)
}

/// Whether a person on a terminal still wants what ends the work of several printers.
async fn agreed(args: &Args, said: &Said, targets: &[Target]) -> Result<bool, Failure> {
    let terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    let reboot = said.text.to_ascii_lowercase().starts_with("reboot");
    let grave = matches!(said.command, Command::Stop) || reboot;
    if !grave || targets.len() < 2 || args.yes || args.force || !terminal {
        return Ok(true);
    }
    let names = targets::names(targets.iter());
    let question = format!("{} {} printers: {names}? [y/N] ", said.text, targets.len());
    eprint!("{}", output::human::printable(&question));
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    });
    let line = read.await.map_err(|error| Failure::new(Kind::Failed, error))??;
    Ok(matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Sends it to all at once and tells what became of it.
async fn send(
    links: Vec<Link>,
    lost: Vec<Answer>,
    said: &Said,
    args: &Args,
    until: Until,
    waiting: &Waiting,
) -> Result<(), Failure> {
    let all = links.len() + lost.len();
    let progress = Progress::new(&links, said, waiting);
    let sent: FuturesUnordered<_> =
        links.iter().map(|link| one(link.clone(), said, args, until, &progress)).collect();
    let mut ended = stream::iter(lost).chain(sent);
    let mut out = output::stdout();
    let mut answers = Vec::new();
    while let Some(answer) = ended.next().await {
        if args.json {
            waiting::clear();
            answer.write_json(&mut out)?;
            out.flush()?;
        }
        answers.push(answer);
    }
    waiting.say("");
    answers.sort_by_cached_key(|answer| {
        (output::human::sort_key(&answer.name), answer.serial.clone())
    });
    if !args.json {
        answer::write(&answers, all > 1, &mut out)?;
        out.flush()?;
    }
    answer::verdict(answers, all)
}

async fn one(
    link: Link,
    said: &Said,
    args: &Args,
    until: Until,
    progress: &Progress<'_>,
) -> Answer {
    let name = brief::name(&link.snapshot().status).to_owned();
    let answer = Answer::about(&link, name, &said.text);
    let answer = match ready(&link, until).await {
        Err(failure) => answer.not_reached(&link, &failure),
        Ok(()) => {
            progress.step(&link, Some(Step::Sent));
            let options = SendOptions { force: args.force, wait: args.wait };
            let printer = Printer::from(link.clone());
            answer.ended(printer.send_with(said.command.clone(), options).await)
        }
    };
    progress.step(&link, None);
    answer
}

/// Waits until the printer has told its status.
async fn ready(link: &Link, until: Until) -> Result<(), Failure> {
    let answer = tokio::select! {
        biased;
        answer = link.ready() => Some(answer),
        () = until.passed() => None,
    };
    match answer {
        Some(Ok(_)) => Ok(()),
        Some(Err(reason)) => Err(watch::failure(&reason)),
        None => Err(watch::late(
            "it did not tell its status in time".to_owned(),
            link.snapshot().connection.reason(),
        )),
    }
}

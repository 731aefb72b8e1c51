//! The selected printer: everything a person wants to see at a glance. What is old is dim and
//! says so.

use bambu_protocol::status::{AmsUnit, ExternalSpool, Heater, Status, Text, Tray};
use bambulab::{Connection, link::Way};
use jiff::{SignedDuration, Timestamp};
use ratatui::{
    style::{Modifier, Style},
    text::{Line, Span},
};

use super::board::{Board, Entry};
use crate::output::{Paint, brief, human};

/// Columns of a label and its gap.
const LABEL: usize = 9;
/// Columns of the text of a heater.
const DEGREES: usize = 12;
/// Messages shown at most.
const MESSAGES: usize = 4;

/// The lines about a printer; the caller cuts what is too much.
pub(super) fn lines(
    board: &Board,
    entry: &Entry,
    columns: usize,
    rows: usize,
) -> Vec<Line<'static>> {
    let status = &*entry.snapshot.status;
    let mut lines = vec![heading(board, entry)];
    lines.extend(why_not_live(board, entry, columns));
    if !entry.snapshot.complete {
        return lines;
    }
    let start = lines.len();
    lines.push(state(board, status, entry.is_live()));
    lines.extend(progress(board, status, columns));
    let troubles = brief::trouble(status);
    for trouble in troubles.iter().take(MESSAGES) {
        let text = human::printable(trouble);
        for (at, part) in human::wrap(&text, columns.saturating_sub(2)).iter().enumerate() {
            let mark = if at == 0 { "!" } else { " " };
            let style = board.palette.style(Paint::Yellow);
            lines.push(Line::styled(format!("{mark} {part}"), style));
        }
    }
    if troubles.len() > MESSAGES {
        lines.push(Line::from(format!("! and {} more", troubles.len() - MESSAGES)));
    }
    // Small charts where there is room for them.
    lines.extend(heaters(board, entry, columns, if rows >= 30 { 3 } else { 1 }));
    lines.push(fans(status));
    lines.push(settings(status));
    for unit in &status.ams.units {
        lines.extend(ams(board, status, unit, columns));
    }
    let mut spools = status.external_spools.iter().filter(|it| it.material.is_some()).peekable();
    if spools.peek().is_some() {
        lines.extend(flow("External", spools.map(|it| spool(board, it)), columns));
    }
    if !entry.is_live() {
        let old = Style::new().add_modifier(Modifier::DIM);
        for line in lines.iter_mut().skip(start) {
            *line = line.clone().style(old);
        }
    }
    lines
}

fn heading(board: &Board, entry: &Entry) -> Line<'static> {
    let status = &entry.snapshot.status;
    let paint = match entry.snapshot.connection {
        Connection::Online if entry.snapshot.complete => Paint::Green,
        Connection::Online | Connection::Connecting => Paint::Cyan,
        Connection::Stale => Paint::Yellow,
        Connection::Offline(_) => Paint::Red,
    };
    let word = match entry.snapshot.connection {
        Connection::Online if !entry.snapshot.complete => "connecting",
        ref connection => connection.word(),
    };
    let facts = [
        entry.way.map(|way| if way == Way::Lan { "over the LAN" } else { "over the cloud" }.into()),
        status.model.map(|model| model.to_string()),
        status.firmware.map(|firmware| format!("firmware {firmware}")),
        Some(entry.serial.to_string()),
        status.network.wifi_dbm.map(|dbm| format!("Wi-Fi {dbm} dBm")),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    Line::from_iter([
        Span::styled(entry.name.clone(), board.palette.style(Paint::Bold)),
        Span::raw("  "),
        Span::styled(word, board.palette.style(paint).add_modifier(Modifier::BOLD)),
        Span::styled(format!("  {}", facts.join("  ")), board.palette.style(Paint::Dim)),
    ])
}

/// Why what stands below is not what is, and how old it is.
fn why_not_live(board: &Board, entry: &Entry, columns: usize) -> Vec<Line<'static>> {
    let (text, paint) = match &entry.snapshot.connection {
        Connection::Online if entry.snapshot.complete => return Vec::new(),
        Connection::Online | Connection::Connecting => {
            ("waiting for the first whole report".to_owned(), Paint::Cyan)
        }
        Connection::Stale => ("fell silent; is being asked".to_owned(), Paint::Yellow),
        Connection::Offline(reason) => (reason.to_string(), Paint::Red),
    };
    let status = &entry.snapshot.status;
    let age = status.updated_at.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
    let age = age.map(|at| at.to_zoned(board.now.time_zone().clone()));
    let style = board.palette.style(paint);
    let text = human::wrap(&human::printable(&text), columns);
    let mut lines: Vec<_> = text.into_iter().map(|line| Line::styled(line, style)).collect();
    if let Some(age) = age {
        let then = if entry.snapshot.complete { "; below is what was then" } else { "" };
        lines.push(Line::styled(format!("last heard {}{then}", age.strftime("%F %T")), style));
    }
    lines
}

fn state(board: &Board, status: &Status, live: bool) -> Line<'static> {
    let (text, paint) = brief::state(status);
    let job = brief::job(status).map(|job| human::printable(&job));
    let plate = status.job.plate.map(|plate| format!(" (plate {plate})")).unwrap_or_default();
    let job = job.map(|job| format!("  {job}{plate}")).unwrap_or_default();
    let style = if live { board.palette.style(paint) } else { Style::new() };
    Line::from_iter([
        label("State"),
        Span::styled(text, style.add_modifier(Modifier::BOLD)),
        Span::raw(job),
    ])
}

fn progress(board: &Board, status: &Status, columns: usize) -> Option<Line<'static>> {
    let percent = status.job.progress_percent.filter(|_| status.state.is_active())?;
    let layers = brief::layers(status).map(|layers| format!("layer {layers}"));
    let left = status.job.remaining_minutes.map(|minutes| {
        let end = board.now.checked_add(SignedDuration::from_mins(i64::from(minutes)));
        let end =
            end.map(|end| format!(", until {}", end.strftime("%a %H:%M"))).unwrap_or_default();
        format!("{} left{end}", human::minutes(Some(minutes)))
    });
    let facts = [Some(format!("{percent}%")), layers, left].into_iter().flatten();
    let facts = facts.collect::<Vec<_>>().join("  ");
    let room = columns.saturating_sub(LABEL + human::width(&facts) + 2).clamp(4, 40);
    Some(Line::from_iter([
        label("Progress"),
        Span::styled(human::bar(Some(percent), room), board.palette.style(brief::state(status).1)),
        Span::raw(format!("  {facts}")),
    ]))
}

fn heaters(board: &Board, entry: &Entry, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let all = &entry.snapshot.status.temperatures;
    let two = all.nozzles.len() > 1;
    let name = |heater| match heater {
        Heater::Nozzle if two => "Right",
        Heater::Nozzle => "Nozzle",
        Heater::NozzleLeft => "Left",
        Heater::Bed => "Bed",
        Heater::Chamber => "Chamber",
    };
    let known = Heater::ALL.map(|heater| (name(heater), heater, all.of(heater)));
    let mut lines = Vec::new();
    for (name, heater, it) in known.into_iter().filter(|(.., it)| it.current.is_some()) {
        let width = columns.saturating_sub(LABEL + DEGREES);
        for (at, chart) in entry.history.lines(heater, width, rows).into_iter().enumerate() {
            let (name, text) = match at {
                0 => (name, human::heater(it.current, it.target)),
                _ => ("", String::new()),
            };
            let paint = if it.target.is_some_and(|it| it > 0.0) { Paint::Red } else { Paint::Cyan };
            lines.push(Line::from_iter([
                label(name),
                Span::raw(format!("{text:<DEGREES$}")),
                Span::styled(chart, board.palette.style(paint)),
            ]));
        }
    }
    lines
}

fn fans(status: &Status) -> Line<'static> {
    let fans = &status.fans;
    let all = [
        ("part", fans.part_percent),
        ("aux", fans.aux_percent),
        ("aux left", fans.aux_left_percent),
        ("chamber", fans.chamber_percent),
        ("heat break", fans.heatbreak_percent),
    ];
    let known = all.iter().filter_map(|(name, percent)| Some(format!("{name} {}%", (*percent)?)));
    Line::from_iter([label("Fans"), Span::raw(known.collect::<Vec<_>>().join("  "))])
}

fn settings(status: &Status) -> Line<'static> {
    let text = |name: &str, it: Option<&str>| it.map(|it| format!("{name} {}", human::words(it)));
    let percent = status.speed.percent.map(|percent| format!(" ({percent}%)")).unwrap_or_default();
    let open = |open: Option<bool>| open.map(|open| if open { "open" } else { "closed" });
    let all = [
        status.speed.name.map(|name| format!("{name}{percent}")),
        text("light", status.lights.chamber.as_deref()),
        text("door", open(status.door_open)),
        text("air", status.air_duct.as_ref().and_then(|duct| duct.name)),
        status.camera.recording.filter(|on| *on).map(|_| "recording".to_owned()),
        text("Developer Mode", status.developer_mode.map(|on| if on { "on" } else { "off" })),
    ];
    let all = all.into_iter().flatten().collect::<Vec<_>>().join("  ");
    Line::from_iter([label("Speed"), Span::raw(human::printable(&all))])
}

fn ams(board: &Board, status: &Status, unit: &AmsUnit, columns: usize) -> Vec<Line<'static>> {
    let facts = [
        unit.model.filter(|model| !matches!(*model, "AMS" | "AMS HT")).map(str::to_owned),
        unit.humidity_percent
            .map(|percent| format!("humidity {percent}%"))
            .or_else(|| unit.humidity_level.map(|level| format!("dryness {level} of 5"))),
        unit.temperature.map(|degrees| human::temperature(Some(degrees))),
        unit.drying_minutes_left
            .filter(|left| *left > 0)
            .map(|left| format!("drying, {} left", human::minutes(Some(left)))),
    ];
    let facts = facts.into_iter().flatten().collect::<Vec<_>>().join("  ");
    let active = status.ams.active.filter(|active| active.unit == unit.id);
    let trays = unit
        .trays
        .iter()
        .map(|it| tray(board, unit.id, it, active.is_some_and(|active| active.tray == it.id)));
    let name = format!("AMS {}", human::ams_unit(unit.id));
    let mut lines = vec![Line::from_iter([label(&name), Span::raw(facts)])];
    lines.extend(flow("", trays, columns));
    lines
}

/// One tray: its name on the printer's screen, a block of its colour, what is in it, how much.
fn tray(board: &Board, unit: u16, tray: &Tray, active: bool) -> Vec<Span<'static>> {
    let mark = if active { ">" } else { " " };
    let mut spans = vec![Span::raw(format!("{mark}{} ", human::tray(unit, tray.id)))];
    if tray.loaded == Some(false) {
        spans.push(Span::styled("empty", board.palette.style(Paint::Dim)));
        return spans;
    }
    spans.extend(filament(board, tray.color.as_ref(), tray.brand.as_ref(), tray.material.as_ref()));
    spans.extend(tray.remain_percent.map(|percent| Span::raw(format!(" {percent}%"))));
    spans
}

fn spool(board: &Board, spool: &ExternalSpool) -> Vec<Span<'static>> {
    filament(board, spool.color.as_ref(), spool.brand.as_ref(), spool.material.as_ref())
}

/// The brackets show a spool that is as black as the terminal.
fn filament(
    board: &Board,
    colour: Option<&Text>,
    brand: Option<&Text>,
    material: Option<&Text>,
) -> Vec<Span<'static>> {
    let named = [brand, material].into_iter().flatten().find(|text| !text.is_empty());
    let name = named.map_or_else(|| "?".to_owned(), |text| human::printable(text));
    let wire = colour.map(Text::as_str).unwrap_or_default();
    match board.palette.filament(wire) {
        Some(colour) => vec![
            Span::raw("["),
            Span::styled("██", Style::new().fg(colour)),
            Span::raw(format!("] {name}")),
        ],
        None => {
            let written = wire.get(..6).map(|hex| format!("#{} ", human::printable(hex)));
            vec![Span::raw(format!("{}{name}", written.unwrap_or_default()))]
        }
    }
}

/// Items one after the other, as many to a line as fit.
fn flow(
    name: &str,
    items: impl Iterator<Item = Vec<Span<'static>>>,
    columns: usize,
) -> Vec<Line<'static>> {
    let mut lines = vec![Line::from(label(name))];
    for item in items {
        let width: usize = item.iter().map(Span::width).sum();
        let fits = |line: &Line<'_>| line.width() == LABEL || line.width() + width + 2 <= columns;
        if !lines.last().is_some_and(fits) {
            lines.push(Line::from(label("")));
        }
        if let Some(line) = lines.last_mut() {
            line.extend(item);
            line.push_span(Span::raw("  "));
        }
    }
    lines
}

fn label(name: &str) -> Span<'static> {
    Span::styled(format!("{name:<LABEL$}"), Style::new().add_modifier(Modifier::DIM))
}

//! Everything about one printer on a page, for `query --status`.

use std::io::{self, Write};

use bambu_protocol::status::{AmsUnit, ExternalSpool, Status, Text, Tray};

use super::{Cell, Paint, Table, brief, human};

/// Writes the page.
pub(crate) fn write(status: &Status, out: &mut impl Write, colour: bool) -> io::Result<()> {
    let serial = status.serial.as_ref().map(ToString::to_string);
    let heading = [
        status.name.clone(),
        serial,
        status.model.map(|model| model.to_string()),
        status.firmware.map(|firmware| format!("firmware {firmware}")),
    ];
    let heading: Vec<String> = heading.into_iter().flatten().collect();
    let heading = human::printable(&heading.join("  "));
    writeln!(out, "{}", Paint::Bold.on(&heading, colour))?;
    let mut table = Table::new(&[]);
    for (label, value) in lines(status) {
        table.row([Cell::painted(format!("  {label}"), Paint::Dim), value.into()]);
    }
    for trouble in brief::trouble(status) {
        table.row([Cell::painted("  Attention", Paint::Red), trouble.into()]);
    }
    table.write(out, colour)
}

fn lines(status: &Status) -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut add = |label: &str, value: String| {
        if !value.is_empty() && value != human::UNKNOWN {
            lines.push((label.to_owned(), value));
        }
    };
    let stage = status.stage.name.map(human::words).unwrap_or_default();
    let state = status.state.name();
    add(
        "State",
        if stage.is_empty() || stage == state { state.into() } else { format!("{state}: {stage}") },
    );
    let job = &status.job;
    let name = job.name.as_deref().or(job.file.as_deref()).unwrap_or_default();
    add(
        "Job",
        match job.plate {
            Some(plate) if !name.is_empty() => format!("{name} (plate {plate})"),
            _ => name.to_owned(),
        },
    );
    if status.state.is_active() {
        let progress = [
            job.progress_percent.map(|p| format!("{} {p}%", human::bar(Some(p), 20))),
            brief::layers(status).map(|layers| format!("layer {layers}")),
            job.remaining_minutes.map(|left| format!("{} left", human::minutes(Some(left)))),
        ];
        add("Progress", joined(progress, "  "));
    }
    for (index, temperature) in status.temperatures.nozzles.iter().enumerate() {
        let nozzle = status.nozzles.get(index);
        let label = match (status.temperatures.nozzles.len(), index) {
            (1, _) => "Nozzle",
            (_, 0) => "Nozzle right",
            _ => "Nozzle left",
        };
        let parts = [
            Some(human::heater(temperature.current, temperature.target)),
            nozzle.and_then(|n| n.diameter_mm).map(|mm| format!("{mm} mm")),
            nozzle.and_then(|n| n.kind.as_deref()).map(human::words),
        ];
        add(label, joined(parts, "  "));
    }
    let bed = status.temperatures.bed;
    add("Bed", human::heater(bed.current, bed.target));
    let chamber = status.temperatures.chamber;
    add("Chamber", human::heater(chamber.current, chamber.target));
    let fan = |name: &str, percent: Option<u8>| percent.map(|percent| format!("{name} {percent}%"));
    let fans = &status.fans;
    add(
        "Fans",
        joined(
            [
                fan("part", fans.part_percent),
                fan("aux", fans.aux_percent),
                fan("aux left", fans.aux_left_percent),
                fan("chamber", fans.chamber_percent),
                fan("heat break", fans.heatbreak_percent),
            ],
            ", ",
        ),
    );
    add(
        "Air duct",
        status.air_duct.as_ref().and_then(|d| d.name).map(human::words).unwrap_or_default(),
    );
    let speed = &status.speed;
    add(
        "Speed",
        joined(
            [speed.name.map(str::to_owned), speed.percent.map(|percent| format!("{percent}%"))],
            " ",
        ),
    );
    let active = status.ams.active;
    for unit in &status.ams.units {
        add(&format!("AMS {}", human::ams_unit(unit.id)), unit_line(unit));
        for tray in &unit.trays {
            let in_use = active.is_some_and(|a| a.unit == unit.id && a.tray == tray.id);
            let mark = if in_use { "> " } else { "  " };
            add(&format!("{mark}{}", human::tray(unit.id, tray.id)), tray_line(tray));
        }
    }
    for spool in &status.external_spools {
        add("External", spool_line(spool));
    }
    let yes = |name: &str, on: Option<bool>| {
        on.map(|on| format!("{name} {}", if on { "open" } else { "closed" }))
    };
    add("Door", joined([yes("door", status.door_open), yes("lid", status.lid_open)], ", "));
    let light =
        |name: &str, state: &Option<Text>| state.as_ref().map(|state| format!("{name} {state}"));
    add(
        "Lights",
        joined(
            [light("chamber", &status.lights.chamber), light("work", &status.lights.work)],
            ", ",
        ),
    );
    let camera = &status.camera;
    add(
        "Camera",
        joined(
            [
                camera.resolution.as_ref().map(ToString::to_string),
                camera.recording.and_then(|on| on.then(|| "recording".to_owned())),
                camera.timelapse.and_then(|on| on.then(|| "time-lapse".to_owned())),
            ],
            ", ",
        ),
    );
    let network = &status.network;
    add(
        "Network",
        joined(
            [
                network.ip.as_ref().map(ToString::to_string),
                network.wifi_dbm.map(|dbm| format!("Wi-Fi {dbm} dBm")),
            ],
            ", ",
        ),
    );
    if status.upgrade.available == Some(true) {
        let version = status.upgrade.new_version.as_deref().unwrap_or("newer firmware");
        add("Upgrade", format!("{version} is available"));
    }
    add("As of", status.updated_at.clone().unwrap_or_default());
    lines
}

fn unit_line(unit: &AmsUnit) -> String {
    joined(
        [
            unit.model.map(str::to_owned),
            unit.humidity_level.map(|level| format!("dryness {level} of 5")),
            unit.humidity_percent.map(|percent| format!("humidity {percent}%")),
            unit.temperature.map(|degrees| human::temperature(Some(degrees))),
            unit.drying_minutes_left
                .filter(|left| *left > 0)
                .map(|left| format!("drying, {} left", human::minutes(Some(left)))),
        ],
        ", ",
    )
}

fn tray_line(tray: &Tray) -> String {
    if tray.loaded == Some(false) {
        return "empty".to_owned();
    }
    let material = material(&tray.brand, &tray.material);
    joined(
        [
            Some(material.unwrap_or_else(|| "unknown filament".to_owned())),
            tray.color.as_deref().map(colour),
            tray.remain_percent.map(|percent| format!("{percent}% left")),
        ],
        ", ",
    )
}

fn spool_line(spool: &ExternalSpool) -> String {
    let material = material(&spool.brand, &spool.material);
    material.map_or_else(String::new, |material| {
        joined([Some(material), spool.color.as_deref().map(colour)], ", ")
    })
}

/// The product line, else the material.
fn material(brand: &Option<Text>, material: &Option<Text>) -> Option<String> {
    [brand, material].into_iter().flatten().map(ToString::to_string).find(|text| !text.is_empty())
}

/// `RRGGBBAA` as `#RRGGBB`.
fn colour(wire: &str) -> String {
    format!("#{}", wire.get(..6).unwrap_or(wire))
}

fn joined(parts: impl IntoIterator<Item = Option<String>>, between: &str) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    parts.join(between)
}

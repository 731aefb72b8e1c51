//! `docs/gcode.md`.

use std::fmt::Write;

use bambu_protocol::{Model, command::check, request::Gcode, status::Status};

use super::{MADE, cell, idle_printers, names};

const HEAD: &str = "\
`print.gcode_line` takes lines of G-code, several separated by `\\n` as one command: `bambu control PRINTER gcode 'M104 S200'`. [L]
Machines with Developer Mode off take it only signed and encrypted. The firmware is not Marlin; these are the codes that are safe to
send by hand and known to work.

| Code | Does | Notes |
|---|---|---|
| `G28` | homes all axes | all of them: `G28 Z` alone can crash the bed of X1 and H2 [L] |
| `G90`, `G91` | absolute, relative coordinates | end a relative move with `G90` |
| `G1 X Y Z F` | moves, mm and mm/min | relative: `G91`, `G1 X10 F3000`, `G90` |
| `M83`, `G1 E` | extrudes, relative | one nozzle; a warm one |
| `M104 S T` | nozzle target in °C | `T1` the left of two nozzles; H2D, H2C and X2D have `set_nozzle_temp` |
| `M140 S` | bed target in °C | with `fun` bit 39 there is `set_bed_temp` |
| `M141 S` | chamber target in °C | X1E, H2, X2D; there is `set_ctt` |
| `M106 P S` | fan: `P1` part, `P2` auxiliary, `P3` chamber, `P10` left auxiliary; `S` 0 to 255 | machines with an air duct have `set_fan`, in percent |
| `M107 P` | fan off | |
| `M109`, `M190`, `M191` | set a target and wait | they block everything behind them; never send them to a printer [V] |
| `M211` | software end stops: `X1 Y1 Z1` on, `S` saves, `R` restores | part of the vendor's jog [V] |
| `M620 C<unit>`, `M620 R<tray>`, `M620 P<tray>` | AMS: calibrate, read the tag, select | older firmware; newer has commands [D] |
| `M981 S1 P20000`, `M981 S0` | spaghetti detection on, off | P1 [D] |
| `M1002 push_ref_mode`, `M1002 pop_ref_mode` | keeps and restores the coordinate mode | part of the vendor's jog [V] |

Bed-slingers (A1, A1 mini, A2L) move the bed along Y. Z moves the nozzle there and the bed on the others, so its sign differs for a jog.
";

const GUARD: &str = "\
## What is refused before it is sent

`bambu control` and the library look at each line first. What heats beyond a limit, moves in absolute coordinates beyond the build
volume (or further than any way in it), moves the origin, switches end stops off, homes Z alone where the bed would crash, leaves
the printer in inches, waits for a temperature or is sent while a job runs is refused with its reason. So is what firmware may
read otherwise: `M104 S3e2`, or `M65640` for `M104`. `--force` or `send_forced` sends it all the same.
";

/// Lines that try a limit.
const LINES: [&str; 7] =
    ["M104 S301", "M140 S101", "M141 S45", "M109 S200", "G1 Z300 F600", "G92 Z0", "G28 Z"];

pub(super) fn page() -> String {
    let printers = idle_printers();
    let mut page = format!("# G-code\n\n{HEAD}\n{GUARD}\n{MADE}\n\n");
    page += "| Model | Nozzle to | Bed to | Chamber to | Build volume | Fans |\n|---|---|---|---|---|---|\n";
    for (model, _) in &printers {
        let known = model.capabilities();
        let number = |value: Option<u16>| value.map_or("?".into(), |value| format!("{value} °C"));
        let volume =
            known.build_volume.map_or("?".into(), |[x, y, z]| format!("{x} × {y} × {z} mm"));
        let fans = [
            (true, "P1"),
            (known.aux_fan, "P2"),
            (known.chamber_fan, "P3"),
            (known.left_aux_fan, "P10"),
        ];
        let fans: Vec<_> = fans.iter().filter(|(has, _)| *has).map(|(_, fan)| *fan).collect();
        let chamber = known.chamber_heater.map_or("–".into(), |range| number(Some(range.max)));
        let (nozzle, bed) = (number(known.nozzle_max), number(known.bed_max));
        let fans = fans.join(", ");
        writeln!(page, "| {model} | {nozzle} | {bed} | {chamber} | {volume} | {fans} |").unwrap();
    }
    page += "\nFor example, on an idle printer:\n\n| Line | Models | Verdict |\n|---|---|---|\n";
    for line in LINES {
        for (verdict, models) in verdicts(line, &printers) {
            let (models, verdict) = (names(&models), cell(&verdict));
            writeln!(page, "| `{line}` | {models} | {verdict} |").unwrap();
        }
    }
    page
}

fn verdicts(line: &str, printers: &[(Model, Status)]) -> Vec<(String, Vec<Model>)> {
    let mut found: Vec<(String, Vec<Model>)> = Vec::new();
    for (model, status) in printers {
        let request = Gcode::Line(format!("{line}\n")).into();
        let verdict = match check(&request, status) {
            Ok(()) => "sent".to_owned(),
            Err(refusal) => {
                let text = refusal.to_string();
                text.split_once(": ").map_or(text.clone(), |(_, why)| why.to_owned())
            }
        };
        match found.iter_mut().find(|(known, _)| *known == verdict) {
            Some((_, models)) => models.push(*model),
            None => found.push((verdict, vec![*model])),
        }
    }
    found
}

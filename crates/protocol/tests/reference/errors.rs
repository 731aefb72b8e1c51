//! `docs/hms-and-errors.md`.

use std::fmt::Write;

use bambu_protocol::{
    hms::{self, Hms},
    print_error::{self, Effect, PrintError},
    verify::HMS_COMMAND_REFUSED,
};

use super::MADE;

const HEAD: &str = "\
A printer complains in two places: `hms`, a list of health messages, and `print_error`, the one error of the job. The texts
belong to Bambu Lab and are not carried here; `url` in the status document leads to the vendor's page.

## Reading a health message

`hms[]` holds `attr` and `code`, both unsigned 32-bit words. [V]

| Bits | Meaning |
|---|---|
| `attr` 31-24 | module |
| `attr` 23-16 | which of several such modules, from 0: an AMS unit, for example |
| `attr` 15-8 | part |
| `code` 31-16 | severity: 1 fatal, 2 serious, 3 common, 4 info |
| `code` 15-0 | message |

It is shown as four groups of four hex digits, `attr` first. An entry with `attr` or `code` 0 is no message. A short form with
only the first and the last group is in use elsewhere; it is ambiguous, so do not look codes up by it.
";

const ERRORS: &str = "\
## Reading a print error

`print_error` is an unsigned 32-bit word, 0 for none, shown as two groups of four hex digits with leading zeros. The upper byte is
the module, as above. The lower half says what it means for the job: [V]

| Lower half | Means | `error.effect` |
|---|---|---|
| 4000 to 7FFF | the job ended | `ended` |
| 8000 to BFFF | the job waits for somebody | `paused` |
| C000 to FFFF | a notice | `notice` |
| below 4000 | a phase, no error | – |

Clear it with `print.clean_print_error` and close the dialog on the screen with `system.uiop`: `bambu control PRINTER clear-error`
or the library's `Command::ClearError` does both. `fail_reason` repeats the error of the last failed job as decimal text.

## Errors that mean something here

A code can be in `print_error`, and in `err_code` of an acknowledgement.
";

pub(super) fn page() -> String {
    let mut page = format!("# Health messages and errors\n\n{HEAD}\n{MADE}\n\n");
    page += "| Module byte | Name in the status document |\n|---|---|\n";
    for byte in 0..=u8::MAX {
        let name = hms::module(byte);
        if name != "unknown" {
            writeln!(page, "| {byte:02X} | `{name}` |").unwrap();
        }
    }
    let worked = Hms::from_wire(201_327_360, 196_615).unwrap();
    write!(
        page,
        "\nFor example `attr` 201327360 and `code` 196615 are:\n\n```json\n{}\n```\n\n",
        serde_json::to_string(&worked).unwrap()
    )
    .unwrap();
    page += "| Message | Meaning |\n|---|---|\n";
    writeln!(page, "| {HMS_COMMAND_REFUSED} | a P1 dropped a command: Developer Mode is off [L] |")
        .unwrap();
    page += "| 07nn-2s00-0002-0001 | filament ran out in unit nn, slot s; 07FF the external spool; 12 and 18 for AMS lite and AMS HT [L] |\n";
    page += "| 07nn-2s00-0003-0001, -0002 | the same, and the printer goes on with another spool [L] |\n";
    page += "| 05nn-0400-0001-0044, 05nn-0500-0001-0010 | hidden by the vendor's slicer [V] |\n";
    write!(page, "\n{ERRORS}\n| Code | Decimal | Meaning | Job |\n|---|---|---|---|\n").unwrap();
    for (number, meaning) in print_error::KNOWN {
        let error = PrintError::from_wire(number).unwrap();
        let job = match error.effect {
            Effect::Ended => "ended",
            Effect::Paused => "paused",
            Effect::Notice => "goes on",
        };
        writeln!(page, "| {} | {number} | {meaning} | {job} |", error.code).unwrap();
    }
    page
}

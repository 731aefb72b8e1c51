//! The checks as a JUnit file, which build servers read.

use std::{fmt::Write as _, time::Duration};

use super::record::{Outcome, Record};

/// The whole file.
pub(super) fn document(records: &[Record], took: Duration) -> String {
    let count = |outcome| records.iter().filter(|record| record.outcome == outcome).count();
    let totals = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{:.3}\"",
        records.len(),
        count(Outcome::Failed),
        count(Outcome::Skipped),
        took.as_secs_f64()
    );
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a text cannot fail.
    let _ = writeln!(xml, "<testsuites name=\"bambu\" {totals}>");
    let _ = writeln!(xml, "  <testsuite name=\"bambu selftest\" {totals}>");
    for record in records {
        let (group, name) = (record.check.group, record.check.name);
        let time = record.took.as_secs_f64();
        let seen = escaped(&record.seen);
        let _ = writeln!(
            xml,
            "    <testcase classname=\"selftest.{group}\" name=\"{name}\" time=\"{time:.3}\">"
        );
        let _ = match record.outcome {
            Outcome::Passed => writeln!(xml, "      <system-out>{seen}</system-out>"),
            Outcome::Skipped => writeln!(xml, "      <skipped message=\"{seen}\"/>"),
            Outcome::Failed => {
                let next = escaped(record.next.as_deref().unwrap_or_default());
                writeln!(xml, "      <failure message=\"{seen}\">{next}</failure>")
            }
        };
        xml.push_str("    </testcase>\n");
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

/// Text as it may stand in an element or an attribute; what XML cannot hold is left out.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{super::plan::Check, *};

    #[test]
    fn names_from_the_network_cannot_break_the_file() {
        let record = |outcome, seen: &str| Record {
            check: Check::named("devices").unwrap(),
            outcome,
            seen: seen.into(),
            next: Some("a & b".into()),
            took: Duration::from_millis(1500),
        };
        let records = [
            record(Outcome::Passed, "</system-out><x a=\"1\">\u{0}\u{1b}"),
            record(Outcome::Failed, "\"><b>"),
            record(Outcome::Skipped, "a\nb"),
        ];
        let xml = document(&records, Duration::from_secs(2));
        assert!(xml.contains("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""), "{xml}");
        assert!(xml.contains("<system-out>&lt;/system-out&gt;&lt;x a=&quot;1&quot;&gt;</s"));
        assert!(xml.contains("<failure message=\"&quot;&gt;&lt;b&gt;\">a &amp; b</failure>"));
        assert!(xml.contains("<skipped message=\"a b\"/>") && xml.contains("time=\"1.500\""));
        assert_eq!(xml.matches("</testcase>").count(), 3);
    }
}

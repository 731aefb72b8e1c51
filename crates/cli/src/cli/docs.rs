//! Every call of the README and of `docs/` is one that this program understands.

use std::{ffi::OsString, path::Path};

use super::syntax;
use crate::called_as;

/// The calls in the shell blocks of a page, as words.
fn calls(page: &str) -> Vec<Vec<String>> {
    let mut inside = false;
    let mut calls = Vec::new();
    let text = page.replace("\\\n", " ");
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside {
            calls.extend(line.split(" | ").map(words).filter(|words| is_ours(words)));
        }
    }
    calls
}

fn is_ours(words: &[String]) -> bool {
    words.first().is_some_and(|word| word == "bambu" || word.starts_with("bambu-"))
}

/// The words of a command up to where the shell takes over; variables in front are left out.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote, mut begun) = (String::new(), None, false);
    for c in line.chars().chain([' ']) {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => word.push(c),
            (None, '"' | '\'') => (quote, begun) = (Some(c), true),
            (None, ' ') if begun => {
                words.push(std::mem::take(&mut word));
                begun = false;
            }
            (None, ' ') => {}
            (None, '#' | '<' | '>' | ';' | '&') if !begun => break,
            (None, c) => {
                word.push(c);
                begun = true;
            }
        }
    }
    let variables = words.iter().take_while(|word| {
        word.split_once('=')
            .is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    });
    words.split_off(variables.count())
}

#[test]
fn every_call_in_the_readme_and_the_reference_is_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut pages = vec![root.join("README.md")];
    for entry in std::fs::read_dir(root.join("docs")).unwrap() {
        pages.push(entry.unwrap().path());
    }
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    let mut seen = 0;
    for page in pages {
        for call in calls(&std::fs::read_to_string(&page).unwrap()) {
            let shown =
                format!("{}: {}", page.file_name().unwrap().to_string_lossy(), call.join(" "));
            let arguments = called_as::arguments(call.iter().map(OsString::from));
            if let Err(error) = syntax().try_get_matches_from(arguments) {
                // Asking for help or the version is an error to the parser alone.
                assert_eq!(error.exit_code(), 0, "{shown}\n{error}");
            }
            seen += 1;
        }
    }
    assert!(seen > 40, "only {seen} calls found");
}

//! The seeds' command names: `bambu-query`, `bambu-monitor`, `bambu-login` and `bambu-camera` with
//! the seeds' arguments.
//!
//! One binary looks at the name it was called by and turns the call into a verb of its own.

use std::{ffi::OsString, path::Path};

/// The arguments as the `bambu` command line knows them.
///
pub(crate) fn arguments(called: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut called: Vec<OsString> = called.into_iter().collect();
    let name = called
        .first()
        .and_then(|path| Path::new(path).file_stem())
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    let (verb, words): (&str, &[&str]) = match name.as_str() {
        "bambu-query" => ("query", &["--token"]),
        "bambu-monitor" => ("monitor", &["--uid", "--token"]),
        "bambu-login" => return login(called.split_off(1.min(called.len()))),
        "bambu-camera" => ("camera", &["--token"]),
        _ => return called,
    };
    let rest = called.split_off(1.min(called.len()));
    let mut arguments = vec![OsString::from("bambu"), OsString::from(verb)];
    if verb == "query" {
        arguments.push("--as-the-seeds".into());
    }
    if verb == "camera" {
        arguments.push("as-the-seeds".into());
    }
    // The seeds' tool shows the device that it is given, whatever else is asked for.
    let names_device = |word: &OsString| {
        let word = word.to_string_lossy();
        word == "--device" || word.starts_with("--device=")
    };
    if verb == "query" && rest.iter().any(names_device) && !rest.iter().any(|it| it == "--devices")
    {
        arguments.push("--devices".into());
    }
    let plain = rest.iter().take_while(|word| !is_flag(word)).count();
    // The seeds' credentials come first and together; without all of them it is our own call.
    if plain >= words.len() {
        for (flag, value) in words.iter().zip(&rest) {
            arguments.extend([OsString::from(flag), value.clone()]);
        }
        arguments.extend(rest.into_iter().skip(words.len()));
    } else {
        arguments.extend(rest);
    }
    arguments
}

/// The seeds' login: their short flags, of which `-v` is another one of ours.
fn login(rest: Vec<OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> =
        ["bambu", "login", "--as-the-seeds"].into_iter().map(OsString::from).collect();
    for word in rest {
        let text = word.to_string_lossy();
        let Some(shorts) = text.strip_prefix('-').filter(|it| !it.starts_with('-')) else {
            arguments.push(word);
            continue;
        };
        let mut letters = shorts.chars();
        // Several may stand together; one that takes a value takes the rest of the word.
        while let Some(letter) = letters.next() {
            let (flag, takes_value) = match letter {
                'v' => ("--verify", false),
                'f' => ("--force", false),
                'u' => ("--username", true),
                'p' => ("--password", true),
                'r' => ("--region", true),
                't' => ("--token-file", true),
                other => {
                    arguments.push(format!("-{other}").into());
                    continue;
                }
            };
            arguments.push(flag.into());
            let value = letters.as_str();
            if takes_value {
                if !value.is_empty() {
                    arguments.push(value.strip_prefix('=').unwrap_or(value).into());
                }
                break;
            }
        }
        if shorts.is_empty() {
            arguments.push(word);
        }
    }
    arguments
}

fn is_flag(word: &OsString) -> bool {
    word.len() > 1 && word.to_string_lossy().starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(call: &str) -> String {
        let words = arguments(call.split_whitespace().map(OsString::from));
        words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_seeds_calls_become_our_verbs() {
        for (call, ours) in [
            ("/usr/bin/bambu query --json", "/usr/bin/bambu query --json"),
            (
                "bambu-query TOKEN --status --json",
                "bambu query --as-the-seeds --token TOKEN --status --json",
            ),
            ("bambu-query - --json", "bambu query --as-the-seeds --token - --json"),
            (
                "bambu-query TOKEN --status --device S1",
                "bambu query --as-the-seeds --devices --token TOKEN --status --device S1",
            ),
            ("bambu-query --help", "bambu query --as-the-seeds --help"),
            ("./bambu-monitor u_1 TOKEN S1 S2", "bambu monitor --uid u_1 --token TOKEN S1 S2"),
            ("bambu-monitor", "bambu monitor"),
            ("bambu-login", "bambu login --as-the-seeds"),
            (
                "bambu-camera TOKEN --ip 192.0.2.1 --save frames",
                "bambu camera as-the-seeds --token TOKEN --ip 192.0.2.1 --save frames",
            ),
            (
                "bambu-camera --token TOKEN --device 0 --no-display",
                "bambu camera as-the-seeds --token TOKEN --device 0 --no-display",
            ),
            (
                "bambu-login --username a@b --password - --force-new --test",
                "bambu login --as-the-seeds --username a@b --password - --force-new --test",
            ),
            (
                "bambu-login -u a@b -psecret -r china -t file -vf",
                "bambu login --as-the-seeds --username a@b --password secret --region china \
                 --token-file file --verify --force",
            ),
            ("bambu-login -h --verify-only", "bambu login --as-the-seeds -h --verify-only"),
        ] {
            assert_eq!(turned(call), ours, "{call}");
        }
    }
}

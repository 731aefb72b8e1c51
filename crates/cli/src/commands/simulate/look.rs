//! How to look at a simulated world from another terminal: lines to copy, with its real ports.
//!
//! The settings stand in a file for a shell to read, so that the lines stay short.

use std::{
    env,
    io::{self, Write},
    path::{Path, PathBuf},
};

use bambu_emulator::{files::replace_private, world::Ready};

/// Writes the lines.
pub(crate) fn write(ready: &Ready, out: &mut impl Write) -> io::Result<()> {
    let mqtt = &ready.mqtt;
    let file = ready.ca_file.with_file_name("env");
    write_settings(ready, &file)?;
    writeln!(out, "Look at it from another terminal:\n")?;
    writeln!(out, "  . {}", quoted(&file.display().to_string()))?;
    writeln!(out, "  bambu query")?;
    if let Some(printer) = ready.printers.first() {
        writeln!(out, "  bambu query --status {}", quoted(&printer.name))?;
        writeln!(out, "  bambu control {} light off", quoted(&printer.name))?;
    }
    writeln!(out, "  bambu monitor")?;
    let fault = "faults/ack-and-ignore?rate=0.5";
    let authorization = "-H \"Authorization: Bearer $BAMBU_TOKEN\"";
    let path = "/v1/iot-service/api/user/bind";
    writeln!(out, "  curl -s {authorization} $BAMBU_API_URL{path}")?;
    writeln!(out, "  curl -X PUT {}", quoted(&format!("{}/{fault}", ready.control_url)))?;
    if let Some(printer) = ready.printers.first() {
        let (serial, code) = (&printer.serial, &printer.access_code);
        let topic = format!("-t device/{serial}/report");
        let trust = "--cafile \"$BAMBU_CA_FILE\"";
        writeln!(
            out,
            "  mosquitto_sub -h {} -p {} {trust} -u u_$BAMBU_UID -P $BAMBU_TOKEN {topic}",
            mqtt.host, mqtt.port
        )?;
        // A printer's certificate names its serial number, which no other program looks for.
        writeln!(
            out,
            "  mosquitto_sub -h {} -p {} {trust} --insecure -u bblp -P {code} {topic}",
            printer.host, printer.mqtt_port
        )?;
    }
    Ok(())
}

/// Writes the settings as a shell reads them; they hold a token.
fn write_settings(ready: &Ready, path: &Path) -> io::Result<()> {
    let (account, mqtt) = (&ready.account, &ready.mqtt);
    let mut file = Vec::new();
    writeln!(file, "# Settings of the simulated world, for sh, bash, zsh and fish.")?;
    if let Some(folder) = folder_to_find() {
        writeln!(file, "export PATH={}:\"$PATH\"", quoted(&folder.display().to_string()))?;
    }
    writeln!(file, "export BAMBU_API_URL={}", ready.api_url)?;
    writeln!(file, "export BAMBU_MQTT_URL=mqtts://{}:{}", mqtt.host, mqtt.port)?;
    writeln!(file, "export BAMBU_CA_FILE={}", quoted(&ready.ca_file.display().to_string()))?;
    writeln!(file, "export BAMBU_UID={}", account.uid)?;
    writeln!(file, "export BAMBU_TOKEN={}", account.token)?;
    replace_private(path, &file)
}

/// The folder of this program, where `PATH` does not lead to it.
fn folder_to_find() -> Option<PathBuf> {
    let here = env::current_exe().ok()?.canonicalize().ok()?;
    let paths = env::var_os("PATH").unwrap_or_default();
    let mut programs = env::split_paths(&paths).map(|folder| folder.join("bambu"));
    let found = programs.find_map(|program| program.canonicalize().ok());
    if found.as_ref() == Some(&here) { None } else { here.parent().map(Path::to_owned) }
}

/// The text as one word for a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:=@,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_or_quotes_stays_one_word() {
        assert_eq!(quoted("/srv/x/ca.pem"), "/srv/x/ca.pem");
        assert_eq!(quoted("P1S 1"), "'P1S 1'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}

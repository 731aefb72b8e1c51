//! How to look at a simulated world from another terminal: lines to copy, with its real ports.

use std::{
    env,
    io::{self, Write},
    path::{Path, PathBuf},
};

use bambu_emulator::world::Ready;

/// Writes the lines.
pub(crate) fn write(ready: &Ready, out: &mut impl Write) -> io::Result<()> {
    let (account, mqtt) = (&ready.account, &ready.mqtt);
    let bambu = program();
    writeln!(out, "Look at it from another terminal:\n")?;
    writeln!(out, "  export BAMBU_API_URL={}", ready.api_url)?;
    writeln!(out, "  export BAMBU_MQTT_URL=mqtts://{}:{}", mqtt.host, mqtt.port)?;
    writeln!(out, "  export BAMBU_CA_FILE={}", quoted(&ready.ca_file.display().to_string()))?;
    writeln!(out, "  export BAMBU_UID={} BAMBU_TOKEN={}\n", account.uid, account.token)?;
    writeln!(out, "  {bambu} query")?;
    if let Some(printer) = ready.printers.first() {
        writeln!(out, "  {bambu} query --status {}", quoted(&printer.name))?;
    }
    writeln!(out, "  {bambu} monitor")?;
    let authorization = "-H \"Authorization: Bearer $BAMBU_TOKEN\"";
    let path = "/v1/iot-service/api/user/bind";
    writeln!(out, "  curl -s {authorization} $BAMBU_API_URL{path}")?;
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

/// What to type to call this program: its name where `PATH` finds it, else its path.
fn program() -> String {
    let Ok(here) = env::current_exe() else { return "bambu".to_owned() };
    let here = here.canonicalize().unwrap_or(here);
    let paths = env::var_os("PATH").unwrap_or_default();
    let is_me = |folder: PathBuf| folder.join("bambu").canonicalize().is_ok_and(|it| it == here);
    if env::split_paths(&paths).any(is_me) {
        return "bambu".to_owned();
    }
    let below =
        env::current_dir().ok().and_then(|at| here.strip_prefix(at).ok().map(Path::to_owned));
    quoted(&below.unwrap_or(here).display().to_string())
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

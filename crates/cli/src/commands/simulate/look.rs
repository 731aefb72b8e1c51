//! How to look at a simulated world from another terminal: lines to copy, with its real ports.
//!
//! The settings stand in a file for a shell to read, so that the lines stay short; beside it are a
//! config file that knows the printers on the local network, and a sliced file to try things with.

use std::{
    env, fs,
    io::{self, Write},
    iter,
    path::{Path, PathBuf},
};

use bambu_emulator::{
    files::replace_private,
    storage,
    world::{AccountEntry, Ready},
};
use bambulab::{Region, SavedSession, SessionFile, Token};

/// Writes the lines.
pub(crate) fn write(ready: &Ready, out: &mut impl Write) -> io::Result<()> {
    let beside = |name: &str| ready.ca_file.with_file_name(name);
    let (settings, sample) = (beside("env"), beside("cube.gcode.3mf"));
    write_settings(ready, &settings)?;
    write_config(ready, &settings.with_file_name("config"))?;
    replace_private(&sample, &storage::sample())?;
    write_servers(ready, out)?;
    // What matters most comes last: there a terminal shows it.
    writeln!(out, "With other programs, by the settings below:\n")?;
    let authorization = "-H \"Authorization: Bearer $WORLD_TOKEN\"";
    let path = "/v1/iot-service/api/user/bind";
    writeln!(out, "  curl -s {authorization} $BAMBU_API_URL{path}")?;
    if let Some(printer) = ready.printers.first() {
        let mqtt = &ready.mqtt;
        let (serial, code) = (&printer.serial, &printer.access_code);
        let topic = format!("-t device/{serial}/report");
        let trust = "--cafile \"$BAMBU_CA_FILE\"";
        writeln!(
            out,
            "  mosquitto_sub -h {} -p {} {trust} -u $WORLD_USER -P $WORLD_TOKEN {topic}",
            mqtt.host, mqtt.port
        )?;
        // A printer's certificate names its serial number, which no other program looks for.
        writeln!(
            out,
            "  mosquitto_sub -h {} -p {} {trust} --insecure -u bblp -P {code} {topic}",
            printer.host, printer.mqtt_port
        )?;
    }
    writeln!(out)?;
    write_logins(ready, out)?;
    writeln!(out, "Look at it from another terminal; your own account and settings stay aside:\n")?;
    writeln!(out, "  . {}", quoted_path(&settings))?;
    writeln!(out, "  bambu query")?;
    if let Some(printer) = ready.printers.first() {
        writeln!(out, "  bambu query --status {}", quoted(&printer.name))?;
        writeln!(out, "  bambu control {} light off", quoted(&printer.name))?;
    }
    // Where some are at work, it is not the third.
    if let Some(idle) = ready.printers.get(2).or(ready.printers.first()) {
        let (sample, idle) = (quoted_path(&sample), quoted(&idle.name));
        writeln!(out, "  bambu inspect {sample}")?;
        writeln!(out, "  bambu files ls {idle}")?;
        writeln!(out, "  bambu camera {idle} snapshot now.jpg")?;
        writeln!(out, "  bambu print {sample} {idle} --dry-run")?;
        writeln!(out, "  bambu print {sample} {idle}")?;
        writeln!(out, "  bambu query --tasks")?;
    }
    writeln!(out, "  bambu monitor")?;
    // Last, since it spoils what comes after it.
    let fault = "faults/ack-and-ignore?rate=0.5";
    writeln!(out, "  curl -X PUT {}", quoted(&format!("{}/{fault}", ready.control_url)))?;
    Ok(())
}

/// Writes how to ask each server that runs over the world.
fn write_servers(ready: &Ready, out: &mut impl Write) -> io::Result<()> {
    let Some(servers) = &ready.servers else { return Ok(()) };
    let token = servers.get("proxy_token").map_or("", String::as_str);
    let bearer = format!("-H \"Authorization: Bearer {token}\" ");
    writeln!(out, "Servers over it, for any program:\n")?;
    for (server, title, header, path) in [
        ("proxy_strict", "Proxy, only reads", bearer.as_str(), "/v1/iot-service/api/user/bind"),
        ("proxy_full", "Proxy, everything", bearer.as_str(), "/v1/user-service/my/tasks"),
        ("compat", "Compatibility", "", "/api/v1/status"),
        ("camera", "Cameras, to look at", "", "/api/v2/cameras"),
    ] {
        let Some(url) = servers.get(server) else { continue };
        writeln!(out, "{title:<19} {url}")?;
        writeln!(out, "  curl -s {header}{url}{path}")?;
    }
    writeln!(out)
}

/// Writes how each account is signed in to; a code that is piped in was sent for this login.
fn write_logins(ready: &Ready, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "The settings below log you in as {}; then by hand, by each way:\n",
        ready.account.email
    )?;
    // The owner of the printers comes last, so that whoever pastes all of them ends as that.
    let mut back = "";
    for account in iter::once(&ready.account).chain(&ready.accounts).rev() {
        let AccountEntry { email, password, email_code, .. } = account;
        let by_password = format!("bambu login -f{back} -u {email} -p {password}");
        back = "";
        match (account.sign_in, &account.totp_code, account.phone) {
            ("authenticator", Some(code), _) => {
                writeln!(out, "  {by_password} --code {code}")?;
            }
            ("sms_code", _, Some(phone)) => {
                let china = format!("bambu login -f --region china --phone {phone}");
                writeln!(out, "  echo {email_code} | {china}")?;
                back = " --region global";
            }
            ("email_code", ..) => {
                writeln!(out, "  echo {email_code} | {by_password}")?;
                writeln!(out, "  echo {email_code} | bambu login -f --email {email}")?;
            }
            _ => writeln!(out, "  {by_password}")?,
        }
    }
    writeln!(out)
}

/// Writes the settings as a shell reads them, and the session that they name; both hold a token.
/// What a user has set for an account of his own counts for nothing there, and nothing of his is
/// replaced by a login.
fn write_settings(ready: &Ready, path: &Path) -> io::Result<()> {
    let (account, mqtt) = (&ready.account, &ready.mqtt);
    let session = path.with_file_name("session");
    let mut saved = SavedSession::new(Token::new(&account.token));
    (saved.region, saved.uid) = (Some(Region::Global), Some(account.uid.clone()));
    SessionFile::at(&session).write(&saved).map_err(io::Error::other)?;

    let mut file = Vec::new();
    writeln!(file, "# Settings of the simulated world, for sh, bash, zsh and fish.")?;
    if let Some(folder) = folder_to_find() {
        writeln!(file, "export PATH={}:\"$PATH\"", quoted_path(&folder))?;
    }
    writeln!(file, "export BAMBU_API_URL={}", ready.api_url)?;
    writeln!(file, "export BAMBU_MQTT_URL=mqtts://{}:{}", mqtt.host, mqtt.port)?;
    writeln!(file, "export BAMBU_CA_FILE={}", quoted_path(&ready.ca_file))?;
    writeln!(file, "export BAMBU_TOKEN_FILE={}", quoted_path(&session))?;
    writeln!(file, "export BAMBU_CONFIG_DIR={}", quoted_path(&path.with_file_name("config")))?;
    writeln!(file, "export BAMBU_STATE_DIR={}", quoted_path(&path.with_file_name("servers")))?;
    for name in ["TOKEN", "UID", "REGION", "ENVIRONMENT", "WEB_URL", "KNOWN_PRINTERS"] {
        writeln!(file, "export BAMBU_{name}=")?;
    }
    writeln!(file, "# For other programs.")?;
    writeln!(file, "export WORLD_USER=u_{}", account.uid)?;
    writeln!(file, "export WORLD_TOKEN={}", account.token)?;
    replace_private(path, &file)
}

/// Writes the config file that the settings name: where each printer is on the local network. The
/// codes in it are those of an invented world, yet it is kept as a real one would be.
fn write_config(ready: &Ready, folder: &Path) -> io::Result<()> {
    let mut file = Vec::new();
    writeln!(file, "# The printers of the simulated world, as the local network has them.")?;
    for printer in &ready.printers {
        writeln!(file, "\n[[printer]]")?;
        for (key, value) in [
            ("serial", printer.serial.as_str()),
            ("name", &printer.name),
            ("model", printer.model),
            ("host", &printer.host),
            ("access_code", &printer.access_code),
        ] {
            writeln!(file, "{key} = {}", toml::Value::from(value))?;
        }
        for (key, port) in [
            ("mqtt_port", Some(printer.mqtt_port)),
            ("ftps_port", printer.ftps_port),
            ("camera_port", printer.camera_port.or(printer.rtsps_port)),
        ] {
            if let Some(port) = port {
                writeln!(file, "{key} = {port}")?;
            }
        }
    }
    fs::create_dir_all(folder)?;
    replace_private(&folder.join("bambu.toml"), &file)
}

/// The folder of this program, where `PATH` does not lead to it.
fn folder_to_find() -> Option<PathBuf> {
    let here = env::current_exe().ok()?.canonicalize().ok()?;
    let paths = env::var_os("PATH").unwrap_or_default();
    let mut programs = env::split_paths(&paths).map(|folder| folder.join("bambu"));
    let found = programs.find_map(|program| program.canonicalize().ok());
    if found.as_ref() == Some(&here) { None } else { here.parent().map(Path::to_owned) }
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
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

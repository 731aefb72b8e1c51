//! `bambu login`, `logout` and `token` against the simulated cloud, for each kind of account.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{run::Run, world::World};

/// A world, and what must never be printed by any call in it.
struct Cloud {
    world: World,
    secrets: Vec<String>,
}

impl Cloud {
    fn start() -> Self {
        let world = World::start(&["--printers", "1", "--models", "P1S"]);
        let mut secrets = Vec::new();
        for account in ["/account", "/accounts/0", "/accounts/1", "/accounts/2"] {
            for key in ["password", "token"] {
                secrets.push(world.text(&format!("{account}/{key}")));
            }
        }
        Self { world, secrets }
    }

    fn text(&self, place: &str) -> String {
        self.world.text(place)
    }

    /// A call without any token, fed with these lines.
    fn call(&self, arguments: &[&str], lines: &[&str]) -> Run {
        self.finish(self.command(arguments), lines)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.world.command(arguments);
        command.env_remove("BAMBU_TOKEN");
        command
    }

    /// Runs it to its end; its output and the saved session's token are looked over for secrets.
    fn finish(&self, mut command: Command, lines: &[&str]) -> Run {
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // It may end without reading all of it.
        let _ = input.write_all((lines.join("\n") + "\n").as_bytes());
        drop(input);
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let run = Run {
            code: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        let shown = format!("{}{}", run.stdout, run.stderr);
        let saved = self.saved();
        let token = saved.as_ref().and_then(|saved| saved["token"].as_str());
        for secret in self.secrets.iter().map(String::as_str).chain(token) {
            assert!(!shown.contains(secret), "{shown}");
        }
        run
    }

    fn saved(&self) -> Option<Value> {
        let text = std::fs::read(self.world.home.path().join(".bambu_token")).ok()?;
        Some(serde_json::from_slice(&text).unwrap())
    }

    /// The saved session is of this account, whole, private, and good for a query.
    fn is_logged_in(&self, account: &str) {
        let saved = self.saved().unwrap();
        assert_eq!(saved["uid"], self.text(&format!("{account}/uid")));
        let region = if account == "/accounts/2" { "china" } else { "global" };
        assert_eq!(saved["region"], region);
        assert!(saved["expires_at"].as_str().unwrap().ends_with('Z'), "{}", saved["expires_at"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let file = std::fs::metadata(self.world.home.path().join(".bambu_token")).unwrap();
            assert_eq!(file.mode() & 0o777, 0o600);
        }
        let run = self.call(&["query", "--profile", "--json"], &[]);
        let profile: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(profile["account"], self.text(&format!("{account}/email")));
    }
}

#[test]
fn each_account_logs_in_in_its_own_way() {
    let cloud = Cloud::start();
    let (email, code) = (cloud.text("/account/email"), cloud.text("/account/email_code"));
    let password = cloud.text("/account/password");
    let run = cloud.call(&["login", "--email", &email], &[&code]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    assert!(run.stdout.starts_with("Login successful!\nToken saved to: "), "{}", run.stdout);
    assert!(run.stdout.contains("Token: sha256:"), "{}", run.stdout);
    cloud.is_logged_in("/account");

    // Everything from a pipe: account, password, code.
    let run = cloud.call(&["login", "--force"], &[&email, &password, &code]);
    assert_eq!(run.code, 0, "{}", run.stderr);

    let plain = cloud.text("/accounts/0/email");
    let mut command = cloud.command(&["login", "--username", &plain, "--json"]);
    command.env("BAMBU_PASSWORD", cloud.text("/accounts/0/password"));
    let run = cloud.finish(command, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.documents()[0]["session"], "new", "another account than the saved one");
    cloud.is_logged_in("/accounts/0");
    let run = cloud.call(&["login", "--username", &plain, "--json"], &[]);
    assert_eq!(run.documents()[0]["session"], "saved");

    let email = cloud.text("/accounts/1/email");
    let password = cloud.text("/accounts/1/password");
    let code = cloud.text("/accounts/1/totp_code");
    let arguments = ["login", "-u", &email, "--password", "-", "--code", &code];
    let run = cloud.call(&arguments, &[&password]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    cloud.is_logged_in("/accounts/1");

    let (phone, code) = (cloud.text("/accounts/2/phone"), cloud.text("/accounts/2/email_code"));
    let run = cloud.call(&["login", "--force", "--region", "china", "--phone", &phone], &[&code]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    cloud.is_logged_in("/accounts/2");

    let ticket = cloud.text("/account/ticket");
    let run = cloud.call(&["login", "--region", "global", "--ticket", "-"], &[&ticket]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    cloud.is_logged_in("/account");

    let token = cloud.text("/account/token");
    let run = cloud.call(&["login", "--token", "-"], &[&token]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(cloud.saved().unwrap()["token"], token.as_str());
    let run = cloud.call(&["login", "--token", "-"], &["AQAnobodys"]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert_eq!(cloud.saved().unwrap()["token"], token.as_str(), "the old session is kept");
}

#[test]
fn the_authenticator_goes_by_the_web_site_where_the_api_does_not_know_it() {
    let cloud = Cloud::start();
    let email = cloud.text("/accounts/1/email");
    let code = cloud.text("/accounts/1/totp_code");
    let api = without_tfa(&cloud.text("/api_url"));
    let command = |code: &str| {
        let mut command = cloud.command(&["login", "--force", "-u", &email, "--code", code]);
        command.env("BAMBU_API_URL", &api).env("BAMBU_WEB_URL", cloud.text("/api_url"));
        command.env("BAMBU_PASSWORD", cloud.text("/accounts/1/password"));
        command
    };
    let run = cloud.finish(command(&code), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    cloud.is_logged_in("/accounts/1");
    let run = cloud.finish(command("000001"), &[]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("the code of the authenticator app is wrong"), "{}", run.stderr);
    // Both ways closed: that is no word on the code.
    let mut closed = command(&code);
    closed.env("BAMBU_WEB_URL", "http://127.0.0.1:1");
    let run = cloud.finish(closed, &[]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("bambu login --email"), "{}", run.stderr);
}

/// The same REST interface, but for the authenticator's route.
fn without_tfa(api: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let to = api.strip_prefix("http://").unwrap().to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = pass(&mut stream.unwrap(), &to);
        }
    });
    url
}

fn pass(client: &mut TcpStream, to: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    if head.contains("/user/tfa/login") {
        let absent = "404 page not found";
        let head = "HTTP/1.1 404 Not Found\r\nConnection: close";
        return write!(client, "{head}\r\nContent-Length: {}\r\n\r\n{absent}", absent.len());
    }
    let mut cloud = TcpStream::connect(to)?;
    write!(cloud, "{head}Connection: close\r\n\r\n")?;
    cloud.write_all(&body)?;
    std::io::copy(&mut cloud, client).map(drop)
}

#[test]
fn each_refusal_of_a_login_has_its_exit_code_and_its_way_out() {
    let cloud = Cloud::start();
    let email = cloud.text("/account/email");
    let plain = cloud.text("/accounts/0/email");
    for (code, told, arguments, lines) in [
        (4, "BAMBU_REGION", &["login", "-u", &plain, "-p", "-"][..], &["wr0ngpass"][..]),
        (4, "is wrong", &["login", "--email", &email, "--code", "000001"], &[]),
        (4, "--code CODE", &["login", "--email", &email], &[]),
        (4, "china", &["login", "--phone", "13800138000"], &[]),
        (2, "no account", &["login"], &[]),
        (2, "no password", &["login", "-u", &plain], &[]),
        (4, "bambu login", &["login", "--verify"], &[]),
        (5, "network", &["login", "--email", &email, "--api-url", "http://127.0.0.1:1"], &[]),
        (4, "bambu login", &["query"], &[]),
    ] {
        let run = cloud.call(arguments, lines);
        assert_eq!(run.code, code, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(told), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains("next: "), "{arguments:?}: {}", run.stderr);
        assert!(!run.stderr.contains("wr0ngpass") && !run.stderr.contains("000001"));
        assert_eq!(cloud.saved(), None, "{arguments:?}");
        let _ = std::fs::remove_file(cloud.world.home.path().join(".bambu_token.lock"));
    }
}

#[test]
fn logins_that_fail_do_not_storm_whoever_starts_them() {
    let cloud = Cloud::start();
    let plain = cloud.text("/accounts/0/email");
    let run = || cloud.call(&["login", "-u", &plain, "-p", "-"], &["wr0ngpass"]);
    for _ in 0..5 {
        assert!(run().stderr.contains("refuses plain@example.com with this password"));
    }
    let run = run();
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("five logins in vain within a minute"), "{}", run.stderr);
}

#[test]
fn two_logins_at_once_are_one_whether_or_not_they_name_the_account() {
    for named in [false, true] {
        let cloud = Cloud::start();
        let email = cloud.text("/accounts/0/email");
        let both: Vec<_> = (0..2)
            .map(|_| {
                let mut command = match named {
                    true => cloud.command(&["login", "--json", "--username", &email]),
                    false => cloud.command(&["login", "--json"]),
                };
                command.env("BAMBU_PASSWORD", cloud.text("/accounts/0/password"));
                let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
                let mut input = child.stdin.take().unwrap();
                input.write_all(format!("{email}\n").as_bytes()).unwrap();
                child
            })
            .collect();
        let mut found: Vec<String> = both
            .into_iter()
            .map(|child| {
                let output = child.wait_with_output().unwrap();
                let document: Value = serde_json::from_slice(&output.stdout).unwrap();
                document["session"].as_str().unwrap().to_owned()
            })
            .collect();
        found.sort();
        assert_eq!(found, ["new", "saved"], "{named}");
    }
}

#[test]
fn a_logout_ends_the_session_there_and_here_and_says_when_it_cannot() {
    let cloud = Cloud::start();
    let login = || {
        let plain = cloud.text("/accounts/0/email");
        let password = cloud.text("/accounts/0/password");
        assert_eq!(cloud.call(&["login", "-u", &plain, "-p", "-"], &[&password]).code, 0);
        cloud.saved().unwrap()["token"].as_str().unwrap().to_owned()
    };
    let token = login();
    assert_eq!(cloud.call(&["login", "--verify"], &[]).stdout, "Token is valid!\n");
    let run = cloud.call(&["logout"], &[]);
    assert_eq!((run.code, cloud.saved()), (0, None), "{}", run.stderr);
    assert!(run.stdout.starts_with("In the cloud: ended\nForgotten: "), "{}", run.stdout);
    assert_eq!(cloud.call(&["query", "--token", "-"], &[&token]).code, 4, "it is dead");
    let run = cloud.call(&["logout", "--json"], &[]);
    assert_eq!((run.code, &run.documents()[0]["forgotten"]), (0, &Value::Bool(false)));

    let service = cloud.text("/account/token");
    let of_service = |arguments| {
        let mut command = cloud.command(arguments);
        command.env("BAMBU_TOKEN", &service);
        cloud.finish(command, &[])
    };
    let run = of_service(&["logout"]);
    assert!(run.stderr.contains("BAMBU_TOKEN is still set"), "{}", run.stderr);
    assert_eq!(of_service(&["query"]).code, 0, "a service's token is not ended");

    login();
    let saved = cloud.saved();
    let run = cloud.call(&["logout", "--token", "-"], &[&service]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("In the cloud: ended\nKept, it has another token: "),
        "{}",
        run.stdout
    );
    assert_eq!(cloud.saved(), saved, "it was not meant");
    assert_eq!(of_service(&["query"]).code, 4, "this one was");
    let run = of_service(&["login", "--verify"]);
    assert_eq!(
        run.stdout, "Token is valid!\n",
        "the saved one counts, whatever the environment has"
    );

    let run = cloud.call(&["logout", "--api-url", "http://127.0.0.1:1"], &[]);
    assert_eq!((run.code, cloud.saved()), (5, None));
    assert!(run.stderr.contains("warning: the cloud could not be told"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn a_session_that_cannot_be_replaced_is_told_before_a_code_is_used_up_and_kept() {
    let cloud = Cloud::start();
    let home = &cloud.world.home;
    home.write("elsewhere", r#"{"token": "old"}"#);
    std::os::unix::fs::symlink(home.path().join("elsewhere"), home.path().join("link")).unwrap();
    home.write("key.pem", "-----BEGIN KEY-----\nabc\n");
    let plain = cloud.text("/accounts/0/email");
    let password = cloud.text("/accounts/0/password");
    for (file, told) in [("link", "symbolic link"), ("key.pem", "not a saved session")] {
        let before = std::fs::read(home.path().join(file)).unwrap();
        let arguments = ["login", "--force", "-u", &plain, "-p", "-", "--token-file", file];
        let run = cloud.call(&arguments, &[&password]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(run.stderr.contains(told), "{}", run.stderr);
        assert_eq!(std::fs::read(home.path().join(file)).unwrap(), before);
    }
    assert!(home.path().join("link").is_symlink());
}

#[cfg(unix)]
#[test]
fn bambu_login_takes_the_seeds_arguments_and_prints_what_they_printed() {
    let cloud = Cloud::start();
    let link = cloud.world.home.path().join("bambu-login");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_bambu"), &link).unwrap();
    let call = |arguments: &[&str], lines: &[&str]| {
        let known = cloud.command(&[]);
        let mut command = Command::new(&link);
        command.args(arguments).env_clear().current_dir(cloud.world.home.path());
        command.envs(known.get_envs().filter_map(|(key, value)| Some((key, value?))));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        cloud.finish(command, lines)
    };
    let (email, code) = (cloud.text("/account/email"), cloud.text("/account/email_code"));
    let password = cloud.text("/account/password");
    let run = call(&["-v"], &[]);
    assert_eq!(run.code, 4);
    assert!(run.stdout.contains("No saved token found"), "{}", run.stdout);
    let run = call(&["-u", &email, "-p", &password, "-r", "global", "--test"], &[&code]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines = [
        "Bambu Lab Authentication Tool",
        "Region: global",
        "Token file: ",
        "Logging in...",
        "Login successful!",
        "Token saved to: ",
        "Token: sha256:",
        "Testing token...",
        "Token verified!",
        "User: maker",
        "Email: maker@example.com",
        "Devices: 1 found",
        "  - P1S 1 (",
    ];
    let mut rest = run.stdout.as_str();
    for line in lines {
        let at = rest.find(line).unwrap_or_else(|| panic!("no {line:?} in {}", run.stdout));
        rest = &rest[at..];
    }
    let run = call(&["--verify-only"], &[]);
    assert_eq!(run.code, 0);
    assert!(run.stdout.ends_with("Verifying token...\nToken is valid!\n"), "{}", run.stdout);
}

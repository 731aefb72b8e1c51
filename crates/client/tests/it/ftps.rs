//! A printer's storage: what it may do wrong, and what is made of that.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bambulab::ftps::{Existing, Ftps, FtpsError, LocalFTPClient, Stored, Transfer};
use tokio::{process::Command, time::timeout};

use crate::{
    fake::PATIENCE,
    ftps_fake::{CODE, Fake, Odd, p1s},
};

async fn session(fake: &Fake) -> Ftps {
    connected(fake).await.unwrap()
}

async fn connected(fake: &Fake) -> Result<Ftps, FtpsError> {
    timeout(PATIENCE, Ftps::connect(&fake.target, &fake.options)).await.unwrap()
}

/// Patience of a test for what stands still.
fn brief() -> Transfer {
    Transfer { stall: Duration::from_secs(1), ..Transfer::default() }
}

async fn upload(fake: &Fake, bytes: &[u8]) -> Result<Stored, FtpsError> {
    let mut session = session(fake).await;
    let how = brief();
    let upload = session.upload(bytes, bytes.len() as u64, "/cube.gcode.3mf", &how);
    timeout(PATIENCE, upload).await.unwrap()
}

#[tokio::test]
async fn data_connections_resume_the_session_and_a_file_gets_its_name_at_the_end() {
    let fake = Fake::new(&p1s(), Odd::default()).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = told.clone();
    let progress = Arc::new(move |done, of| listener.lock().unwrap().push((done, of)));
    let how = Transfer { progress: Some(progress), ..brief() };
    let bytes = vec![7; 300_000];
    let mut session = session(&fake).await;
    let stored = session.upload(&*bytes, 300_000, "cube.gcode.3mf", &how).await.unwrap();
    assert_eq!((stored.path.as_str(), stored.size), ("/cube.gcode.3mf", 300_000));
    assert!(stored.renamed && !stored.kept);
    assert_eq!(fake.file("/cube.gcode.3mf").unwrap(), bytes);
    assert_eq!(fake.seen.lock().unwrap().files.len(), 1);
    let told = told.lock().unwrap().clone();
    assert!(told.is_sorted() && told.first() == Some(&(0, 300_000)));
    assert_eq!(told.last(), Some(&(300_000, 300_000)));
    assert!(fake.commands("STOR").iter().all(|line| line.ends_with(".part")));

    let mut back = Vec::new();
    let fetched = session.download("/cube.gcode.3mf", &mut back, &how).await.unwrap();
    assert_eq!((back, fetched.md5), (bytes, stored.md5));
    assert_eq!(session.list("/").await.unwrap().len(), 1);
    assert_eq!(fake.seen.lock().unwrap().resumed, [true, true, true]);
    assert_eq!(fake.seen.lock().unwrap().sessions, 1);
}

#[tokio::test]
async fn the_md5_is_that_of_the_bytes_in_upper_case() {
    let fake = Fake::new(&p1s(), Odd::default()).await;
    let stored = upload(&fake, b"abc").await.unwrap();
    assert_eq!(stored.md5, "900150983CD24FB0D6963F7D28E17F72");
}

#[tokio::test]
async fn a_426_after_a_complete_transfer_is_success_and_after_another_one_failure() {
    let failure = ("426 Failure reading network stream.", Duration::ZERO);
    let fake = Fake::new(&p1s(), Odd { after_upload: Some(failure), ..Odd::default() }).await;
    assert_eq!(upload(&fake, &[1; 70_000]).await.unwrap().size, 70_000);

    for after_upload in [Some(failure), None] {
        let odd = Odd { after_upload, keeps: Some(65_536), ..Odd::default() };
        let fake = Fake::new(&p1s(), odd).await;
        let error = upload(&fake, &[1; 70_000]).await.unwrap_err();
        assert!(
            matches!(error, FtpsError::Incomplete { stored: Some(65_536), of: 70_000 }),
            "{error}"
        );
        assert!(fake.seen.lock().unwrap().files.is_empty(), "what was left is removed");
    }
}

#[tokio::test]
async fn a_226_that_is_late_is_waited_for_and_one_that_never_comes_is_not_needed() {
    let late = ("226 at last", Duration::from_millis(700));
    let fake = Fake::new(&p1s(), Odd { after_upload: Some(late), ..Odd::default() }).await;
    upload(&fake, &[1; 100]).await.unwrap();
    assert_eq!(fake.seen.lock().unwrap().sessions, 1);

    let never = ("226 too late", Duration::from_secs(3600));
    let fake = Fake::new(&p1s(), Odd { after_upload: Some(never), ..Odd::default() }).await;
    assert_eq!(upload(&fake, &[1; 100]).await.unwrap().size, 100);
    assert_eq!(fake.seen.lock().unwrap().sessions, 2, "asked for its size on another session");
}

#[tokio::test]
async fn a_useless_passive_address_and_a_missing_epsv_do_not_matter() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let [high, low] = listener.local_addr().unwrap().port().to_be_bytes();
    let passive = format!("227 Entering Passive Mode (0,0,0,0,{high},{low}).");
    let answers = vec![("EPSV", "500 what".into()), ("PASV", passive), ("LIST", "550 no".into())];
    let fake = Fake::new(&p1s(), Odd { answers, ..Odd::default() }).await;
    let mut session = session(&fake).await;
    let error = session.list("/").await.unwrap_err();
    assert!(matches!(error, FtpsError::NoStorage), "{error}");
    let (_, from) = listener.accept().await.unwrap();
    assert!(from.ip().is_loopback());
}

#[tokio::test]
async fn an_a1_that_does_no_tls_on_data_gets_it_in_the_clear_on_a_fresh_session() {
    let serial = "03900A000000777";
    let fake = Fake::new(serial, Odd { never_wraps: true, ..Odd::default() }).await;
    assert_eq!(upload(&fake, &[1; 5000]).await.unwrap().size, 5000);
    assert_eq!(fake.file("/cube.gcode.3mf").unwrap(), [1; 5000]);
    assert_eq!(fake.commands("PROT"), ["PROT P", "PROT C"]);
    assert_eq!(fake.seen.lock().unwrap().sessions, 2);
    // This is remembered.
    upload(&fake, &[2; 5000]).await.unwrap();
    assert_eq!(fake.commands("PROT"), ["PROT P", "PROT C", "PROT C"]);
}

#[tokio::test]
async fn no_other_model_and_no_a1_that_once_did_tls_sends_in_the_clear() {
    let fake = Fake::new(&p1s(), Odd { never_wraps: true, ..Odd::default() }).await;
    let error = upload(&fake, &[1; 5000]).await.unwrap_err();
    assert!(matches!(error, FtpsError::NoData { .. }), "{error}");
    assert_eq!(fake.commands("PROT C"), [""; 0]);

    let serial = "03900A000000778";
    let fake = Fake::new(serial, Odd::default()).await;
    upload(&fake, &[1; 5000]).await.unwrap();
    let fake = Fake::new(serial, Odd { never_wraps: true, ..Odd::default() }).await;
    let error = upload(&fake, &[1; 5000]).await.unwrap_err();
    assert!(matches!(error, FtpsError::NoData { .. }), "{error}");
    assert_eq!(fake.commands("PROT C"), [""; 0]);
}

#[tokio::test]
async fn a_printer_that_does_not_rename_gets_the_file_under_its_own_name() {
    let answers = vec![("RNFR", "500 unknown".into())];
    let fake = Fake::new(&p1s(), Odd { answers, ..Odd::default() }).await;
    let stored = upload(&fake, &[1; 100]).await.unwrap();
    assert!(!stored.renamed);
    assert_eq!(fake.commands("STOR"), ["STOR /cube.gcode.3mf"]);
}

#[tokio::test]
async fn refusals_are_told_by_their_kind() {
    for (answer, kind) in [
        ("552 quota", "storage_full"),
        ("452 full", "storage_full"),
        ("553 name", "name_refused"),
        ("501 name", "name_refused"),
        ("522 SSL connection failed: session reuse required", "session_reuse_demanded"),
        ("425 TLS session of data connection not resumed", "session_reuse_demanded"),
        ("550 nothing to store on", "no_storage"),
        ("532 account", "refused"),
        ("421 good-bye", "lost"),
    ] {
        let mut answers = vec![("STOR", answer.into())];
        // The fake has every folder that it is asked for.
        if matches!(kind, "no_storage" | "name_refused") {
            answers.push(("CWD", "550 nothing there".into()));
        }
        let fake = Fake::new(&p1s(), Odd { answers, ..Odd::default() }).await;
        assert_eq!(upload(&fake, &[1; 100]).await.unwrap_err().word(), kind, "{answer}");
    }
    let fake = Fake::new(&p1s(), Odd { silent_at: Some("STOR"), ..Odd::default() }).await;
    assert_eq!(upload(&fake, &[1; 100]).await.unwrap_err().word(), "no_storage");
    let after_upload = Some(("552 quota", Duration::ZERO));
    let fake = Fake::new(&p1s(), Odd { after_upload, ..Odd::default() }).await;
    assert_eq!(upload(&fake, &[1; 100]).await.unwrap_err().word(), "storage_full");
    assert!(fake.seen.lock().unwrap().files.is_empty());
}

#[tokio::test]
async fn a_session_that_cannot_begin_says_why() {
    let endless = "220-more\r\n".repeat(4000);
    for (welcome, kind) in [
        (endless.as_str(), "not_ftps"),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "not_ftps"),
        ("421 too many\r\n", "busy"),
        ("500 no\r\n", "refused"),
        ("", "lost"),
    ] {
        let fake = Fake::new(&p1s(), Odd { welcome: Some(welcome.into()), ..Odd::default() }).await;
        let kind = if welcome.is_empty() { "not_ftps" } else { kind };
        assert_eq!(connected(&fake).await.unwrap_err().word(), kind, "{welcome:.20}");
    }
    let fake =
        Fake::new(&p1s(), Odd { answers: vec![("PASS", "530 no".into())], ..Odd::default() }).await;
    assert!(connected(&fake).await.unwrap_err().is_wrong_access_code());
}

#[tokio::test]
async fn endless_answers_and_hostile_listings_end() {
    let answers = vec![("SIZE", "213-more\r\n".repeat(4000))];
    let fake = Fake::new(&p1s(), Odd { answers, ..Odd::default() }).await;
    assert_eq!(session(&fake).await.size("/a").await.unwrap_err().word(), "malformed");

    let listing = Some(vec![b'x'; 9 << 20]);
    let fake = Fake::new(&p1s(), Odd { listing, ..Odd::default() }).await;
    assert_eq!(session(&fake).await.list("/").await.unwrap_err().word(), "malformed");

    let rubbish = b"-rw-r--r-- 1 0 0 5 Nov 21 22:10 ../up\n\xff\xfe\0\n-rw-r--r-- 1 0 0 5 Nov 21 22:10 good\n";
    let fake = Fake::new(&p1s(), Odd { listing: Some(rubbish.to_vec()), ..Odd::default() }).await;
    let entries = session(&fake).await.list("/").await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["good"]);
}

#[tokio::test]
async fn an_idle_session_that_was_dropped_is_opened_again_once() {
    let fake = Fake::new(&p1s(), Odd { hangs_up_after: Some(6), ..Odd::default() }).await;
    let mut session = session(&fake).await;
    assert_eq!(session.size("/a").await.unwrap(), None);
    // The next one is read and not answered, which nobody can take for an idle session.
    assert_eq!(session.size("/a").await.unwrap_err().word(), "lost");
    assert_eq!(session.size("/a").await.unwrap(), None);
    assert_eq!(fake.seen.lock().unwrap().sessions, 2);
}

#[tokio::test]
async fn a_download_that_ends_early_is_cut_and_one_of_nothing_is_not_found() {
    let fake = Fake::new(&p1s(), Odd { sends: Some(1000), ..Odd::default() }).await;
    fake.put("/a", &[1; 5000]);
    let mut session = session(&fake).await;
    let error = session.download("/a", Vec::new(), &brief()).await.unwrap_err();
    assert!(matches!(error, FtpsError::Cut { done: 1000, of: 5000 }), "{error}");
    assert_eq!(session.size("/a").await.unwrap(), Some(5000), "the session goes on");
}

#[tokio::test]
async fn what_is_there_already_is_kept_refused_or_replaced_as_asked() {
    let fake = Fake::new(&p1s(), Odd::default()).await;
    fake.put("/a", b"old");
    let mut session = session(&fake).await;
    let how = |existing| Transfer { existing, ..brief() };
    let kept = session.upload(&b"new"[..], 3, "/a", &how(Existing::KeepSameSize)).await.unwrap();
    assert!(kept.kept && fake.file("/a").unwrap() == b"old");
    let refused = session.upload(&b"new"[..], 3, "/a", &how(Existing::Refuse)).await;
    assert!(matches!(refused, Err(FtpsError::Exists { .. })));
    session.upload(&b"newer"[..], 5, "/a", &how(Existing::KeepSameSize)).await.unwrap();
    assert_eq!(fake.file("/a").unwrap(), b"newer");
    session.upload(&b"last"[..], 4, "/a", &how(Existing::Replace)).await.unwrap();
    assert_eq!(fake.file("/a").unwrap(), b"last");
}

#[tokio::test]
async fn a_file_that_ends_early_and_one_that_is_given_up_leave_nothing() {
    let fake = Fake::new(&p1s(), Odd::default()).await;
    let mut session = session(&fake).await;
    let error = session.upload(&[1; 100][..], 200, "/a", &brief()).await.unwrap_err();
    assert!(matches!(error, FtpsError::Changed { done: 100, of: 200 }), "{error}");
    let how = brief();
    how.cancel.cancel();
    let error = session.upload(&[1; 100][..], 100, "/a", &how).await.unwrap_err();
    assert!(matches!(error, FtpsError::Cancelled), "{error}");
    assert!(fake.seen.lock().unwrap().files.is_empty());
    session.upload(&[1; 100][..], 100, "/a", &brief()).await.unwrap();
}

#[tokio::test]
async fn a_printer_has_one_session_of_this_process_at_a_time() {
    let fake = Fake::new(&p1s(), Odd::default()).await;
    let first = session(&fake).await;
    let (target, options) = (fake.target.clone(), fake.options.clone());
    let second = tokio::spawn(async move { LocalFTPClient::connect(&target, &options).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(fake.seen.lock().unwrap().sessions, 1);
    first.close().await;
    timeout(PATIENCE, second).await.unwrap().unwrap().unwrap();
    assert_eq!(fake.seen.lock().unwrap().sessions, 2);
}

#[tokio::test]
async fn the_example_uploads_a_file_and_lists_it() {
    let fake = Fake::new(&p1s(), Odd::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let (file, authority) = (folder.path().join("model.3mf"), folder.path().join("ca.pem"));
    std::fs::write(&file, b"abc").unwrap();
    std::fs::write(&authority, fake.ca.pem()).unwrap();
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().unwrap().parent().unwrap().join("examples").join("files");
    let mut command = Command::new(program);
    command.arg(&file).env_clear().kill_on_drop(true);
    command.env("BAMBU_SERIAL", fake.target.serial.as_str()).env("BAMBU_HOST", "127.0.0.1");
    command.env("BAMBU_FTPS_PORT", fake.target.ftps_port.to_string());
    command.env("BAMBU_ACCESS_CODE", CODE).env("BAMBU_CA_FILE", &authority);
    let output = timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let wanted = "Uploaded to: /model.3mf (3 bytes, MD5 900150983CD24FB0D6963F7D28E17F72)\n           \
                  3 model.3mf\n";
    assert_eq!(printed, wanted, "{}", String::from_utf8_lossy(&output.stderr));
}

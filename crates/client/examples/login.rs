//! Logs in, or goes on with the saved session, and lists the account's printers.
//!
//! `BAMBU_EMAIL=… cargo run -p bambulab --example login`; with `BAMBU_PASSWORD` by password, without
//! it by a code that is sent by e-mail. A code that the cloud wants is asked for.

use std::{env, error::Error, io};

use bambulab::{
    Credentials, Login, Region, Roots, SessionFile,
    cloud::{Cloud, Code, CodeWanted, NoCode},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let region: Region = env::var("BAMBU_REGION").map_or(Ok(Region::Global), |it| it.parse())?;
    let endpoint = match env::var("BAMBU_API_URL") {
        Ok(url) => region.endpoint().with_api_url(&url)?,
        Err(_) => region.endpoint(),
    };
    let file = SessionFile::at(env::var("BAMBU_TOKEN_FILE").unwrap_or("bambu_session".into()));
    let account = env::var("BAMBU_EMAIL").map_err(|_| "set BAMBU_EMAIL")?;
    let credentials = match env::var("BAMBU_PASSWORD") {
        Ok(password) => Credentials::Password { account, password },
        Err(_) => Credentials::Code { account },
    };

    let login = Login::new(&endpoint, region, &Roots::public())?;
    let obtained = login.get_or_create(&file, &credentials, ask).await?;
    if let Some(error) = obtained.unsaved {
        eprintln!("{error}");
    }

    let cloud = Cloud::new(&endpoint, Some(obtained.session.token), &Roots::public())?;
    for device in cloud.devices().await?.iter() {
        let name = device.name.as_deref().unwrap_or(device.serial.as_str());
        println!("{name}: {}", device.print_status.as_deref().unwrap_or("unknown"));
    }
    Ok(())
}

/// Any function that takes what is wanted and returns a future is a source of codes.
async fn ask(wanted: CodeWanted) -> Result<Code, NoCode> {
    eprintln!("Enter {wanted}:");
    let mut line = String::new();
    match io::stdin().read_line(&mut line) {
        Ok(read) if read > 0 => Ok(Code::new(&line)),
        _ => Err(NoCode),
    }
}

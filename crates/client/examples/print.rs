//! Prints a sliced 3MF over the local network: a file of this machine is uploaded first, a path on
//! the printer (from its root, `/model.gcode.3mf`) is printed as it lies there.
//!
//! `BAMBU_SERIAL=… BAMBU_HOST=… BAMBU_ACCESS_CODE=… cargo run -p bambulab --example print -- FILE`;
//! `BAMBU_MQTT_PORT`, `BAMBU_FTPS_PORT` and `BAMBU_CA_FILE` where they are not the usual ones.

use std::{env, error::Error};

use bambulab::{
    LanTarget, Options, Printer, Roots,
    print::{LocalPrintClient, PrintArguments, Printing, upload_and_print},
    protocol::{AccessCode, Serial},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let wanted = |name: &str| env::var(name).map_err(|_| format!("set {name}"));
    let serial = Serial::new(&wanted("BAMBU_SERIAL")?)?;
    let code = AccessCode::new(&wanted("BAMBU_ACCESS_CODE")?);
    let mut target = LanTarget::new(serial, wanted("BAMBU_HOST")?, code);
    if let Ok(port) = env::var("BAMBU_MQTT_PORT") {
        target.port = port.parse()?;
    }
    if let Ok(port) = env::var("BAMBU_FTPS_PORT") {
        target.ftps_port = port.parse()?;
    }
    let roots = match env::var("BAMBU_CA_FILE") {
        Ok(file) => Roots::public().with_pem_file(file)?,
        Err(_) => Roots::public(),
    };
    let options = Options { roots, ..Options::default() };
    let file = env::args().nth(1).ok_or("name a file")?;
    let job = match file.starts_with('/') && !std::path::Path::new(&file).exists() {
        true => start_print(target, options, &file).await?,
        false => upload(target, options, &file).await?,
    };
    println!("{} {}: {}", job.serial, job.state.name(), job.title);
    Ok(())
}

/// `upload_and_print(ip, code, "model.3mf", mqtt_client=mqtt, use_ams=True)`.
pub(crate) async fn upload(
    target: LanTarget,
    options: Options,
    file: &str,
) -> Result<Printing, Box<dyn Error>> {
    let printer = Printer::connect(target.clone(), options.clone());
    let arguments = PrintArguments { use_ams: true, ..PrintArguments::default() };
    let result = upload_and_print(&target, file, Some(&printer), &arguments, &options).await;
    printer.close().await;
    let result = result?;
    println!("Uploaded: {}", result.path);
    Ok(result.started.ok_or("it was not to be started")?)
}

/// `LocalPrintClient(ip, code).start_print("/model.3mf")`.
pub(crate) async fn start_print(
    target: LanTarget,
    options: Options,
    path: &str,
) -> Result<Printing, Box<dyn Error>> {
    let client = LocalPrintClient::connect(target, options).await?;
    let started = client.start_print(path).await;
    client.close().await;
    Ok(started?)
}

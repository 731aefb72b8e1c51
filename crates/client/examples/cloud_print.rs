//! Stores a sliced 3MF in the cloud and prints it, step by step.
//!
//! `BAMBU_TOKEN=… cargo run -p bambulab --example cloud_print -- 01P00A000000001 model.3mf`

#[path = "support/cloud.rs"]
mod cloud;

use std::{env, error::Error};

use bambulab::{
    cloud::{CloudFile, OnProgress, PrintOptions, Progress, UploadOptions},
    protocol::Serial,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let usage = "name a printer's serial number and a file";
    let (serial, file) = arguments.next().zip(arguments.next()).ok_or(usage)?;
    let printer = Serial::new(&serial)?;
    let cloud = cloud::from_environment()?;

    println!("Uploading file...");
    let result = cloud.upload_file(&file, UploadOptions::default()).await?;
    println!("Upload successful: {}", result.file_name);

    // By its name: what was uploaded a moment ago is found, and not uploaded again. A file that is
    // only printed needs no upload before: `CloudFile::Local` does both.
    let progress = OnProgress::new(|progress| {
        if let Progress::Step(step) = progress {
            println!("  {step}");
        }
    });
    let options = PrintOptions { progress, ..PrintOptions::default() };
    let file = CloudFile::Named(result.file_name);
    match cloud.start_cloud_print(&printer, file, options).await {
        Ok(started) => println!("Print started! Job ID: {}", started.job_id),
        Err(error) if error.is_reserved_for_vendor() => println!("Not over the cloud: {error}"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

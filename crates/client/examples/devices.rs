//! Lists the account's printers, and how far each is with its job.
//!
//! `BAMBU_TOKEN=… cargo run -p bambulab --example devices`

#[path = "support/cloud.rs"]
mod cloud;

use std::error::Error;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cloud = cloud::from_environment()?;

    let devices = cloud.devices().await?;
    for device in devices.iter() {
        let name = device.name.as_deref().unwrap_or(device.serial.as_str());
        println!("{name}: {}", device.print_status.as_deref().unwrap_or("unknown"));
    }

    for job in cloud.print_status(true).await?.iter() {
        if let (Some(task), Some(percent)) = (&job.task_name, job.progress) {
            println!("{task}: {percent:.0}%");
        }
    }
    Ok(())
}

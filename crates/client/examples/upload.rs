//! Stores a file in the account's cloud storage.
//!
//! `BAMBU_TOKEN=… cargo run -p bambulab --example upload -- model.3mf`

#[path = "support/cloud.rs"]
mod cloud;

use std::{env, error::Error};

use bambulab::cloud::UploadOptions;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = env::args().nth(1).ok_or("name a file")?;
    let cloud = cloud::from_environment()?;

    let result = cloud.upload_file(&file, UploadOptions::default()).await?;
    println!("Upload successful: {} ({} bytes)", result.file_name, result.size_bytes);
    println!("Uploaded: {}", result.file_url);
    Ok(())
}

//! Puts a file on a printer's storage and looks at what is there.
//!
//! `BAMBU_SERIAL=… BAMBU_HOST=… BAMBU_ACCESS_CODE=… cargo run -p bambulab --example files -- model.3mf`

#[path = "support/storage.rs"]
mod storage;

use std::{env, error::Error, path::Path};

use bambulab::ftps::{LocalFTPClient, Transfer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = env::args().nth(1).ok_or("name a file")?;
    let name = Path::new(&file).file_name().and_then(|name| name.to_str()).ok_or("no file")?;
    let (target, options) = storage::from_environment()?;

    let mut ftp = LocalFTPClient::connect(&target, &options).await?;
    let result = ftp.upload_file(Path::new(&file), name, &Transfer::default()).await?;
    println!("Uploaded to: {} ({} bytes, MD5 {})", result.path, result.size, result.md5);
    for entry in ftp.list("/").await? {
        println!("{:>12} {}", entry.size, entry.name);
    }
    ftp.close().await;
    Ok(())
}

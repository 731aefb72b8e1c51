//! Many clients of one account that ask the cloud as often as they may. Called by
//! `benches/budget.py`, which counts at the server what arrives.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use bambu_benches::Error;
use bambulab::{Region, Roots, Token, cloud::Cloud};
use clap::Parser;
use serde::Serialize;
use tokio::task::JoinSet;

/// Prints one JSON object: how many calls were answered, kept back by the budget, or failed.
#[derive(Parser)]
struct Arguments {
    /// Where the cloud is.
    #[arg(long)]
    api_url: String,
    /// The account's token.
    #[arg(long)]
    token: String,
    /// An authority to trust.
    #[arg(long)]
    ca_file: Option<PathBuf>,
    /// How many clients, each made by itself.
    #[arg(long, default_value_t = 100)]
    clients: u32,
    /// For how long.
    #[arg(long, default_value_t = 75)]
    seconds: u64,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let asked = Arguments::parse();
    let endpoint = Region::Global.endpoint().with_api_url(&asked.api_url)?;
    let roots = match &asked.ca_file {
        Some(file) => Roots::public().with_pem_file(file)?,
        None => Roots::public(),
    };
    let end = Instant::now() + Duration::from_secs(asked.seconds);
    let mut clients = JoinSet::new();
    for _ in 0..asked.clients {
        let token = Token::new(&asked.token);
        clients.spawn(ask(Cloud::new(&endpoint, Some(token), &roots)?, end));
    }
    let mut sum = Counts::default();
    while let Some(counts) = clients.join_next().await {
        let counts = counts?;
        sum.answered += counts.answered;
        sum.kept_back += counts.kept_back;
        sum.failed += counts.failed;
    }
    println!("{}", serde_json::to_string(&sum)?);
    Ok(())
}

/// How one client's calls ended, or those of all.
#[derive(Default, Serialize)]
struct Counts {
    answered: u64,
    kept_back: u64,
    failed: u64,
}

/// Asks again as soon as it was answered.
async fn ask(cloud: Cloud, end: Instant) -> Counts {
    let mut counts = Counts::default();
    while Instant::now() < end {
        match cloud.devices().await {
            Ok(_) => counts.answered += 1,
            Err(error) if error.is_limited() => {
                counts.kept_back += 1;
                // Being kept back costs no time; without a rest this would only spin.
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            Err(_) => counts.failed += 1,
        }
    }
    counts
}

//! The account that the environment names, as the `bambu` command reads it.

use std::{env, error::Error};

use bambulab::{Cloud, Region, Roots, Token};

/// `BAMBU_TOKEN` is the account's. `BAMBU_REGION` is `global` or `china`, `BAMBU_API_URL` another
/// cloud; `BAMBU_CA_FILE` adds to whom is trusted.
pub(crate) fn from_environment() -> Result<Cloud, Box<dyn Error>> {
    let token = env::var("BAMBU_TOKEN").map_err(|_| "set BAMBU_TOKEN")?;
    let region: Region = env::var("BAMBU_REGION").map_or(Ok(Region::Global), |it| it.parse())?;
    let endpoint = match env::var("BAMBU_API_URL") {
        Ok(url) => region.endpoint().with_api_url(&url)?,
        Err(_) => region.endpoint(),
    };
    let roots = match env::var("BAMBU_CA_FILE") {
        Ok(file) => Roots::public().with_pem_file(file)?,
        Err(_) => Roots::public(),
    };
    Ok(Cloud::new(&endpoint, Some(Token::new(&token)), &roots)?)
}

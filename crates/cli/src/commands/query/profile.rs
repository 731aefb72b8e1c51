//! `query --profile`: who the account is.

use bambulab::cloud::Cloud;
use serde_json::json;

use super::Page;
use crate::{
    account,
    exit::Failure,
    output::{Cell, Paint, Table, human},
};

pub(super) async fn ask(cloud: &Cloud, page: &mut Page) -> Result<(), Failure> {
    let profile = cloud.user_profile().await.map_err(account::failure)?.value;
    let value = || {
        json!({
            "uid": profile.uid(), "name": profile.name, "account": profile.account,
            "avatar": profile.avatar, "fan_count": profile.fan_count,
            "follow_count": profile.follow_count, "product_models": profile.product_models,
        })
    };
    page.add("profile", value, |out| {
        let mut table = Table::new(&[]);
        let models = profile.product_models.join(", ");
        for (label, text) in [
            ("Account", profile.account.as_deref()),
            ("Name", profile.name.as_deref()),
            ("UID", profile.uid()),
            ("Printers", Some(models.as_str()).filter(|models| !models.is_empty())),
        ] {
            let text = text.unwrap_or(human::UNKNOWN);
            table.row([Cell::painted(label, Paint::Dim), text.into()]);
        }
        table.write(out, false)
    })
}

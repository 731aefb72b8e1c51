//! The filament manager: the account's spools.

use bambu_protocol::cloud::{
    AmsSync, AmsSynced, ChangedSpool, FilamentCatalogue, SlotMappings, SlotsMapped, Spool,
    SpoolDraft, SpoolFilter, Spools,
};
use futures_util::Stream;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Answer, Call, Cloud, CloudError, PageStart, pages};

const SPOOLS: &str = "/v1/design-user-service/my/filament/v2";
/// Spools per page of the stream.
const PAGE: u32 = 50;

impl Cloud {
    /// One page of the account's spools:
    /// `GET my/filament/v2?offset=&limit=&category=&status=&ids=&RFIDs=`, `{hits: [spool]}`. [L]
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn spools(
        &self,
        filter: &SpoolFilter,
        offset: u32,
        limit: u32,
    ) -> Result<Answer<Vec<Spool>>, CloudError> {
        let mut call = Call::get(SPOOLS).query("offset", offset).query("limit", limit);
        if let Some(category) = &filter.category {
            call = call.query("category", category);
        }
        if let Some(incomplete) = filter.incomplete {
            call = call.query("status", u8::from(incomplete));
        }
        if !filter.ids.is_empty() {
            let ids: Vec<String> = filter.ids.iter().map(ToString::to_string).collect();
            call = call.query("ids", ids.join(","));
        }
        if !filter.spool_uuids.is_empty() {
            call = call.query("RFIDs", filter.spool_uuids.join(","));
        }
        Ok(self.call::<Spools>(call).await?.map(|body| body.spools))
    }

    /// All of the account's spools, page by page as they are read. Ends at the first error.
    pub fn spools_pages(
        &self,
        filter: SpoolFilter,
    ) -> impl Stream<Item = Result<Spool, CloudError>> + Send + use<> {
        let cloud = self.clone();
        let page = move |start: PageStart| {
            let (cloud, filter) = (cloud.clone(), filter.clone());
            async move {
                let offset = u32::try_from(start.offset).unwrap_or(u32::MAX);
                Ok(cloud.spools(&filter, offset, PAGE).await?.value)
            }
        };
        pages(page, |spool: &Spool| spool.id.unwrap_or_default().to_string())
    }

    /// Adds a spool: `POST my/filament/v2`, answered by `{}`. [L] Its id is not told: list again.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn create_spool(&self, spool: &SpoolDraft) -> Result<Answer<()>, CloudError> {
        self.done(Call::post(SPOOLS).json(spool)).await
    }

    /// Changes a spool: `PUT my/filament/v2` with `{id, filamentName, …}`, answered by
    /// `{filamentV2: spool}`. What the draft leaves out stays. [L]
    ///
    /// # Errors
    /// [`CloudError`]; [`CloudError::NotFound`] when there is no such spool.
    pub async fn update_spool(
        &self,
        id: i64,
        change: &SpoolDraft,
    ) -> Result<Answer<Option<Spool>>, CloudError> {
        #[derive(Serialize)]
        struct Change<'a> {
            id: i64,
            #[serde(flatten)]
            change: &'a SpoolDraft,
        }
        let call = Call::put(SPOOLS).json(&Change { id, change });
        Ok(self.call::<ChangedSpool>(call).await?.map(|body| body.spool))
    }

    /// Deletes spools, by id, by the printer's `tray_uuid`, or by both:
    /// `DELETE my/filament/v2/batch` with `{ids, RFIDs}`. [L] With neither, nothing is sent.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn delete_spools(
        &self,
        ids: &[i64],
        spool_uuids: &[&str],
    ) -> Result<Answer<()>, CloudError> {
        if ids.is_empty() && spool_uuids.is_empty() {
            return Ok(Answer { value: (), raw: Value::Null });
        }
        let mut body = serde_json::Map::new();
        if !ids.is_empty() {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            body.insert("ids".into(), json!(ids));
        }
        if !spool_uuids.is_empty() {
            body.insert("RFIDs".into(), json!(spool_uuids));
        }
        self.done(Call::delete("/v1/design-user-service/my/filament/v2/batch").json(&body)).await
    }

    /// Tells the cloud what an AMS holds: `POST my/filament/v2/ams/sync`, answered by which spool is
    /// in which tray. Not with an empty list. [L]
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn sync_ams(&self, ams: &AmsSync) -> Result<Answer<AmsSynced>, CloudError> {
        self.call(Call::post("/v1/design-user-service/my/filament/v2/ams/sync").json(ams)).await
    }

    /// Tells the cloud which spool is in which tray: `POST my/filament/v2/slot-mappings/sync`,
    /// answered by a code per tray. [L]
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn map_slots(&self, slots: &SlotMappings) -> Result<Answer<SlotsMapped>, CloudError> {
        let call = Call::post("/v1/design-user-service/my/filament/v2/slot-mappings/sync");
        self.call(call.json(slots)).await
    }

    /// The vendor's catalogue of filaments: `GET filament/config`, about 110 of them. [L]
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn filament_catalogue(&self) -> Result<Answer<FilamentCatalogue>, CloudError> {
        self.call(Call::get("/v1/design-user-service/filament/config")).await
    }
}

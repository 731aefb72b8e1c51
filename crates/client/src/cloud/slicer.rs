//! The slicer's presets and downloads.

use bambu_protocol::cloud::{
    Preset, PresetDraft, SlicerResources, SlicerSettings, SlicerVersion, StoredPreset,
};

use super::{Answer, Call, Cloud, CloudError};

const SETTINGS: &str = "/v1/iot-service/api/slicer/setting";
const SETTING: &str = "/v1/iot-service/api/slicer/setting/{}";

impl Cloud {
    /// All presets, the vendor's and the account's, without their values:
    /// `GET slicer/setting?version=`. [L]
    ///
    /// The seeds leave the version out, which the cloud refuses (400); any four numbers do, as
    /// [`SlicerVersion::default`] has.
    ///
    /// # Errors
    /// [`CloudError`].
    #[doc(alias = "get_slicer_settings")]
    pub async fn slicer_settings(
        &self,
        version: &SlicerVersion,
    ) -> Result<Answer<SlicerSettings>, CloudError> {
        self.call(Call::get(SETTINGS).query("version", version)).await
    }

    /// The account's own presets: the same with `public=false`. [L]
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn own_slicer_settings(
        &self,
        version: &SlicerVersion,
    ) -> Result<Answer<SlicerSettings>, CloudError> {
        self.call(Call::get(SETTINGS).query("version", version).query("public", false)).await
    }

    /// One preset with its values: `GET slicer/setting/{id}`. [L] The answer does not repeat the id.
    ///
    /// # Errors
    /// [`CloudError`]; an unknown id is refused with HTTP 400 and code 2.
    pub async fn slicer_setting(&self, id: &str) -> Result<Answer<Preset>, CloudError> {
        let mut answer: Answer<Preset> = self.call(Call::get(SETTING).value(id)).await?;
        answer.value.setting_id.get_or_insert_with(|| id.to_owned());
        Ok(answer)
    }

    /// Stores a new preset: `POST slicer/setting`, answered by `{setting_id, update_time}`. [L]
    ///
    /// # Errors
    /// [`CloudError`]; code 14 when the account has 100 of that kind.
    pub async fn create_slicer_setting(
        &self,
        draft: &PresetDraft,
    ) -> Result<Answer<StoredPreset>, CloudError> {
        self.call(Call::post(SETTINGS).json(draft)).await
    }

    /// Changes a preset: `PATCH slicer/setting/{id}` with the whole of it. [L]
    ///
    /// Where the cloud refuses that with 422, as for an id it does not know, the preset is stored
    /// anew and the old one deleted: the answer tells the new id. It is stored first, so that a
    /// draft which the cloud does not take costs nothing.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn update_slicer_setting(
        &self,
        id: &str,
        draft: &PresetDraft,
    ) -> Result<Answer<StoredPreset>, CloudError> {
        match self.call(Call::patch(SETTING).value(id).json(draft)).await {
            Err(CloudError::Refused { status: 422, .. }) => {
                let stored = self.create_slicer_setting(draft).await?;
                self.delete_slicer_setting(id).await?;
                Ok(stored)
            }
            other => other,
        }
    }

    /// Deletes a preset: `DELETE slicer/setting/{id}`. One that is not there is deleted, too. [L]
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn delete_slicer_setting(&self, id: &str) -> Result<Answer<()>, CloudError> {
        self.done(Call::delete(SETTING).value(id)).await
    }

    /// Downloads for the slicer: `GET slicer/resource?<type>=<version>`, such as
    /// `slicer/plugins/cloud` and `02.08.01.00`; needs no token. [L] With nothing asked for, the
    /// lists are empty.
    ///
    /// The seeds' `?type=&version=` is not what the cloud reads.
    ///
    /// # Errors
    /// [`CloudError`].
    #[doc(alias = "get_slicer_resources")]
    pub async fn slicer_resources(
        &self,
        wanted: Option<(&str, &SlicerVersion)>,
    ) -> Result<Answer<SlicerResources>, CloudError> {
        let mut call = Call::get("/v1/iot-service/api/slicer/resource").public();
        if let Some((kind, version)) = wanted {
            call = call.query(kind.to_owned(), version);
        }
        self.call(call).await
    }
}

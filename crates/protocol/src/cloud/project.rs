//! Projects and profiles: sliced files that the cloud keeps.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{SignedUrl, lenient::body};

body! {
    /// Body of `GET user/project`. [L]
    #[derive(Default)]
    pub struct Projects {
        /// The account's projects.
        pub projects: Vec<Project> = "projects" | "data",
    }

    /// One project: of the list, or in detail. What a shape lacks is `None`. [L]
    #[derive(Default)]
    pub struct Project {
        /// Its id.
        pub project_id: Option<String> = "project_id" | "id",
        /// Whose it is.
        pub user_id: Option<String>,
        /// Model, `US` and 14 hexadecimal digits.
        pub model_id: Option<String>,
        /// Such as `ACTIVE`.
        pub status: Option<String>,
        /// Name.
        pub name: Option<String> = "name" | "title",
        /// JSON within text.
        pub content: Option<String>,
        /// UTC, `YYYY-MM-DD HH:MM:SS`.
        pub create_time: Option<String> = "create_time" | "created_at",
        /// UTC, `YYYY-MM-DD HH:MM:SS`.
        pub update_time: Option<String> = "update_time" | "updated_at",
        /// Its profiles, in detail.
        pub profiles: Vec<PrintProfile>,
        /// Where its file is, for some minutes.
        pub download_url: Option<SignedUrl>,
        /// MD5 of that file.
        pub download_md5: Option<String>,
        /// Where to `PUT` its file, while it has none.
        pub upload_url: Option<SignedUrl>,
        /// By what to ask whether the file has been processed.
        pub upload_ticket: Option<String>,
        /// How many files it has, in the documented shape. [G]
        pub file_count: Option<i64>,
        /// Its files, in the documented shape. [G]
        pub files: Vec<ProjectFile>,
    }

    /// A file of a project, as the seeds document it. [G]
    #[derive(Default)]
    pub struct ProjectFile {
        /// Its id.
        pub file_id: Option<String> = "file_id" | "model_id" | "id",
        /// Name.
        pub name: Option<String> = "name" | "file_name" | "title",
        /// Where it is.
        pub file_url: Option<SignedUrl> = "file_url" | "url",
    }

    /// One profile of a project; `filename`, `url` and `md5` only from
    /// `GET user/profile/{id}?model_id=`. [L]
    #[derive(Default)]
    pub struct PrintProfile {
        /// Its id.
        pub profile_id: Option<String> = "profile_id" | "id",
        /// Model.
        pub model_id: Option<String>,
        /// Free text.
        pub status: Option<String>,
        /// Name.
        pub name: Option<String> = "name" | "title",
        /// UTC, `YYYY-MM-DD HH:MM:SS`.
        pub create_time: Option<String>,
        /// UTC, `YYYY-MM-DD HH:MM:SS`.
        pub update_time: Option<String>,
        /// What was sliced, and for which printer.
        pub context: Option<ProfileContext>,
        /// Name of the file.
        pub filename: Option<String>,
        /// Where the file is, for about 5 minutes; send no token there.
        pub url: Option<SignedUrl>,
        /// MD5 of the file.
        pub md5: Option<String>,
    }

    /// What a profile holds (`context`). [L]
    #[derive(Default)]
    pub struct ProfileContext {
        /// For which printer.
        pub compatibility: Option<Compatibility>,
        /// Its plates.
        pub plates: Vec<PlateSlice>,
        /// Its materials.
        pub materials: Vec<ProfileMaterial>,
        /// Its settings' files.
        pub configs: Vec<CloudObject>,
    }

    /// The printer that a profile was sliced for. [L]
    #[derive(Default)]
    pub struct Compatibility {
        /// Model code.
        pub model_name: Option<String> = "dev_model_name",
        /// Product name.
        pub product_name: Option<String> = "dev_product_name",
        /// In mm.
        pub nozzle_diameter: Option<f64>,
    }

    /// A material of a profile. [L]
    #[derive(Default)]
    pub struct ProfileMaterial {
        /// `#RRGGBB`.
        pub color: Option<String>,
        /// Such as `PLA`.
        pub material: Option<String>,
    }

    /// One sliced plate. [L]
    #[derive(Default)]
    pub struct PlateSlice {
        /// From 1.
        pub index: Option<i64>,
        /// Estimated duration in s.
        pub prediction: Option<i64>,
        /// Estimated filament in g.
        pub weight_grams: Option<f64> = "weight",
        /// Picture.
        pub thumbnail: Option<CloudObject>,
        /// Its G-code.
        pub gcode: Option<CloudObject>,
        /// Its filaments.
        pub filaments: Vec<SliceFilament>,
    }

    /// A filament of a sliced plate. [L]
    #[derive(Default)]
    pub struct SliceFilament {
        /// From 1, text on the wire.
        pub id: Option<i64>,
        /// Such as `PLA`.
        pub material: Option<String> = "type",
        /// `#RRGGBB`.
        pub color: Option<String>,
        /// In m.
        pub used_m: Option<f64>,
        /// In g.
        pub used_g: Option<f64>,
        /// Such as `GFA00`.
        pub filament_id: Option<String>,
    }

    /// A file beside a profile: a picture, settings, G-code. [L]
    #[derive(Default)]
    pub struct CloudObject {
        /// Name.
        pub name: Option<String>,
        /// Folder within the 3MF, such as `Metadata`.
        pub dir: Option<String>,
        /// Where it is, for some minutes.
        pub url: Option<SignedUrl>,
    }
}

/// Body of `POST user/project`. [L]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NewProject {
    /// Name of the job.
    pub name: String,
    /// Any other key, as it is; none is known to do anything. [D]
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl From<&str> for NewProject {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), more: Map::new() }
    }
}

/// Something of the account that can be printed: a project, or a print of the history. The cloud has
/// no list of files, so this is the union of both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CloudEntry {
    /// Name.
    pub name: String,
    /// Id to print it by: of the project, else of the model.
    pub file_id: Option<String>,
    /// Where its file is, where the cloud told.
    pub file_url: Option<SignedUrl>,
    /// Whether it is a project or comes from the history.
    pub source: EntrySource,
    /// Project.
    pub project_id: Option<String>,
    /// Model.
    pub model_id: Option<String>,
    /// Profile.
    pub profile_id: Option<String>,
    /// Print of the history.
    pub task_id: Option<String>,
    /// Made or started, as sent.
    pub created_at: Option<String>,
}

/// Where a [`CloudEntry`] comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntrySource {
    /// `user/project`.
    Project,
    /// `my/tasks`.
    Task,
}

//! What would be sent, and what speaks against it: pure, by the file and the status of the printer.

use std::path::Path;

use bambu_protocol::{
    Model,
    cloud::BED_TYPES,
    command::{self, Command},
    ftp,
    request::{Job, ProjectFile, Request, TrayId},
    status::Status,
    threemf::{MappingLine, Plate, SlicedFile, map_filaments},
};
use serde::Serialize;

use super::{PrintJob, PrintJobError, Source, Trays};

/// Models whose firmware takes `file:///sdcard/<path>`. [L]
const SDCARD: [Model; 7] =
    [Model::X1C, Model::X1, Model::X1E, Model::P1P, Model::P1S, Model::A1, Model::A1Mini];
/// Characters that a card cannot hold in a name, or that part an address; each becomes `_`.
const UNFIT: [char; 11] = ['"', '*', '/', ':', '<', '>', '?', '\\', '|', '#', '%'];

/// What a print will be: shown by a dry run, sent by a real one.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// What the printer will show.
    pub title: String,
    /// Path of the file on the printer.
    pub path: String,
    /// Whether the file is uploaded first.
    pub uploads: bool,
    /// Which plate, from 1.
    pub plate: u32,
    /// What is known about the plate; `None` for a file that nobody looked into.
    pub contents: Option<PlannedPlate>,
    /// Where each filament of the plate comes from.
    pub mapping: Vec<MappingLine>,
    /// What was looked at.
    pub checks: Vec<Check>,
    /// The request.
    pub request: ProjectFile,
}

/// What a plate takes.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedPlate {
    /// Its name in the project; empty for none.
    pub name: String,
    /// Time in seconds, as sliced.
    pub seconds: Option<u32>,
    /// Layers.
    pub layers: Option<u32>,
    /// Filament in grams.
    pub weight_grams: Option<f64>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// `file`, `printer`, `model`, `nozzle`, `storage`, `filament`.
    pub name: &'static str,
    /// What came of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", content = "why", rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing speaks against it.
    Fits,
    /// Nobody can know: what is missing.
    NotChecked(String),
    /// It speaks against it, and was overridden.
    Forced(String),
}

impl Plan {
    /// The exact request, with ids of its own.
    pub fn to_request(&self) -> Request {
        Job::ProjectFile(Box::new(self.request.clone())).into()
    }
}

impl PrintJob {
    /// What would be sent to a printer with this status, or the first thing that speaks against it.
    /// `file` is what is in the file; `None` for one that nobody can look into. Ids are fresh each
    /// time; all else is pure.
    ///
    /// # Errors
    /// [`PrintJobError`]: nothing is to be sent.
    pub fn plan(
        &self,
        file: Option<&SlicedFile>,
        status: &Status,
        model: Option<Model>,
    ) -> Result<Plan, PrintJobError> {
        let model = model.or(status.model);
        let mut checks = Checks { force: self.force, done: Vec::new() };
        let plate = file.map(|file| self.plate_of(file)).transpose()?;
        let mut request = self.request(model)?;
        checks.add(
            "file",
            match plate {
                Some(_) => Ok(Verdict::Fits),
                None => not_checked("nobody has looked into a file that is on the printer"),
            },
        )?;
        let bare = Job::ProjectFile(Box::new(request.clone())).into();
        checks.add("printer", fits(command::check(&bare, status)))?;
        checks.add(
            "model",
            match plate {
                Some(plate) => model_fits(plate, model),
                None => not_checked("the file was not looked into"),
            },
        )?;
        checks.add(
            "nozzle",
            match plate {
                Some(plate) => nozzle_fits(plate, status),
                None => not_checked("the file was not looked into"),
            },
        )?;
        checks.add("storage", storage(status))?;
        let mut mapping = Vec::new();
        let trays = match file {
            Some(file) => {
                let mapped = map_filaments(file, self.plate, status, &self.wanted(file))?;
                checks.add("filament", Ok(Verdict::Fits))?;
                mapping = mapped.lines;
                mapped.trays
            }
            None => {
                checks.add("filament", not_checked("the file was not looked into"))?;
                match &self.trays {
                    Trays::Named(trays) => trays.clone(),
                    Trays::Fit | Trays::External => Vec::new(),
                }
            }
        };
        request = request.map_trays(&trays);
        if let Some(id) = self.skip_objects.iter().find(|id| !may_skip(plate, **id)) {
            return Err(PrintJobError::NoSuchObject(*id));
        }
        request.skip_objects.clone_from(&self.skip_objects);
        // The trays are looked at with it, too.
        let exact = Command::Exact(Job::ProjectFile(Box::new(request.clone())).into());
        exact.requests(status, self.force)?;
        Ok(Plan {
            title: request.subtask_name.clone(),
            path: self.path(),
            uploads: matches!(self.source, Source::Local(_)),
            plate: self.plate,
            contents: plate.map(|plate| PlannedPlate {
                name: plate.name.clone().unwrap_or_default(),
                seconds: plate.seconds,
                layers: plate.layers,
                weight_grams: plate.weight_grams,
            }),
            mapping,
            checks: checks.done,
            request,
        })
    }

    /// Where the file is on the printer, or will be.
    pub fn path(&self) -> String {
        match &self.source {
            Source::Stored(path) => format!("/{}", path.trim_start_matches('/')),
            Source::Local(path) => {
                let folder = self.folder.trim_matches('/');
                let slash = if folder.is_empty() { "" } else { "/" };
                format!("{slash}{folder}/{}", stored_name(path))
            }
        }
    }

    fn plate_of<'a>(&self, file: &'a SlicedFile) -> Result<&'a Plate, PrintJobError> {
        file.plate(self.plate).ok_or_else(|| PrintJobError::NoSuchPlate {
            plate: self.plate,
            plates: file.plates.iter().map(|plate| plate.index).collect(),
        })
    }

    fn request(&self, model: Option<Model>) -> Result<ProjectFile, PrintJobError> {
        if !BED_TYPES.contains(&self.bed_type.as_str()) {
            return Err(PrintJobError::BedType(self.bed_type.chars().take(60).collect()));
        }
        let path = self.path();
        let name = path.rsplit('/').next().unwrap_or_default();
        if name.is_empty() || path.contains(char::is_control) {
            return Err(PrintJobError::BadPath(path.chars().take(200).collect()));
        }
        let mut request = ProjectFile::stored(&path, self.plate, rand::random())
            .level_bed(self.level_bed)
            .calibrate_flow(self.calibrate_flow);
        let in_root = path.trim_start_matches('/') == name;
        if self.sdcard_url {
            if let Some(model) = model.filter(|model| !SDCARD.contains(model)) {
                return Err(PrintJobError::NoSdCardUrl(model));
            }
            request.url = format!("file:///sdcard{path}");
        } else if in_root && matches!(self.source, Source::Local(_)) {
            request.url = format!("ftp://{name}");
        }
        if let Some(title) = &self.title {
            request.subtask_name.clone_from(title);
        }
        request.vibration_cali = self.calibrate_vibration;
        request.layer_inspect = self.inspect_layer;
        request.timelapse = self.timelapse;
        request.bed_type.clone_from(&self.bed_type);
        Ok(request)
    }

    /// The request without a look at file or printer.
    pub(super) fn bare_request(&self) -> Result<ProjectFile, PrintJobError> {
        let request = self.request(None)?;
        Ok(match &self.trays {
            Trays::Named(trays) => request.map_trays(trays),
            Trays::Fit | Trays::External => request,
        })
    }

    /// What was asked for, by filament of the project.
    fn wanted(&self, file: &SlicedFile) -> Vec<Option<TrayId>> {
        match &self.trays {
            Trays::Fit => Vec::new(),
            Trays::Named(trays) => trays.clone(),
            Trays::External => {
                let mut trays = vec![Some(TrayId::EXTERNAL); file.filament_count().max(1)];
                let filaments = file.plate(self.plate).map(|plate| plate.filaments.as_slice());
                for filament in filaments.unwrap_or_default() {
                    let place = filament.slot.saturating_sub(1) as usize;
                    if let (Some(1), Some(tray)) = (filament.extruder, trays.get_mut(place)) {
                        *tray = Some(TrayId::EXTERNAL_LEFT);
                    }
                }
                trays
            }
        }
    }
}

/// What a file is called on the printer: `cube.gcode.3mf`, whatever it is called here.
pub(super) fn stored_name(path: &Path) -> String {
    let name = ftp::upload_name(&path.file_name().unwrap_or_default().to_string_lossy());
    let plain = |c: char| if c.is_control() || UNFIT.contains(&c) { '_' } else { c };
    let name: String = name.chars().map(plain).collect();
    let stem = name.strip_suffix(".3mf").unwrap_or(&name);
    let stem = stem.strip_suffix(".gcode").unwrap_or(stem);
    format!("{stem}.gcode.3mf")
}

/// What was looked at so far.
struct Checks {
    force: bool,
    done: Vec<Check>,
}

impl Checks {
    fn add(
        &mut self,
        name: &'static str,
        found: Result<Verdict, PrintJobError>,
    ) -> Result<(), PrintJobError> {
        let verdict = match found {
            Ok(verdict) => verdict,
            Err(error) if self.force && error.can_be_forced() => Verdict::Forced(error.to_string()),
            Err(error) => return Err(error),
        };
        self.done.push(Check { name, verdict });
        Ok(())
    }
}

fn not_checked(why: impl Into<String>) -> Result<Verdict, PrintJobError> {
    Ok(Verdict::NotChecked(why.into()))
}

fn fits<E: Into<PrintJobError>>(result: Result<(), E>) -> Result<Verdict, PrintJobError> {
    result.map(|()| Verdict::Fits).map_err(Into::into)
}

fn model_fits(plate: &Plate, model: Option<Model>) -> Result<Verdict, PrintJobError> {
    match (plate.model, &plate.model_code, model) {
        (Some(file), _, Some(printer)) if printer.prints_files_of(file) => Ok(Verdict::Fits),
        (Some(file), _, Some(printer)) => {
            Err(PrintJobError::WrongModel { file: file.name().to_owned(), printer })
        }
        (_, _, None) => not_checked("the printer's model is not known"),
        (None, Some(code), _) => not_checked(format!("the file is for {code}, which is not known")),
        (None, None, _) => not_checked("the file does not say which printer it is for"),
    }
}

fn nozzle_fits(plate: &Plate, status: &Status) -> Result<Verdict, PrintJobError> {
    let has: Vec<f64> = status.nozzles.iter().filter_map(|nozzle| nozzle.diameter_mm).collect();
    if plate.nozzle_diameters_mm.is_empty() {
        return not_checked("the file does not say which nozzle it is for");
    }
    if has.is_empty() {
        return not_checked("the printer does not tell its nozzle");
    }
    let is_there = |wanted: &f64| has.iter().any(|has| (has - wanted).abs() < 0.01);
    match plate.nozzle_diameters_mm.iter().find(|wanted| !is_there(wanted)) {
        None => Ok(Verdict::Fits),
        Some(file) => {
            let printer: Vec<_> = has.iter().map(f64::to_string).collect();
            Err(PrintJobError::WrongNozzle { file: *file, printer: printer.join(" and ") })
        }
    }
}

fn storage(status: &Status) -> Result<Verdict, PrintJobError> {
    match (status.storage.state, status.storage_present) {
        (Some("none"), _) | (None, Some(false)) => Err(PrintJobError::NoStorage("missing")),
        (Some("abnormal"), _) => Err(PrintJobError::NoStorage("faulty")),
        (Some("read_only"), _) => Err(PrintJobError::NoStorage("read-only")),
        (Some(_), _) | (None, Some(true)) => Ok(Verdict::Fits),
        (None, None) => not_checked("the printer does not tell whether it has storage"),
    }
}

/// Nobody knows the objects of a file that was not looked into.
fn may_skip(plate: Option<&Plate>, id: u32) -> bool {
    plate.is_none_or(|plate| {
        plate.can_skip_objects && plate.objects.iter().any(|object| object.id == id)
    })
}

//! `bambu inspect`: what a sliced file holds. No connection, no settings. How it reads is in
//! `inspect/shown.rs`, the picture in `inspect/picture.rs`.

mod picture;
mod shown;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use bambu_protocol::{
    FileKind,
    file_kind::HEAD,
    threemf::{self, BadThreeMf, Md5Check, Picture, PictureKind, SlicedFile},
};
use serde::Serialize;

use crate::{
    exit::{Failure, Kind},
    output,
};

/// Show what is in a sliced file: plates, filaments, time, objects, picture
///
/// Reads a 3MF that a slicer exported (.gcode.3mf), without unpacking it: memory stays small
/// however large it is. Its size, its checksums and its list of parts are not trusted. With
/// --verify the G-code is read, too, and compared with the MD5 that stands in the file.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    bambu inspect cube.gcode.3mf\n  \
    bambu inspect cube.gcode.3mf --plate 2 --verify\n  \
    bambu inspect cube.gcode.3mf --json | jq '.plates[0].filaments'\n  \
    bambu inspect cube.gcode.3mf --save-thumbnail cube.png\n\n\
    Exit codes: 1 not sliced, no such plate, or another MD5; 2 not a 3MF that can be read")]
pub(crate) struct Args {
    /// The file
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// Only this plate, from 1
    #[arg(long, value_name = "N")]
    plate: Option<u32>,
    /// Read the G-code and compare it with its MD5
    #[arg(long, visible_alias = "md5")]
    verify: bool,
    /// How the picture is drawn, on a terminal only
    #[arg(long, value_name = "HOW", value_enum, default_value_t = picture::How::Auto)]
    thumbnail: picture::How,
    /// Write the picture of the plate to this PNG file
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    save_thumbnail: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The document of `--json`.
#[derive(Serialize)]
struct Document<'a> {
    file: String,
    size_bytes: u64,
    sliced: bool,
    #[serde(flatten)]
    told: &'a SlicedFile,
    /// By plate; only with `--verify`.
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<BTreeMap<u32, Verified>>,
}

#[derive(Serialize)]
struct Verified {
    /// `null` when the file tells no MD5.
    equal: Option<bool>,
    md5: String,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let name = args.file.file_name().unwrap_or(args.file.as_os_str());
    let name = name.to_string_lossy().into_owned();
    let mut file = File::open(&args.file)
        .map_err(|error| {
            Failure::new(Kind::Usage, error).next("check the path and its permissions")
        })
        .map_err(|failure| failure.about(args.file.display().to_string()))?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let mut told = read(&mut file, &name)?;
    if let Some(plate) = args.plate {
        let plates = told.plates.iter().map(|plate| plate.index).collect();
        told.plates.retain(|it| it.index == plate);
        if told.plates.is_empty() {
            let error = BadThreeMf::NoPlate { plate, plates };
            return Err(Failure::advised(Kind::Failed, &error).about(name));
        }
    }
    let mut checks = BTreeMap::new();
    for plate in told.plates.iter().filter(|_| args.verify) {
        let check = threemf::check_gcode_md5(rewound(&mut file)?, plate.index);
        checks.insert(plate.index, check.map_err(|error| bad(&error, &name))?);
    }
    if let Some(path) = &args.save_thumbnail {
        save(&mut file, &told, &name, path)?;
    }
    let mut out = output::stdout();
    if args.json {
        let verified = args.verify.then(|| checks.iter().map(verified).collect());
        let sliced = told.is_sliced();
        let file = name.clone();
        let document = Document { file, size_bytes: size, sliced, told: &told, verified };
        output::json(&mut out, &document)?;
    } else {
        let mut pictures = BTreeMap::new();
        if let Some(drawn) = args.thumbnail.on_this_terminal() {
            for plate in &told.plates {
                let Some(kind) = best(&plate.thumbnails) else { continue };
                let bytes = threemf::thumbnail(rewound(&mut file)?, plate.index, kind);
                let bytes = bytes.map_err(|error| bad(&error, &name))?.unwrap_or_default();
                pictures.extend(picture::draw(&bytes, drawn).map(|it| (plate.index, it)));
            }
        }
        shown::write(&mut out, &name, size, &told, &checks, &pictures)?;
    }
    out.flush()?;
    ending(&told, &checks, &name)
}

/// What the exit code says, after everything was told.
fn ending(told: &SlicedFile, checks: &BTreeMap<u32, Md5Check>, name: &str) -> Result<(), Failure> {
    if !told.is_sliced() {
        let why = format!("{name} is a 3MF, but nothing in it is sliced");
        let next = "slice it first, and export the sliced file (.gcode.3mf)";
        return Err(Failure::say(Kind::Failed, why).next(next));
    }
    let differs = checks.iter().find(|(_, check)| matches!(check, Md5Check::Differs { .. }));
    if let Some((plate, _)) = differs {
        let why = format!("{name}: the G-code of plate {plate} is not what its MD5 says");
        return Err(Failure::say(Kind::Failed, why).next("export the file again from the slicer"));
    }
    Ok(())
}

fn verified((plate, check): (&u32, &Md5Check)) -> (u32, Verified) {
    let equal = match check {
        Md5Check::Equal { .. } => Some(true),
        Md5Check::Differs { .. } => Some(false),
        Md5Check::Untold { .. } => None,
    };
    (*plate, Verified { equal, md5: check.actual().to_owned() })
}

/// Reads the file; one that is something else is told by what it is.
fn read(file: &mut File, name: &str) -> Result<SlicedFile, Failure> {
    let mut head = Vec::new();
    let unreadable = |error| Failure::new(Kind::Usage, error).about(name);
    (&*file).take(HEAD as u64).read_to_end(&mut head).map_err(unreadable)?;
    let is_archive = head.starts_with(b"PK");
    let named = FileKind::named(name);
    if !is_archive && named.is_some_and(|kind| kind != FileKind::ThreeMf) {
        let (what, next) = match FileKind::of(name, &head) {
            Ok(FileKind::Gcode) => ("plain G-code", "inspect the .gcode.3mf that was exported"),
            Ok(kind) => return Err(slice_first(name, kind)),
            Err(error) => return Err(Failure::advised(Kind::Usage, &error)),
        };
        return Err(Failure::say(Kind::Usage, format!("{name} is {what}, no 3MF")).next(next));
    }
    match threemf::inspect(rewound(file)?) {
        Ok(told) => Ok(told),
        Err(BadThreeMf::Damaged(_) | BadThreeMf::NotThreeMf) if !is_archive => {
            let error = FileKind::of("file.3mf", &head).err();
            let what = error.map(|error| error.to_string()).unwrap_or_default();
            let found = what.split(": ").nth(1).and_then(|text| text.split(';').next());
            let why = format!("{name} is no 3MF: {}", found.unwrap_or("it is something else"));
            Err(Failure::say(Kind::Usage, why).next("export a sliced file (.gcode.3mf)"))
        }
        Err(error) => Err(bad(&error, name)),
    }
}

fn slice_first(name: &str, kind: FileKind) -> Failure {
    let next = "slice it first, and inspect the .gcode.3mf that is exported";
    Failure::say(Kind::Usage, format!("{name} is a mesh or model ({kind}), no 3MF")).next(next)
}

fn bad(error: &BadThreeMf, name: &str) -> Failure {
    Failure::advised(Kind::Usage, error).about(name)
}

fn rewound(file: &mut File) -> Result<BufReader<&mut File>, Failure> {
    file.rewind().map_err(|error| Failure::new(Kind::Usage, error))?;
    Ok(BufReader::with_capacity(32 << 10, file))
}

/// The picture that shows most.
fn best(pictures: &[Picture]) -> Option<PictureKind> {
    let has = |kind: &PictureKind| pictures.iter().any(|picture| picture.kind == *kind);
    PictureKind::ALL.into_iter().find(has)
}

fn save(file: &mut File, told: &SlicedFile, name: &str, path: &Path) -> Result<(), Failure> {
    let none = || {
        let why = format!("{name} has no picture of that plate");
        Failure::say(Kind::Failed, why).next("name another plate, or slice it with a picture")
    };
    let plate = told.plates.first().ok_or_else(none)?;
    let kind = best(&plate.thumbnails).ok_or_else(none)?;
    let bytes = threemf::thumbnail(rewound(file)?, plate.index, kind);
    let bytes = bytes.map_err(|error| bad(&error, name))?.ok_or_else(none)?;
    std::fs::write(path, bytes)
        .map_err(|error| Failure::new(Kind::Usage, error).about(path.display().to_string()))
}

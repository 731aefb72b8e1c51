//! The authorities of printers that an installed slicer holds in its `printer.cer`: read where they
//! are, never carried along.
//!
//! An AppImage that is running is not looked at: its mount point is where every user can write.

use std::{
    env,
    io::Read as _,
    path::{Path, PathBuf},
};

use rustls_pki_types::{CertificateDer, pem::PemObject};

use super::authorities;

/// Longest file that is read: real ones have some 10 kB.
const LONGEST: u64 = 1 << 20;

/// The authorities of the first slicer found, and the file they are in.
pub(super) fn authorities(places: &[PathBuf]) -> Option<(PathBuf, Vec<CertificateDer<'static>>)> {
    places.iter().find_map(|path| {
        let found = read(path)?;
        tracing::debug!(file = %path.display(), count = found.len(), "authorities of a slicer");
        Some((path.clone(), found))
    })
}

/// Whatever in the file can be read: people add their own authorities to it.
fn read(path: &Path) -> Option<Vec<CertificateDer<'static>>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    let mut found: Vec<_> = CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok).collect();
    if found.is_empty() {
        found.push(bytes.into());
    }
    found.retain(authorities::is_authority);
    Some(found).filter(|found| !found.is_empty())
}

/// Where slicers are installed on this system.
pub(super) fn places() -> Vec<PathBuf> {
    let folder = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = folder(if cfg!(windows) { "USERPROFILE" } else { "HOME" });
    if cfg!(target_os = "macos") {
        return mac(home.as_deref());
    }
    if cfg!(windows) {
        let programs = ["ProgramFiles", "ProgramW6432", "LOCALAPPDATA"];
        return programs
            .into_iter()
            .filter_map(folder)
            .flat_map(|folder| windows(&folder))
            .collect();
    }
    linux(home.as_deref())
}

fn mac(home: Option<&Path>) -> Vec<PathBuf> {
    let folders = [Some(Path::new("/")), home];
    let apps = ["BambuStudio", "OrcaSlicer"];
    let place = |folder: &Path, app: &str| {
        folder.join(format!("Applications/{app}.app/Contents/Resources/cert/printer.cer"))
    };
    folders.into_iter().flatten().flat_map(|folder| apps.map(|app| place(folder, app))).collect()
}

fn windows(programs: &Path) -> [PathBuf; 2] {
    ["Bambu Studio", "OrcaSlicer"]
        .map(|app| programs.join(app).join("resources").join("cert").join("printer.cer"))
}

fn linux(home: Option<&Path>) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = [
        "/usr/share/BambuStudio",
        "/usr/share/Bambu Studio",
        "/usr/share/OrcaSlicer",
        "/opt/bambustudio-bin",
        "/opt/bambu-studio",
        "/opt/orca-slicer",
    ]
    .map(PathBuf::from)
    .into();
    let data = home.map(|home| home.join(".local/share"));
    let flatpaks =
        [Some(PathBuf::from("/var/lib/flatpak")), data.as_ref().map(|d| d.join("flatpak"))];
    for flatpak in flatpaks.into_iter().flatten() {
        for (id, app) in [
            ("com.bambulab.BambuStudio", "BambuStudio"),
            ("com.orcaslicer.OrcaSlicer", "OrcaSlicer"),
            ("io.github.softfever.OrcaSlicer", "OrcaSlicer"),
        ] {
            folders.push(flatpak.join(format!("app/{id}/current/active/files/share/{app}")));
        }
    }
    // An AppImage that was unpacked.
    folders
        .extend(data.iter().flat_map(|data| [data.join("BambuStudio"), data.join("OrcaSlicer")]));
    folders
        .iter()
        .flat_map(|folder| {
            ["cert", "resources/cert"].map(|cert| folder.join(cert).join("printer.cer"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_has_its_places() {
        let home = Path::new("/h");
        let all = [linux(Some(home)), mac(Some(home)), windows(Path::new("/p")).into()].concat();
        for place in [
            "/usr/share/BambuStudio/cert/printer.cer",
            "/opt/bambustudio-bin/resources/cert/printer.cer",
            "/h/.local/share/BambuStudio/resources/cert/printer.cer",
            "/var/lib/flatpak/app/com.bambulab.BambuStudio/current/active/files/share/BambuStudio/cert/printer.cer",
            "/Applications/OrcaSlicer.app/Contents/Resources/cert/printer.cer",
            "/h/Applications/BambuStudio.app/Contents/Resources/cert/printer.cer",
            "/p/Bambu Studio/resources/cert/printer.cer",
        ] {
            assert!(all.contains(&PathBuf::from(place)), "{place}");
        }
    }
}

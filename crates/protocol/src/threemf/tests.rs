//! The names in an archive, and archives that are damaged.

use std::io::{Cursor, Write as _};

use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::*;

fn archive(entries: &[(&str, usize)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, size) in entries {
        zip.start_file(*name, stored).unwrap();
        zip.write_all(&vec![b'x'; *size]).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const PROJECT: [(&str, usize); 8] = [
    ("[Content_Types].xml", 10),
    ("_rels/.rels", 10),
    ("3D/3dmodel.model", 5000),
    ("Metadata/plate_10.gcode", 3000),
    ("Metadata/plate_2.gcode", 3000),
    ("Metadata/plate_2.gcode.md5", 32),
    ("Metadata/plate_2.png", 300),
    ("Metadata/plate_02.gcode", 1),
];

#[test]
fn the_plates_with_gcode_are_told_in_order() {
    assert_eq!(sliced_plates(Cursor::new(archive(&PROJECT))).unwrap(), [2, 10]);
    let unsliced = archive(&[("3D/3dmodel.model", 5), ("Metadata/plate_1.png", 5)]);
    assert!(sliced_plates(Cursor::new(unsliced)).unwrap().is_empty());
}

#[test]
fn the_configuration_part_has_settings_and_pictures_only() {
    let part = config_part(Cursor::new(archive(&PROJECT))).unwrap().unwrap();
    let names = ZipArchive::new(Cursor::new(&part)).unwrap();
    let names: Vec<_> = names.file_names_raw().map(String::from_utf8_lossy).collect();
    assert_eq!(names, ["[Content_Types].xml", "_rels/.rels", "Metadata/plate_2.png"]);
}

#[test]
fn a_configuration_part_that_is_too_large_is_not_made() {
    let large = archive(&[("Metadata/auxiliary.bin", 9 << 20)]);
    assert!(config_part(Cursor::new(large)).unwrap().is_none());
}

#[test]
fn a_damaged_archive_is_told_and_never_a_panic() {
    let whole = archive(&PROJECT);
    for length in (0..whole.len()).step_by(97) {
        let cut = Cursor::new(&whole[..length]);
        assert!(matches!(sliced_plates(cut), Err(BadThreeMf::Damaged(_))), "{length}");
    }
    for at in (0..whole.len()).step_by(31) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xFF;
        let _ = (sliced_plates(Cursor::new(&bytes)), config_part(Cursor::new(&bytes)));
    }
}

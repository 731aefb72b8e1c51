//! The sliced file that every storage begins with: a cube, on one plate.

use std::{
    io::{self, Cursor, Write as _},
    sync::OnceLock,
};

use bytes::Bytes;
use md5::{Digest as _, Md5};
use zip::{ZipWriter, write::SimpleFileOptions};

const GCODE: &str = "; HEADER_BLOCK_START
; BambuStudio 02.05.02.51
; model printing time: 20m 0s; total estimated time: 26m 30s
; total layer number: 100
; total filament length [mm] : 1740.20
; total filament volume [cm^3] : 4185.77
; total filament weight [g] : 5.27
; filament_density: 1.26
; filament_diameter: 1.75
; max_z_height: 20.00
; filament: 1
; HEADER_BLOCK_END
; EXECUTABLE_BLOCK_START
M73 P0 R26
G28
M73 P100 R0
; EXECUTABLE_BLOCK_END
";

const SLICE_INFO: &str = r##"<?xml version="1.0" encoding="UTF-8"?>
<config>
  <header>
    <header_item key="X-BBL-Client-Type" value="slicer"/>
    <header_item key="X-BBL-Client-Version" value="02.05.02.51"/>
  </header>
  <plate>
    <metadata key="index" value="1"/>
    <metadata key="prediction" value="1590"/>
    <metadata key="weight" value="5.27"/>
    <metadata key="outside" value="false"/>
    <metadata key="support_used" value="false"/>
    <metadata key="label_object_enabled" value="false"/>
    <metadata key="filament_maps" value="1"/>
    <object identify_id="11" name="cube" skipped="false"/>
    <filament id="1" tray_info_idx="GFA00" type="PLA" color="#00AE42" used_m="1.74" used_g="5.27"/>
  </plate>
</config>
"##;

const CONTENT_TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
 <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
 <Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/>
 <Default Extension="gcode" ContentType="text/x.gcode"/>
</Types>
"#;

const RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
 <Relationship Target="/3D/3dmodel.model" Id="rel-1" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/>
</Relationships>
"#;

const MODEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<model unit="millimeter" xml:lang="en-US" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02">
 <metadata name="Application">BambuStudio-02.05.02.51</metadata>
 <metadata name="Title">cube</metadata>
 <resources/>
 <build/>
</model>
"#;

/// The files that are there from the start: something to print, where each model looks for it.
pub(super) fn samples() -> [(&'static str, Bytes); 3] {
    let code = Bytes::from_static(GCODE.as_bytes());
    [("cube.gcode", code), ("cube.gcode.3mf", sample()), ("cache/cube.gcode.3mf", sample())]
}

/// `cube.gcode.3mf`: one plate of 100 layers and 20 minutes. The same bytes each time.
pub fn sample() -> Bytes {
    static SAMPLE: OnceLock<Bytes> = OnceLock::new();
    SAMPLE.get_or_init(|| zipped().map(Bytes::from).unwrap_or_default()).clone()
}

fn zipped() -> io::Result<Vec<u8>> {
    let digest = Md5::digest(GCODE.as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        ("[Content_Types].xml", CONTENT_TYPES),
        ("_rels/.rels", RELATIONS),
        ("3D/3dmodel.model", MODEL),
        ("Metadata/plate_1.gcode", GCODE),
        ("Metadata/plate_1.gcode.md5", &digest),
        ("Metadata/slice_info.config", SLICE_INFO),
    ] {
        zip.start_file(name, SimpleFileOptions::default())?;
        zip.write_all(content.as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

//! The table of models: one row each; a later one of a family tells its names, the firmware that
//! wants signed commands, and what else is different.

use super::{Camera, Capabilities, Model, Range, Telemetry};

pub(super) fn capabilities(model: Model) -> &'static Capabilities {
    match model {
        Model::X1C => &X1C,
        Model::X1 => &X1,
        Model::X1E => &X1E,
        Model::P1P => &P1P,
        Model::P1S => &P1S,
        Model::P2S => &P2S,
        Model::X2D => &X2D,
        Model::A1Mini => &A1MINI,
        Model::A1 => &A1,
        Model::A2L => &A2L,
        Model::H2D => &H2D,
        Model::H2DPro => &H2DPRO,
        Model::H2S => &H2S,
        Model::H2C => &H2C,
    }
}

const X1C: Capabilities = Capabilities {
    name: "X1C",
    code: "BL-P001",
    code_aliases: &["3DPrinter-X1-Carbon"],
    product_name: "Bambu Lab X1-Carbon",
    other_names: &["X1 Carbon"],
    serial_prefix: "00M",
    nozzle_max: Some(300),
    bed_max: Some(120),
    chamber_sensor: true,
    chamber_heater: None,
    aux_fan: true,
    chamber_fan: true,
    left_aux_fan: false,
    air_duct: false,
    door_sensor: true,
    camera: Camera::Rtsps,
    lights: &["chamber_light", "work_light"],
    telemetry: Telemetry::Full,
    extruders: 1,
    build_volume: Some([256, 256, 256]),
    enclosed: true,
    authorization_control_from: Some([1, 8, 50, 32]),
};

const X1: Capabilities = Capabilities {
    name: "X1",
    code: "BL-P002",
    code_aliases: &["3DPrinter-X1"],
    product_name: "Bambu Lab X1",
    other_names: &[],
    serial_prefix: "00W",
    authorization_control_from: Some([1, 8, 50, 32]),
    ..X1C
};

const X1E: Capabilities = Capabilities {
    name: "X1E",
    code: "C13",
    code_aliases: &[],
    product_name: "Bambu Lab X1E",
    other_names: &[],
    serial_prefix: "03W",
    nozzle_max: Some(320),
    bed_max: Some(110),
    chamber_heater: Some(Range { min: 0, max: 60 }),
    authorization_control_from: None,
    ..X1C
};

const P1P: Capabilities = Capabilities {
    name: "P1P",
    code: "C11",
    code_aliases: &[],
    product_name: "Bambu Lab P1P",
    other_names: &[],
    serial_prefix: "01S",
    nozzle_max: Some(300),
    bed_max: Some(100),
    chamber_sensor: false,
    chamber_heater: None,
    aux_fan: true,
    chamber_fan: true,
    left_aux_fan: false,
    air_duct: false,
    door_sensor: false,
    camera: Camera::Jpeg,
    lights: &["chamber_light"],
    telemetry: Telemetry::Delta,
    extruders: 1,
    build_volume: Some([256, 256, 256]),
    enclosed: false,
    authorization_control_from: Some([1, 8, 2, 0]),
};

const P1S: Capabilities = Capabilities {
    name: "P1S",
    code: "C12",
    code_aliases: &[],
    product_name: "Bambu Lab P1S",
    other_names: &[],
    serial_prefix: "01P",
    enclosed: true,
    authorization_control_from: Some([1, 8, 2, 0]),
    ..P1P
};

const P2S: Capabilities = Capabilities {
    name: "P2S",
    code: "N7",
    code_aliases: &["N7-V2"],
    product_name: "Bambu Lab P2S",
    other_names: &[],
    serial_prefix: "22E",
    nozzle_max: Some(300),
    bed_max: Some(110),
    chamber_sensor: true,
    chamber_heater: None,
    aux_fan: true,
    chamber_fan: true,
    left_aux_fan: true,
    air_duct: true,
    door_sensor: true,
    camera: Camera::Rtsps,
    lights: &["chamber_light"],
    telemetry: Telemetry::FullAndDelta,
    extruders: 1,
    build_volume: Some([256, 256, 256]),
    enclosed: true,
    authorization_control_from: Some([0, 0, 0, 0]),
};

const X2D: Capabilities = Capabilities {
    // Has a heater; its range is not published, so that of the H2 machines is assumed [G].
    name: "X2D",
    code: "N6",
    code_aliases: &["N6-V2"],
    product_name: "Bambu Lab X2D",
    other_names: &[],
    serial_prefix: "20P",
    nozzle_max: None,
    bed_max: None,
    chamber_heater: Some(Range { min: 0, max: 65 }),
    lights: &["chamber_light", "chamber_light2"],
    extruders: 2,
    build_volume: None,
    authorization_control_from: Some([0, 0, 0, 0]),
    ..P2S
};

const A1: Capabilities = Capabilities {
    name: "A1",
    code: "N2S",
    code_aliases: &[],
    product_name: "Bambu Lab A1",
    other_names: &[],
    serial_prefix: "039",
    nozzle_max: Some(300),
    bed_max: Some(100),
    chamber_sensor: false,
    chamber_heater: None,
    aux_fan: false,
    chamber_fan: false,
    left_aux_fan: false,
    air_duct: false,
    door_sensor: false,
    camera: Camera::Jpeg,
    lights: &["chamber_light"],
    telemetry: Telemetry::Delta,
    extruders: 1,
    build_volume: Some([256, 256, 256]),
    enclosed: false,
    authorization_control_from: Some([1, 5, 0, 0]),
};

const A1MINI: Capabilities = Capabilities {
    name: "A1 mini",
    code: "N1",
    code_aliases: &[],
    product_name: "Bambu Lab A1 mini",
    other_names: &["A1M"],
    serial_prefix: "030",
    bed_max: Some(80),
    build_volume: Some([180, 180, 180]),
    authorization_control_from: Some([1, 5, 0, 0]),
    ..A1
};

const A2L: Capabilities = Capabilities {
    name: "A2L",
    code: "N9",
    code_aliases: &[],
    product_name: "Bambu Lab A2L",
    other_names: &[],
    serial_prefix: "26A",
    nozzle_max: None,
    bed_max: None,
    build_volume: None,
    authorization_control_from: Some([0, 0, 0, 0]),
    ..A1
};

const H2D: Capabilities = Capabilities {
    name: "H2D",
    code: "O1D",
    code_aliases: &["O1D-V2"],
    product_name: "Bambu Lab H2D",
    other_names: &[],
    serial_prefix: "094",
    nozzle_max: Some(350),
    bed_max: Some(120),
    chamber_sensor: true,
    chamber_heater: Some(Range { min: 0, max: 65 }),
    aux_fan: true,
    chamber_fan: true,
    left_aux_fan: false,
    air_duct: true,
    door_sensor: true,
    camera: Camera::Rtsps,
    lights: &["chamber_light", "chamber_light2", "heatbed_light"],
    telemetry: Telemetry::FullAndDelta,
    extruders: 2,
    build_volume: Some([350, 320, 325]),
    enclosed: true,
    authorization_control_from: Some([1, 1, 0, 0]),
};

const H2DPRO: Capabilities = Capabilities {
    name: "H2D Pro",
    code: "O1E",
    code_aliases: &["O2D", "O1E-V2"],
    product_name: "Bambu Lab H2D Pro",
    other_names: &[],
    serial_prefix: "239",
    authorization_control_from: Some([1, 1, 0, 0]),
    ..H2D
};

const H2S: Capabilities = Capabilities {
    name: "H2S",
    code: "O1S",
    code_aliases: &["O1S-V2"],
    product_name: "Bambu Lab H2S",
    other_names: &[],
    serial_prefix: "093",
    extruders: 1,
    build_volume: Some([340, 320, 340]),
    authorization_control_from: Some([0, 0, 0, 0]),
    ..H2D
};

const H2C: Capabilities = Capabilities {
    name: "H2C",
    code: "O1C2",
    code_aliases: &["O1C", "O1C2-V2"],
    product_name: "Bambu Lab H2C",
    other_names: &[],
    serial_prefix: "31B",
    build_volume: None,
    authorization_control_from: Some([0, 0, 0, 0]),
    ..H2D
};

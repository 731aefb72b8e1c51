//! The answer to `info.get_version`: the modules of each model and their versions.

use bambu_protocol::Model;
use serde_json::{Map, Value, json};

use super::template::Template;

/// Name, hardware, software and loader version of a module.
type Module<'a> = (&'static str, &'static str, &'a str, &'static str);

/// What `get_version` of a model lists beside its AMS units.
struct Fingerprint {
    /// Name in `project_name`; `None` on firmware that sends `product_name` instead.
    project: Option<&'static str>,
    /// Name of the first module in `product_name`; empty on old X1 firmware.
    product: &'static str,
    modules: &'static [Module<'static>],
}

/// The firmware version that a simulated printer of this model has.
pub(super) fn firmware(model: Model) -> &'static str {
    fingerprint(model).modules.first().map_or("", |ota| ota.2)
}

/// The reply's `module` array.
fn modules(model: Model, serial: &str, firmware: Option<&str>) -> Value {
    let known = fingerprint(model);
    let mut list: Vec<Value> = Vec::new();
    for (at, module) in known.modules.iter().enumerate() {
        let own = at == 0 || matches!(module.0, "ap" | "ap2" | "esp32" | "rv1126");
        let sn = match module.0 {
            _ if own => serial.to_owned(),
            "mc-sub" => "N/A".to_owned(),
            _ => part_serial("31E", serial, at as u32),
        };
        let (name, hw, own, loader) = *module;
        let sw = firmware.filter(|_| at == 0).unwrap_or(own);
        let product = if at == 0 { known.product } else { "" };
        list.push(entry(&known, (name, hw, sw, loader), sn, product, at == 0));
        if at == 0 {
            list.extend(ams_modules(model, serial, &known));
        }
    }
    Value::Array(list)
}

fn entry(known: &Fingerprint, module: Module<'_>, sn: String, product: &str, first: bool) -> Value {
    let (name, hw, sw, loader) = module;
    let mut entry = Map::new();
    entry.insert("name".into(), name.into());
    entry.insert("hw_ver".into(), hw.into());
    entry.insert("sw_ver".into(), sw.into());
    entry.insert("sn".into(), sn.into());
    entry.insert("flag".into(), if first { 3 } else { 0 }.into());
    match known.project {
        Some(project) => {
            let shared = matches!(name, "mc" | "th") && project.starts_with("C1");
            let project = if shared { "P1" } else { project };
            let ams = name.contains('/');
            entry.insert("project_name".into(), if ams { "" } else { project }.into());
            if ams || matches!(name, "mc" | "th") {
                entry.insert("loader_ver".into(), loader.into());
            }
        }
        None => {
            entry.insert("loader_ver".into(), loader.into());
            entry.insert("product_name".into(), product.into());
            entry.insert("visible".into(), (!product.is_empty()).into());
        }
    }
    Value::Object(entry)
}

fn ams_modules(model: Model, serial: &str, known: &Fingerprint) -> Vec<Value> {
    let units = Template::of(model).at_rest("ams.ams").and_then(Value::as_array);
    let mut list = Vec::new();
    for unit in units.into_iter().flatten() {
        let id: u32 =
            unit.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok()).unwrap_or(0);
        let info = unit.get("info").and_then(Value::as_str).unwrap_or("");
        let kind = match info.chars().last() {
            Some('2' | '5') => Kind::Lite,
            Some('3') => Kind::TwoPro,
            Some('4') => Kind::Ht,
            None if model == Model::A1 => Kind::Lite,
            _ => Kind::First,
        };
        let (prefix, hw, sw, title, maker) = match kind {
            Kind::First => ("ams", "AMS08", "00.00.06.49", "AMS", "006"),
            Kind::Lite => ("ams_f1", "AMS_F102", "00.00.08.15", "AMS Lite", "03C"),
            Kind::TwoPro => ("n3f", "N3F05", "02.00.19.68", "AMS 2 Pro", "19C"),
            Kind::Ht => ("n3s", "N3S05", "02.00.19.67", "AMS HT", "19F"),
        };
        let product = match kind {
            Kind::Lite if model == Model::A2L => "AMS lite".to_owned(),
            Kind::Lite => title.to_owned(),
            Kind::Ht => format!("{title} ({})", id.saturating_sub(127)),
            _ => format!("{title} ({})", id + 1),
        };
        let sn = part_serial(maker, serial, id);
        let module = ("", hw, sw, "00.00.00.00");
        let mut unit = entry(known, module, sn, &product, false);
        if let Value::Object(unit) = &mut unit {
            unit.insert("name".into(), format!("{prefix}/{id}").into());
            if known.project.is_some() {
                unit.insert("project_name".into(), "".into());
                unit.insert("loader_ver".into(), "00.00.00.00".into());
                unit.insert("ota_ver".into(), "00.00.00.00".into());
            }
        }
        list.push(unit);
    }
    list
}

/// The families of AMS units.
enum Kind {
    First,
    Lite,
    TwoPro,
    Ht,
}

/// A part's serial number, made from the printer's.
fn part_serial(maker: &str, serial: &str, number: u32) -> String {
    let tail: String = serial.chars().skip(5).collect();
    format!("{maker}{:02}{tail}", number % 100)
}

/// The whole reply, with the asker's `sequence_id` as he sent it.
///
/// `firmware` is the one that an upgrade has put in.
pub(super) fn reply(
    model: Model,
    serial: &str,
    firmware: Option<&str>,
    sequence_id: Option<&Value>,
) -> Value {
    let mut info = Map::new();
    info.insert("command".into(), "get_version".into());
    if let Some(id) = sequence_id {
        info.insert("sequence_id".into(), id.clone());
    }
    info.insert("module".into(), modules(model, serial, firmware));
    if fingerprint(model).project.is_some() {
        info.insert("result".into(), "success".into());
        info.insert("reason".into(), "".into());
    }
    json!({ "info": info })
}

const N: &str = "00.00.00.00";

fn fingerprint(model: Model) -> Fingerprint {
    let new = |modules| Fingerprint { project: None, product: model.product_name(), modules };
    let old = |project, modules| Fingerprint { project: Some(project), product: "", modules };
    match model {
        Model::X1C => new(&[
            ("ota", "N/A", "01.09.00.01", N),
            ("ahb", "AHB01", "00.00.00.43", N),
            ("mc", "MC07", "00.00.32.89", "00.00.00.28"),
            ("mc-sub", "N/A", "00.00.32.89", N),
            ("th", "TH09", "00.00.07.12", "00.00.00.14"),
            ("ap", "AP05", "00.00.50.76", "00.00.01.08"),
        ]),
        Model::X1 => Fingerprint {
            product: "",
            ..new(&[
                ("ota", "OTA", "01.08.02.00", N),
                ("rv1126", "AP05", "00.00.28.55", N),
                ("mc", "MC07", "00.00.28.54", "00.00.00.14"),
                ("th", "TH09", "00.00.06.45", "00.00.00.14"),
            ])
        },
        Model::X1E => new(&[
            ("ota", "N/A", "01.01.02.00", N),
            ("ap", "AP02", "00.00.32.18", N),
            ("mc", "MC07", "00.00.29.55", "00.00.00.14"),
            ("th", "TH09", "00.00.06.76", "00.00.00.14"),
        ]),
        Model::P1P => old(
            "C11",
            &[
                ("ota", "OTA", "01.07.00.00", N),
                ("esp32", "AP04", "01.11.32.89", N),
                ("mc", "MC07", "00.00.29.75", "00.00.00.23"),
                ("th", "TH09", "00.00.09.95", "00.00.00.14"),
            ],
        ),
        Model::P1S => old(
            "C12",
            &[
                ("ota", "OTA", "01.08.02.00", N),
                ("esp32", "AP04", "01.12.34.90", N),
                ("mc", "MC07", "00.00.30.80", "00.00.00.23"),
                ("th", "TH09", "00.00.10.02", "00.00.00.14"),
            ],
        ),
        Model::A1 => old(
            "N2S",
            &[
                ("ota", "OTA", "01.05.00.00", N),
                ("esp32", "AP05", "01.13.33.99", N),
                ("mc", "MC02", "00.01.29.83", "00.00.00.32"),
                ("th", "TH01", "00.00.07.69", "00.00.00.26"),
            ],
        ),
        Model::A1Mini => new(&[
            ("ota", "OTA", "01.07.02.00", N),
            ("esp32", "AP05", "01.16.39.58", N),
            ("mc", "MC02", "00.01.30.10", "00.00.00.32"),
            ("th", "TH03", "00.00.07.72", "00.00.00.26"),
        ]),
        Model::A2L => new(&[
            ("ota", "N/A", "01.01.00.00", N),
            ("ap", "AP03", "00.00.20.11", N),
            ("mc", "MC04", "00.01.10.02", N),
            ("th", "TH03", "00.00.08.05", N),
            ("smc", "SMC03", "00.00.04.11", N),
        ]),
        Model::P2S => new(&[
            ("ota", "N/A", "01.01.00.00", N),
            ("ahb", "AHB-N703", "00.00.01.20", N),
            ("th", "TH03", "00.00.09.10", N),
            ("smc", "SMC01", "00.00.05.02", N),
            ("mc", "MC06", "00.00.40.12", N),
            ("ap", "AP04", "00.00.60.10", N),
        ]),
        Model::X2D => new(&[
            ("ota", "N/A", "01.01.00.00", N),
            ("ahb", "AHB-N602", "00.00.01.31", N),
            ("eef", "EEF01", "00.00.00.40", N),
            ("ixmj", "N/A", "00.00.00.12", N),
            ("th", "TH06", "00.00.10.05", N),
            ("smc", "SMC03", "00.00.06.01", N),
            ("mc", "MC12", "00.00.42.07", N),
            ("ap2", "AP04", "00.00.61.15", N),
        ]),
        Model::H2D => new(&[
            ("ota", "N/A", "01.01.02.07", N),
            ("ahb", "AHB02", "02.00.09.67", "00.00.00.21"),
            ("pc", "PC01", "00.00.10.27", "00.00.00.22"),
            ("mc", "MC09", "02.05.57.52", "02.05.57.52"),
            ("mc-sub", "N/A", "02.05.57.52", "02.05.57.52"),
            ("th", "TH08", "02.01.17.55", "00.00.17.22"),
            ("ext", "EXT07", "00.00.08.18", "00.00.01.00"),
            ("smc", "SMC09", "02.01.12.00", "00.00.09.26"),
            ("ap", "AP05", "00.00.51.98", "00.00.01.11"),
        ]),
        Model::H2DPro => new(&[
            ("ota", "N/A", "01.01.00.00", N),
            ("ahb", "AHB02", "02.00.09.67", N),
            ("mc", "MC09", "02.05.57.52", N),
            ("mc-sub", "N/A", "02.05.57.52", N),
            ("th", "TH08", "02.01.17.55", N),
            ("ext", "EXT07", "00.00.08.18", N),
            ("smc", "SMC09", "02.01.12.00", N),
            ("ap", "AP01", "00.00.51.98", N),
        ]),
        Model::H2S => new(&[
            ("ota", "N/A", "01.02.00.00", N),
            ("ahb", "AHB02", "02.00.10.12", N),
            ("mc-sub", "N/A", "02.05.60.11", N),
            ("th", "TH04", "02.01.18.20", N),
            ("smc", "SMC09", "02.01.13.02", N),
            ("mc", "MC09", "02.05.60.11", N),
            ("ap", "AP05", "00.00.52.30", N),
        ]),
        Model::H2C => new(&[
            ("ota", "N/A", "01.01.00.00", N),
            ("ahb", "AHB03", "02.00.11.02", N),
            ("wtm", "N/A", "00.00.02.01", N),
            ("wtm/16", "WTM04", "00.00.02.01", N),
            ("wtm/17", "WTM04", "00.00.02.01", N),
            ("tm", "TM03", "00.00.01.07", N),
            ("ixmj", "N/A", "00.00.00.12", N),
            ("mc-sub", "N/A", "02.05.61.05", N),
            ("th", "TH08", "02.01.18.31", N),
            ("ext", "EXT07", "00.00.08.20", N),
            ("smc", "SMC09", "02.01.13.05", N),
            ("mc", "MC09", "02.05.61.05", N),
            ("ap2", "AP05", "00.00.53.04", N),
        ]),
    }
}

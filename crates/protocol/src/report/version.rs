//! Who a printer is, by what `get_version` lists.

use std::sync::Arc;

use super::{leaf::Leaf, wire::parts::Module};
use crate::{
    Firmware, Model, Serial,
    status::{ModuleVersion, Text},
};

/// What X1Plus (sw_ver 99.x) stands on [D].
const X1PLUS_BASE: Firmware = Firmware::new([1, 8, 2, 0]);

/// What one `get_version` tells.
#[derive(Debug, Clone, Default)]
pub(crate) struct Versions {
    /// All modules, as the status lists them.
    pub(crate) list: Arc<[ModuleVersion]>,
    /// Model by its product name, which leaves no doubt.
    pub(crate) model: Option<Model>,
    /// Model by the hardware of its processor.
    pub(crate) fingerprint: Option<Model>,
    /// Firmware of the printer: the module `ota`.
    pub(crate) firmware: Option<Firmware>,
    /// Serial number of the printer: the module `ota`.
    pub(crate) serial: Option<Serial>,
}

impl Versions {
    pub(crate) fn of(modules: &[Module]) -> Self {
        let list: Arc<[_]> = modules.iter().filter_map(described).collect();
        let ota = list.iter().find(|module| module.name == "ota");
        let firmware = ota.and_then(|ota| ota.firmware.as_deref());
        Self {
            model: by_product_name(&list).or_else(|| by_other_name(&list)),
            fingerprint: by_fingerprint(modules),
            firmware: firmware.and_then(|text| {
                if text.starts_with("99.") { Some(X1PLUS_BASE) } else { text.parse().ok() }
            }),
            serial: ota.and_then(|ota| Serial::new(ota.serial.as_deref()?).ok()),
            list,
        }
    }

    /// The module of a filament unit and its family, by the unit's id (`n3f/2`).
    pub(crate) fn unit(&self, id: u16) -> Option<(&ModuleVersion, &'static str)> {
        self.list.iter().find_map(|module| {
            let (family, number) = module.name.split_once('/')?;
            let model = match family {
                "ams" => "AMS",
                "ams_f1" => "AMS lite",
                "n3f" => "AMS 2 Pro",
                "n3s" => "AMS HT",
                _ => return None,
            };
            (number.parse() == Ok(id)).then_some((module, model))
        })
    }
}

fn described(module: &Module) -> Option<ModuleVersion> {
    let known = |leaf: &Leaf<Text>| leaf.known().filter(|text| !text.is_empty()).cloned();
    Some(ModuleVersion {
        name: module.name.known()?.clone(),
        firmware: known(&module.sw_ver),
        hardware: known(&module.hw_ver),
        serial: known(&module.sn),
        product: known(&module.product_name),
    })
}

fn by_product_name(modules: &[ModuleVersion]) -> Option<Model> {
    modules.iter().find_map(|module| {
        let name = module.product.as_ref()?.trim();
        Model::ALL.into_iter().find(|model| model.product_name() == name)
    })
}

/// What the printer's own module is called, in whatever spelling; not on any other module.
fn by_other_name(modules: &[ModuleVersion]) -> Option<Model> {
    let ota = modules.iter().find(|module| module.name == "ota")?;
    Model::from_name(ota.product.as_ref()?)
}

/// `hw_ver` alone is ambiguous: the project of the main processor decides [L].
fn by_fingerprint(modules: &[Module]) -> Option<Model> {
    fn text(leaf: &Leaf<Text>) -> &str {
        leaf.known().map_or("", |text| text.trim())
    }
    let processor = modules.iter().find(|module| text(&module.hw_ver).starts_with("AP0"))?;
    // The printer's own module names the project, too.
    let printer = modules.iter().find(|module| text(&module.name) == "ota");
    let projects = [Some(processor), printer].into_iter().flatten();
    let project = projects.map(|module| text(&module.project_name)).find(|name| !name.is_empty());
    match (text(&processor.hw_ver), project.unwrap_or_default()) {
        ("AP02", _) => Some(Model::X1E),
        (_, "N1") => Some(Model::A1Mini),
        ("AP04", "C11") => Some(Model::P1P),
        ("AP04", "C12") => Some(Model::P1S),
        ("AP05", "N2S") => Some(Model::A1),
        ("AP05", "") => Some(Model::X1C),
        _ => None,
    }
}

//! Who a printer is, by what `get_version` lists.

use super::wire::parts::Module;
use crate::{Firmware, Model, Serial, status::ModuleVersion};

/// What X1Plus (sw_ver 99.x) stands on [D].
const X1PLUS_BASE: Firmware = Firmware::new([1, 8, 2, 0]);

/// The model that the modules name, by product name or by hardware fingerprint.
pub(crate) fn model(modules: &[Module]) -> Option<Model> {
    by_product_name(modules).or_else(|| by_fingerprint(modules))
}

fn by_product_name(modules: &[Module]) -> Option<Model> {
    modules.iter().find_map(|module| {
        let name = module.product_name.known()?.trim();
        Model::ALL.into_iter().find(|model| model.product_name() == name)
    })
}

/// `hw_ver` alone is ambiguous: the project of the main processor decides [L].
fn by_fingerprint(modules: &[Module]) -> Option<Model> {
    let text = |leaf: &super::leaf::Leaf<crate::status::Text>| {
        leaf.known().map(|text| text.trim().to_owned()).unwrap_or_default()
    };
    let processor = modules.iter().find(|module| text(&module.hw_ver).starts_with("AP0"))?;
    match (&*text(&processor.hw_ver), &*text(&processor.project_name)) {
        ("AP02", _) => Some(Model::X1E),
        (_, "N1") => Some(Model::A1Mini),
        ("AP04", "C11") => Some(Model::P1P),
        ("AP04", "C12") => Some(Model::P1S),
        ("AP05", "N2S") => Some(Model::A1),
        ("AP05", "") => Some(Model::X1C),
        _ => None,
    }
}

/// Firmware of the printer: the module `ota`.
pub(crate) fn firmware(modules: &[Module]) -> Option<Firmware> {
    let text = find(modules, "ota")?.sw_ver.known()?;
    if text.starts_with("99.") { Some(X1PLUS_BASE) } else { text.parse().ok() }
}

/// Serial number of the printer: the module `ota`.
pub(crate) fn serial(modules: &[Module]) -> Option<Serial> {
    let serial = find(modules, "ota")?.sn.known()?;
    Serial::new(serial).ok()
}

fn find<'a>(modules: &'a [Module], name: &str) -> Option<&'a Module> {
    modules.iter().find(|module| module.name.known().is_some_and(|known| known == name))
}

/// The module of a filament unit and its family, by the unit's id (`n3f/2`).
pub(crate) fn unit(modules: &[Module], id: u16) -> Option<(&Module, &'static str)> {
    modules.iter().find_map(|module| {
        let (family, number) = module.name.known()?.split_once('/')?;
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

/// All modules, as the status lists them.
pub(crate) fn list(modules: &[Module]) -> Vec<ModuleVersion> {
    let known = |leaf: &super::leaf::Leaf<crate::status::Text>| {
        leaf.known().filter(|text| !text.is_empty()).cloned()
    };
    modules
        .iter()
        .filter_map(|module| {
            Some(ModuleVersion {
                name: module.name.known()?.clone(),
                firmware: known(&module.sw_ver),
                hardware: known(&module.hw_ver),
                serial: known(&module.sn),
                product: known(&module.product_name),
            })
        })
        .collect()
}

//! Printer models: their names on every wire, and what each one has and bears.
//!
//! The columns are in `capabilities.rs`, the rows in `table.rs` beside it; [V] unless marked.

mod capabilities;
mod table;

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

use crate::{Firmware, Serial};

pub use capabilities::{Camera, Capabilities, Range, Telemetry};

/// A printer model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Model {
    /// X1 Carbon.
    X1C,
    /// X1.
    X1,
    /// X1E.
    X1E,
    /// P1P.
    P1P,
    /// P1S.
    P1S,
    /// P2S.
    P2S,
    /// X2D, two nozzles.
    X2D,
    /// A1 mini.
    A1Mini,
    /// A1.
    A1,
    /// A2L.
    A2L,
    /// H2D, two nozzles.
    H2D,
    /// H2D Pro, two nozzles.
    H2DPro,
    /// H2S.
    H2S,
    /// H2C, two nozzles, one with a rack of six.
    H2C,
}

/// A text that names no known model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown printer model {0:?}; known are {known}", known = Model::names())]
pub struct UnknownModel(String);

impl Model {
    /// Every model.
    pub const ALL: [Self; 14] = [
        Self::X1C,
        Self::X1,
        Self::X1E,
        Self::P1P,
        Self::P1S,
        Self::P2S,
        Self::X2D,
        Self::A1Mini,
        Self::A1,
        Self::A2L,
        Self::H2D,
        Self::H2DPro,
        Self::H2S,
        Self::H2C,
    ];

    /// The short name people use, such as `P1S` or `A1 mini`.
    pub fn name(self) -> &'static str {
        self.capabilities().name
    }

    /// The model code of SSDP, the detect probe and 3MF files, such as `C12`.
    pub fn code(self) -> &'static str {
        self.capabilities().code
    }

    /// What `get_version` of current firmware calls it, such as `Bambu Lab P1S`.
    pub fn product_name(self) -> &'static str {
        self.capabilities().product_name
    }

    /// The first three characters of its serial numbers.
    pub fn serial_prefix(self) -> &'static str {
        self.capabilities().serial_prefix
    }

    /// What this model has and bears.
    pub fn capabilities(self) -> &'static Capabilities {
        table::capabilities(self)
    }

    /// The model by the serial number's first three characters.
    pub fn from_serial(serial: &Serial) -> Option<Self> {
        let prefix = serial.as_str().get(..3)?;
        Self::ALL.into_iter().find(|m| m.serial_prefix().eq_ignore_ascii_case(prefix))
    }

    /// The model by its code, old and new spelling (`C12`, `O1D-V2`, `3DPrinter-X1`).
    pub fn from_code(code: &str) -> Option<Self> {
        let code = code.trim();
        Self::ALL.into_iter().find(|m| {
            let known = m.capabilities();
            known.code == code || known.code_aliases.contains(&code)
        })
    }

    /// The model by any name that a wire or a person gives it: code, short name, product name,
    /// marketing name (`X1 Carbon`); case, spaces and hyphens do not matter.
    pub fn from_name(name: &str) -> Option<Self> {
        let plain = |text: &str| -> String {
            let text = text.to_ascii_lowercase();
            let text = text.trim().strip_prefix("bambu lab ").unwrap_or(text.trim());
            text.chars().filter(|c| c.is_ascii_alphanumeric()).collect()
        };
        let wanted = plain(name);
        Self::from_code(name).or_else(|| {
            Self::ALL.into_iter().find(|m| {
                let known = m.capabilities();
                plain(known.name) == wanted
                    || plain(known.product_name) == wanted
                    || known.other_names.iter().any(|other| plain(other) == wanted)
            })
        })
    }

    /// Whether commands of the `print` section must be signed on this firmware unless Developer
    /// Mode is on; `None` when that is not known for the model. A hint only: bit 29 of `fun`
    /// decides where it is sent.
    pub fn authorization_control(self, firmware: Firmware) -> Option<bool> {
        self.capabilities().authorization_control_from.map(|from| firmware >= Firmware::new(from))
    }

    /// Whether it prints what was sliced for this model: its own files, those of the X1 and P1 family
    /// among each other, and H2D and H2D Pro each other's. [V]
    pub fn prints_files_of(self, file: Self) -> bool {
        const FAMILIES: [&[Model]; 2] = [
            &[Model::X1C, Model::X1, Model::X1E, Model::P1P, Model::P1S],
            &[Model::H2D, Model::H2DPro],
        ];
        let both = |family: &&[Self]| family.contains(&self) && family.contains(&file);
        self == file || FAMILIES.iter().any(both)
    }

    fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Model {
    type Err = UnknownModel;

    fn from_str(text: &str) -> Result<Self, UnknownModel> {
        Self::from_name(text).ok_or_else(|| UnknownModel(text.chars().take(60).collect()))
    }
}

impl Serialize for Model {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_is_found_by_each_of_its_names() {
        for model in Model::ALL {
            let known = model.capabilities();
            assert_eq!(Model::from_code(known.code), Some(model));
            assert_eq!(Model::from_name(known.name), Some(model));
            assert_eq!(Model::from_name(known.product_name), Some(model));
            let serial = Serial::new(&format!("{}00A000000001", known.serial_prefix)).unwrap();
            assert_eq!(Model::from_serial(&serial), Some(model));
        }
        assert_eq!("x1-carbon".parse(), Ok(Model::X1C));
        assert_eq!("h2dpro".parse(), Ok(Model::H2DPro));
        assert_eq!("a1mini".parse(), Ok(Model::A1Mini));
        assert!("toaster".parse::<Model>().is_err());
    }

    #[test]
    fn files_fit_within_a_family_and_nowhere_else() {
        assert!(Model::X1C.prints_files_of(Model::P1S) && Model::P1P.prints_files_of(Model::X1E));
        assert!(Model::H2DPro.prints_files_of(Model::H2D));
        assert!(
            !Model::A1.prints_files_of(Model::A1Mini) && !Model::H2S.prints_files_of(Model::H2D)
        );
        assert!(Model::ALL.iter().all(|model| model.prints_files_of(*model)));
    }

    #[test]
    fn authorization_control_starts_with_its_firmware() {
        let old = "01.07.00.00".parse().unwrap();
        let new = "01.08.02.00".parse().unwrap();
        assert_eq!(Model::P1S.authorization_control(old), Some(false));
        assert_eq!(Model::P1S.authorization_control(new), Some(true));
        assert_eq!(Model::X1E.authorization_control(new), None);
    }
}

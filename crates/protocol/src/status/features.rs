//! What a machine says that it can do (`fun`, `fun2`, `flag3`, `home_flag`).

/// What a machine says that it can do; not part of the JSON document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Features {
    bits: u64,
    fun: bool,
    fun2: bool,
}

/// One thing that a machine can do. [V]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Feature {
    /// Stands on 220 V mains (`fun` bit 2, `home_flag` bit 3).
    Mains220V,
    /// Checks signatures: Developer Mode is off (`fun` bit 29) [L].
    SignedCommands,
    /// Takes files on port 6000 (`fun` bit 31).
    FileTunnel,
    /// Homes by `back_to_center` (`fun` bit 32).
    HomeCommand,
    /// Jogs by `xyz_ctrl` (`fun` bit 38).
    JogCommand,
    /// Heats its bed by `set_bed_temp` (`fun` bit 39).
    SetBedTemp,
    /// Has a filter in its cooling air duct (`fun` bit 46).
    CoolingFilter,
    /// Leaves objects out (`fun` bit 49).
    SkipObjects,
    /// Has a nozzle rack (`fun` bit 60).
    NozzleRack,
    /// Does something when its door is open (`fun` bit 12).
    DoorCheck,
    /// Cools idle hot nozzles (`fun` bit 62).
    IdleProtection,
    /// Cleans the air after a job (`fun2` bit 4).
    AirPurification,
    /// Dries on command (`fun2` bit 5).
    RemoteDrying,
    /// Names external spools by their own ids (`flag3` bit 9, and all with `fun`).
    VirtualTrays,
}

const FUN: [(Feature, u32); 11] = [
    (Feature::Mains220V, 2),
    (Feature::DoorCheck, 12),
    (Feature::SignedCommands, 29),
    (Feature::FileTunnel, 31),
    (Feature::HomeCommand, 32),
    (Feature::JogCommand, 38),
    (Feature::SetBedTemp, 39),
    (Feature::CoolingFilter, 46),
    (Feature::SkipObjects, 49),
    (Feature::NozzleRack, 60),
    (Feature::IdleProtection, 62),
];
const FUN2: [(Feature, u32); 2] = [(Feature::AirPurification, 4), (Feature::RemoteDrying, 5)];

impl Features {
    /// Reads the four fields of a report; absent ones are `None`.
    pub fn from_wire(
        fun: Option<u64>,
        fun2: Option<u64>,
        flag3: Option<u64>,
        home_flag: Option<u64>,
    ) -> Self {
        let set = |word: Option<u64>, index: u32| word.is_some_and(|word| word >> index & 1 == 1);
        let mut features = Self { bits: 0, fun: fun.is_some(), fun2: fun2.is_some() };
        for (feature, index) in FUN {
            features = features.with(feature, set(fun, index));
        }
        for (feature, index) in FUN2 {
            features = features.with(feature, set(fun2, index));
        }
        features
            .with(Feature::Mains220V, set(home_flag, 3))
            .with(Feature::VirtualTrays, fun.is_some() || set(flag3, 9))
    }

    /// The same with one more feature, when `on`.
    #[must_use]
    pub fn with(mut self, feature: Feature, on: bool) -> Self {
        self.bits |= u64::from(on) << feature as u8;
        self
    }

    /// Whether the machine says that it can. False, too, where it says nothing.
    pub fn has(self, feature: Feature) -> bool {
        self.bits >> feature as u8 & 1 == 1
    }

    /// Whether the machine can do it, or is of those that do not tell.
    pub fn may_have(self, feature: Feature) -> bool {
        let is_told = if FUN2.iter().any(|(f, _)| *f == feature) { self.fun2 } else { self.fun };
        self.has(feature) || !is_told
    }
}

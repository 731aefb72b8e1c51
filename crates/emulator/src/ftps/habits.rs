//! What differs from model to model in how files are served.

use bambu_protocol::Model;

/// The habits of a model's server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    /// What it says first, after `220 `.
    pub(super) banner: &'static str,
    /// Data connections have to resume the TLS session of the control connection [L].
    pub(super) demands_reuse: bool,
    /// `PROT C` is followed; elsewhere a file in the clear is refused.
    pub(super) allows_clear: bool,
    /// `PASV` names 0.0.0.0.
    pub(super) hides_address: bool,
    /// `NLST` repeats the path that was asked for.
    pub(super) prefixes_names: bool,
    /// An upload whose TLS ends without a goodbye is answered 426.
    pub(super) wants_goodbye: bool,
    /// `AVBL` is known.
    pub(super) tells_room: bool,
}

/// Seen on a P2S [L].
const P2S: Habits = Habits {
    banner: "(vsFTPd 3.0.5)",
    demands_reuse: true,
    allows_clear: false,
    hides_address: true,
    prefixes_names: false,
    wants_goodbye: true,
    tells_room: false,
};
/// Like a P2S as far as anybody knows [G].
const H2: Habits = Habits { wants_goodbye: false, ..P2S };
const X1: Habits = Habits { hides_address: false, prefixes_names: true, tells_room: true, ..H2 };
/// It is no vsFTPd, by what its peers do about it [G].
const P1: Habits = Habits { banner: "Welcome", prefixes_names: false, tells_room: false, ..X1 };
/// It takes data connections of any session, and in the clear where it is asked to [L].
const A1: Habits = Habits { demands_reuse: false, allows_clear: true, ..P1 };

impl Habits {
    pub(super) fn of(model: Model) -> &'static Self {
        match model {
            Model::P2S => &P2S,
            Model::H2D | Model::H2DPro | Model::H2C | Model::H2S | Model::X2D => &H2,
            Model::X1C | Model::X1 | Model::X1E => &X1,
            Model::P1P | Model::P1S => &P1,
            Model::A1 | Model::A1Mini | Model::A2L => &A1,
        }
    }
}

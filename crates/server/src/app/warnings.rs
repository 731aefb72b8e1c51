//! What the owner should know before the servers run.

use super::{Bound, parts::Parts};
use crate::{
    config::Config,
    faces::{Face, camera::Wall},
};

/// A sentence for each thing: "cause; next step".
pub(super) fn of(config: &Config, faces: &[Bound], parts: &Parts) -> Vec<String> {
    let mut warnings = Vec::new();
    let open = |bound: &&Bound| !bound.address.ip().to_canonical().is_loopback();
    for bound in faces.iter().filter(open) {
        let (name, address) = (bound.face.name(), bound.address);
        if config.server.tls.is_none() {
            warnings.push(format!(
                "{name} listens on {address} without TLS, so all that goes over it, tokens too, can \
                 be read on the way; write tls = \"made\" under [server], or listen on 127.0.0.1"
            ));
        }
        if bound.face == Face::Camera && !parts.wall.as_ref().is_some_and(Wall::has_token) {
            warnings.push(format!(
                "{name} listens on {address} without a token, so everybody in the network can look \
                 through the cameras; write token under [camera], or listen on 127.0.0.1"
            ));
        }
        if bound.face == Face::Compat && parts.password.is_none() {
            warnings.push(format!(
                "{name} listens on {address} without a token, so everybody in the network can ask \
                 it; write token under [compat], or listen on 127.0.0.1"
            ));
        }
    }
    if config.server.open_metrics && faces.iter().any(|bound| open(&bound)) {
        warnings.push(
            "everybody in the network can read /metrics; leave open_metrics out to ask for a token"
                .to_owned(),
        );
    }
    if let Some(compat) = &parts.compat {
        warnings.extend_from_slice(compat.warnings());
    }
    if faces.iter().any(|bound| matches!(bound.face, Face::ProxyStrict | Face::ProxyFull)) {
        if parts.tokens.count() == 0 {
            warnings.push(
                "no token is known, so the proxy refuses every request; make one with bambu token"
                    .to_owned(),
            );
        }
        warnings.extend(parts.tokens.warnings());
    }
    warnings
}

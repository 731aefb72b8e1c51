//! Before any route of a proxy answers: who asks, and whether they may still ask. Tells and counts
//! both. What may come in at all was judged in `gate.rs`.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, Request},
    response::{IntoResponse, Response},
};

use super::Parts;
use crate::{
    auth::{AuthError, Caller},
    limits::{Group, Key},
    trace::{self, Who},
};

impl Parts {
    /// Counts a request for its token, and for its address where that is not known; answers it while
    /// there are not too many.
    pub(super) async fn admitted(
        &self,
        request: Request,
        answer: impl AsyncFnOnce(Result<Arc<Caller>, AuthError>, Request) -> Response,
    ) -> Response {
        let group = Group::of(request.uri().path());
        let caller = self.tokens.check(request.headers());
        let known = caller.as_deref().ok();
        let token = known.map_or_else(trace::nobody, |caller| caller.name.clone());
        let own = known.and_then(|caller| caller.limit);
        let mut response = match self.limits.take(&Key::of(known, peer(&request)), group, own) {
            Ok(quota) => {
                let mut response = answer(caller, request).await;
                quota.write(response.headers_mut());
                response
            }
            Err(exceeded) => {
                self.metrics.limited(&token, group.name());
                exceeded.into_response()
            }
        };
        response.extensions_mut().insert(Who { token, group: group.name() });
        response
    }

    /// The same for routes that want a token.
    pub(super) async fn known<R: IntoResponse>(
        &self,
        request: Request,
        answer: impl AsyncFnOnce(&Arc<Caller>, Request) -> R,
    ) -> Response {
        self.admitted(request, async |caller, request| match caller {
            Ok(caller) => answer(&caller, request).await.into_response(),
            Err(error) => error.into_response(),
        })
        .await
    }
}

fn peer(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |ConnectInfo(peer)| peer.ip())
}

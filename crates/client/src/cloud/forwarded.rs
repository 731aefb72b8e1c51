//! Calls that somebody else makes through us: their place in the account's budget, and what a
//! refusal of them means. Our own calls are in `cloud/call.rs`; the ledger is in `cloud/budget.rs`.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::{Method, header::HeaderMap};
use url::Url;

use super::{Budget, CloudError, Group, budget::Ledger, call::Reply, http};
use crate::{endpoint::Endpoint, token::Token};

/// What errors name instead of the path, which may hold what is nobody's business.
const ROUTE: &str = "/v1/...";

/// One account's budget at one host, the same that every [`Cloud`](super::Cloud) of this process keeps to.
/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Allowance(Arc<Ledger>);

impl Allowance {
    /// That of a token's account at an endpoint, kept by this budget.
    ///
    /// # Errors
    /// [`CloudError::Setup`] when the endpoint's address is none.
    pub fn of(endpoint: &Endpoint, token: &Token, budget: Budget) -> Result<Self, CloudError> {
        let api = Url::parse(&endpoint.api_url);
        let api = api.map_err(|error| CloudError::Setup(Box::new(error)))?;
        Ok(Self(Ledger::shared(&http::host(&api), Some(token), budget)))
    }

    /// Counts a call that leaves now.
    ///
    /// # Errors
    /// [`CloudError::OverBudget`]: it must not leave now, and is not counted. Nothing is waited
    /// for, since whoever asks through us has a patience of their own.
    pub fn take(&self, method: &Method, path: &str) -> Result<(), CloudError> {
        self.0.take(Group::of(method, path))
    }

    /// What an answer is that is no success; when the cloud asks for quiet, the account's calls of
    /// that kind keep quiet. `secrets` are struck out of the text.
    pub fn refused(
        &self,
        (method, path): (&Method, &str),
        (status, headers, body): (u16, &HeaderMap, Bytes),
        secrets: &[&Token],
    ) -> CloudError {
        let secrets = secrets.iter().map(|token| token.reveal().to_owned()).collect();
        let reply = Reply { status, headers: headers.clone(), body, route: ROUTE, secrets };
        let error = reply.refusal();
        if let Some(wait) = error.retry_after() {
            self.0.hold(Group::of(method, path), wait);
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        Roots,
        cloud::{Cloud, Manners, Rate},
    };

    const BIND: &str = "/v1/iot-service/api/user/bind";

    fn endpoint(port: u16) -> Endpoint {
        let base = crate::Region::Global.endpoint();
        base.with_api_url(&format!("http://127.0.0.1:{port}")).unwrap()
    }

    #[tokio::test]
    async fn a_forwarded_call_and_one_of_ours_share_the_accounts_budget() {
        let budget = Budget::custom([(Group::Devices, Rate::new(2, Duration::from_secs(60)))])
            .with_patience(Duration::ZERO);
        // Nobody listens there: the call is counted and fails.
        let (endpoint, token) = (endpoint(9), Token::new("AQAshared"));
        let manners = Manners { budget, retries: 0, possession: None };
        let cloud = Cloud::with(&endpoint, Some(token.clone()), &Roots::public(), manners).unwrap();
        assert!(cloud.devices().await.unwrap_err().is_unreachable());

        let allowance = Allowance::of(&endpoint, &token, budget).unwrap();
        allowance.take(&Method::GET, BIND).unwrap();
        let over = allowance.take(&Method::GET, BIND).unwrap_err();
        assert!(over.is_limited() && over.retry_after().unwrap() > Duration::from_secs(50));
        assert!(cloud.devices().await.unwrap_err().is_limited());
        allowance.take(&Method::GET, "/v1/user-service/my/tasks").unwrap();

        let other = Allowance::of(&endpoint, &Token::new("AQAother"), budget).unwrap();
        other.take(&Method::GET, BIND).unwrap();
    }

    #[test]
    fn a_cloud_that_asks_for_quiet_is_given_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _within = runtime.enter();
        let token = Token::new("AQAquiet");
        let allowance = Allowance::of(&endpoint(10), &token, Budget::off()).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "7".parse().unwrap());
        let body = Bytes::from_static(br#"{"message":"not so fast, AQAquiet"}"#);
        let call = (&Method::GET, BIND);
        let error = allowance.refused(call, (429, &headers, body), &[&token]);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        assert!(!error.to_string().contains("AQAquiet"), "{error}");
        assert!(allowance.take(&Method::GET, BIND).unwrap_err().is_limited());
    }
}

//! The registry protocol: OCI distribution, Docker's v2, under `/v2/`.
//!
//! Source: <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>.

mod answer;
mod blobs;
mod manifests;
mod place;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HOST, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, Method, Response};
use weft_net::Body;
use weft_service::{BoxFuture, Context, ImageRegistry, RegistryRequest};
use weft_types::{AccountId, Region, Timestamp};

use crate::Ecr;
use crate::names::RepoName;
use crate::registry::answer::{Refusal, Result};
use crate::registry::place::{Place, query};
use crate::token::Signer;

/// How long the address of a layer is good.
const ADDRESS_LIFETIME: Duration = Duration::from_hours(1);

/// Path and query of the address of a layer.
pub(crate) fn layer_address(signer: &Signer, name: &RepoName, digest: &str, now: Timestamp) -> String {
    let expires = now.plus(ADDRESS_LIFETIME).as_millis() / 1000;
    let RepoName { account, region, name } = name;
    let address = format!("/v2/{name}/blobs/{digest}?account={account}&region={region}&expires={expires}");
    let signature = signer.sign(&address);
    format!("{address}&signature={signature}")
}

/// One request with who asks it.
struct Exchange<'a> {
    ecr: &'a Ecr,
    cx: Context,
    /// The registry: whose, and where.
    registry: (AccountId, Region),
    parts: Parts,
}

impl ImageRegistry for Ecr {
    fn serve(&self, request: RegistryRequest) -> BoxFuture<'_, Response<Body>> {
        Box::pin(async move {
            let host = header(&request.parts.headers, HOST.as_str()).unwrap_or("localhost").to_owned();
            let head = request.parts.method == Method::HEAD;
            let mut response =
                self.answer(request).await.unwrap_or_else(|refusal| refusal.into_response(&host));
            if head {
                *response.body_mut() = weft_net::empty();
            }
            let version = http::HeaderValue::from_static("registry/2.0");
            response.headers_mut().insert("docker-distribution-api-version", version);
            response
        })
    }
}

impl Ecr {
    async fn answer(&self, request: RegistryRequest) -> Result {
        let RegistryRequest { parts, body, peer, secure, request_id } = request;
        if let Some(answer) = self.signed_layer(&parts).await {
            return answer;
        }
        let (mut cx, registry) = self.caller(&parts).await?;
        (cx.source_ip, cx.secure, cx.request_id) = (Some(peer), secure, request_id);
        cx.host = header(&parts.headers, HOST.as_str()).map(Arc::from);
        cx.user_agent = header(&parts.headers, USER_AGENT.as_str()).map(Arc::from);
        let place = Place::parse(parts.uri.path())?;
        let exchange = Exchange { ecr: self, cx, registry, parts };
        exchange.follow(place, body).await
    }

    /// A layer whose address was signed.
    async fn signed_layer(&self, parts: &Parts) -> Option<Result> {
        let address = parts.uri.path_and_query()?.as_str();
        let (address, signature) = address.split_once("&signature=")?;
        if !self.signer.is_signed(address, signature) {
            return None;
        }
        let of = |name| query(&parts.uri, name);
        let expires: i64 = of("expires")?.parse().ok()?;
        if expires < self.clock.now().as_millis() / 1000 {
            return None;
        }
        let (account, region) =
            (AccountId::parse(&of("account")?).ok()?, Region::parse(&of("region")?).ok()?);
        let Ok(Place::Blob { name, digest }) = Place::parse(parts.uri.path()) else { return None };
        let name = RepoName { account, region, name };
        Some(blobs::get(self, &name, &digest, parts).await)
    }

    /// Who asks, by the password of `GetAuthorizationToken`, and which registry is meant.
    async fn caller(&self, parts: &Parts) -> std::result::Result<(Context, (AccountId, Region)), Refusal> {
        let basic = header(&parts.headers, AUTHORIZATION.as_str()).and_then(|text| text.split_once(' '));
        let basic =
            basic.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic")).map(|(_, text)| text.trim());
        let text =
            basic.and_then(|text| STANDARD.decode(text).ok()).and_then(|text| String::from_utf8(text).ok());
        let password = text.as_deref().and_then(|text| text.strip_prefix("AWS:"));
        let opened = password.and_then(|password| self.signer.open(password, self.clock.now()));
        let (password, region) = opened.ok_or_else(Refusal::unauthorized)?;
        let dispatch =
            self.dispatch.get().and_then(std::sync::Weak::upgrade).ok_or_else(Refusal::unavailable)?;
        let named = header(&parts.headers, HOST.as_str()).and_then(registry_of_host);
        let registry = named.unwrap_or((password.account, region));
        let cx = dispatch
            .context_for_key("ecr", &password.key, password.session.as_deref(), registry.1.clone())
            .await
            .map_err(|_| Refusal::unauthorized())?;
        Ok((cx, registry))
    }
}

/// The registry that AWS's host names mean: `<account>.dkr.ecr.<region>.…`.
fn registry_of_host(host: &str) -> Option<(AccountId, Region)> {
    let (account, rest) = host.split_once(".dkr.ecr.")?;
    Some((AccountId::parse(account).ok()?, Region::parse(rest.split('.').next()?).ok()?))
}

/// A header's text.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

impl Exchange<'_> {
    fn repo(&self, name: String) -> RepoName {
        let (account, region) = self.registry.clone();
        RepoName { account, region, name }
    }

    async fn follow(self, place: Place, body: Body) -> Result {
        let method = self.parts.method.clone();
        match (place, method) {
            (Place::Root, Method::GET | Method::HEAD) => {
                answer::json(http::StatusCode::OK, &serde_json::json!({}))
            }
            (Place::Blob { name, digest }, Method::GET | Method::HEAD) => self.blob(name, digest).await,
            (Place::Uploads { name }, Method::POST) => self.begin(name, body).await,
            (Place::Upload { name, id }, Method::GET) => self.upload_status(name, id).await,
            (Place::Upload { name, id }, Method::PATCH) => self.append(name, id, body).await,
            (Place::Upload { name, id }, Method::PUT) => self.complete(name, id, body).await,
            (Place::Upload { name, id }, Method::DELETE) => self.cancel(name, id).await,
            (Place::Manifest { name, reference }, Method::GET | Method::HEAD) => {
                self.manifest(name, reference).await
            }
            (Place::Manifest { name, reference }, Method::PUT) => {
                self.put_manifest(name, reference, body).await
            }
            (Place::Manifest { name, reference }, Method::DELETE) => {
                self.delete_manifest(name, reference).await
            }
            (Place::Tags { name }, Method::GET) => self.tags(name).await,
            _ => Err(Refusal::new(405, "UNSUPPORTED", "The operation is unsupported.")),
        }
    }
}

//! Tokens of issuers (RFC 7519), signed with RS256.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};
use weft_types::AccountId;

use super::compile::LiveAuthorizer;
use super::records::JwtConfiguration;
use super::rsa::PublicKey;
use crate::ApiGateway;
use crate::data::request::Incoming;
use crate::data::upstream::Sent;

/// How long an issuer's keys are used, and how soon they are asked for again where a token names another.
const KEYS_TTL: Duration = Duration::from_hours(2);
const KEYS_AGAIN: Duration = Duration::from_secs(10);
/// How long an issuer may take, in all.
const ISSUER_TIMEOUT: Duration = Duration::from_secs(5);
/// Keys of an issuer.
const KEYS_MAX: usize = 100;
/// Bytes of a token.
const TOKEN_BYTES_MAX: usize = 16 << 10;
/// Seconds by which clocks may differ.
const LEEWAY: i64 = 5;

type Known = (Instant, Arc<Vec<(Option<String>, PublicKey)>>);

/// The keys of an authorizer's issuer.
#[derive(Debug, Default)]
pub(crate) struct Keys(Mutex<Option<Known>>);

impl Keys {
    fn get(&self) -> Option<Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, known: Known) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
    }
}

/// A token, taken apart; nothing of it is believed yet.
struct Token<'t> {
    key_id: Option<String>,
    claims: Json,
    signed: &'t str,
    signature: Vec<u8>,
}

impl<'t> Token<'t> {
    fn parse(token: &'t str) -> Result<Self, &'static str> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err("the token is too long");
        }
        let (signed, signature) = token.rsplit_once('.').ok_or("the token has no signature")?;
        let (header, claims) = signed.split_once('.').ok_or("the token has no claims")?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| "the token is not base64");
        let header: Json = serde_json::from_slice(&decode(header)?).map_err(|_| "the head is not JSON")?;
        // Whoever signs may not choose to sign with nothing.
        if header["alg"] != "RS256" {
            return Err("the token is not signed with RS256");
        }
        let claims = serde_json::from_slice(&decode(claims)?).map_err(|_| "the claims are not JSON")?;
        let key_id = header["kid"].as_str().map(str::to_owned);
        Ok(Self { key_id, claims, signed, signature: decode(signature)? })
    }

    fn is_signed_by(&self, keys: &[(Option<String>, PublicKey)]) -> bool {
        let digest: [u8; 32] = Sha256::digest(self.signed.as_bytes()).into();
        keys.iter()
            .filter(|(id, _)| self.key_id.is_none() || id.is_none() || *id == self.key_id)
            .any(|(_, key)| key.verify(&digest, &self.signature))
    }
}

/// Checks what a token claims: who issued it, for whom, and when.
fn check_claims(claims: &Json, settings: &JwtConfiguration, now: i64) -> Result<(), &'static str> {
    let issuer = settings.issuer.as_deref().unwrap_or_default();
    if claims["iss"].as_str() != Some(issuer) {
        return Err("another issuer");
    }
    let audience: Vec<&str> = match &claims["aud"] {
        Json::String(one) => vec![one],
        Json::Array(all) => all.iter().filter_map(Json::as_str).collect(),
        // Access tokens of some issuers name the client instead.
        _ => claims["client_id"].as_str().into_iter().collect(),
    };
    if !audience.iter().any(|one| settings.audience.iter().any(|known| known == one)) {
        return Err("another audience");
    }
    #[allow(clippy::cast_possible_truncation, reason = "seconds, far from the bounds")]
    let time = |name: &str| claims[name].as_f64().map(|seconds| seconds as i64);
    let expires = time("exp").ok_or("no time at which it expires")?;
    if now >= expires + LEEWAY {
        return Err("it has expired");
    }
    if time("nbf").is_some_and(|begins| now + LEEWAY < begins) {
        return Err("it is not valid yet");
    }
    if time("iat").is_some_and(|issued| now + LEEWAY < issued) {
        return Err("it was issued in the future");
    }
    Ok(())
}

impl ApiGateway {
    /// The claims of a token that may be believed.
    pub(crate) async fn check_token(
        &self,
        account: AccountId,
        incoming: &Incoming,
        authorizer: &LiveAuthorizer,
        settings: &JwtConfiguration,
        token: &str,
    ) -> Result<Json, String> {
        let token = Token::parse(token)?;
        check_claims(&token.claims, settings, incoming.now.as_seconds())?;
        let issuer = settings.issuer.as_deref().unwrap_or_default();
        let now = Instant::now();
        let known = authorizer.keys.get();
        if let Some((at, keys)) = &known {
            let age = now.duration_since(*at);
            if age < KEYS_TTL && token.is_signed_by(keys) {
                return Ok(token.claims);
            }
            if age < KEYS_AGAIN {
                return Err("no key of the issuer fits".to_owned());
            }
        }
        let keys = Arc::new(self.issuers_keys(account, incoming, issuer).await?);
        authorizer.keys.keep((now, Arc::clone(&keys)));
        if token.is_signed_by(&keys) { Ok(token.claims) } else { Err("no key of the issuer fits".to_owned()) }
    }

    /// Asks an issuer for its keys, where its configuration says they are.
    async fn issuers_keys(
        &self,
        account: AccountId,
        incoming: &Incoming,
        issuer: &str,
    ) -> Result<Vec<(Option<String>, PublicKey)>, String> {
        let configuration = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let configuration = self.fetch(account, incoming, configuration).await?;
        let place = configuration["jwks_uri"].as_str().ok_or("the issuer does not say where its keys are")?;
        let keys = self.fetch(account, incoming, place.to_owned()).await?;
        let keys = keys["keys"].as_array().ok_or("the issuer's keys cannot be read")?;
        Ok(keys.iter().take(KEYS_MAX).filter_map(key).collect())
    }

    async fn fetch(&self, account: AccountId, incoming: &Incoming, uri: String) -> Result<Json, String> {
        let sent =
            Sent { method: "GET".to_owned(), uri, headers: HeaderMap::new(), body: bytes::Bytes::new() };
        let answer = self.ask(account, incoming, sent, ISSUER_TIMEOUT).await;
        let answer = answer.map_err(|failure| format!("the issuer does not answer: {failure:?}"))?;
        if !answer.status.is_success() {
            return Err(format!("the issuer answers {}", answer.status));
        }
        serde_json::from_slice(&answer.body).map_err(|error| error.to_string())
    }
}

/// A key of a set (RFC 7517), where it is for signatures of RSA.
fn key(json: &Json) -> Option<(Option<String>, PublicKey)> {
    let is = |name: &str, value: &str| json[name].as_str().is_none_or(|found| found == value);
    if json["kty"] != "RSA" || !is("use", "sig") || !is("alg", "RS256") {
        return None;
    }
    let number = |name: &str| URL_SAFE_NO_PAD.decode(json[name].as_str()?).ok();
    let key = PublicKey::new(&number("n")?, &number("e")?)?;
    Some((json["kid"].as_str().map(str::to_owned), key))
}

/// The scopes of a token: `scope` or `scp`, a text or a list.
pub(crate) fn scopes(claims: &Json) -> Vec<String> {
    let found = if claims["scope"].is_null() { &claims["scp"] } else { &claims["scope"] };
    match found {
        Json::String(text) => text.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
        Json::Array(all) => all.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Claims as functions see them: all of them texts.
pub(crate) fn texts(claims: &Json) -> Json {
    let text = |value: &Json| match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                .collect();
            format!("[{}]", items.join(" "))
        }
        other => other.to_string(),
    };
    let claims = claims.as_object().into_iter().flatten();
    let texts: Map<String, Json> = claims.map(|(name, value)| (name.clone(), json!(text(value)))).collect();
    Json::Object(texts)
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
pub(crate) mod tests;

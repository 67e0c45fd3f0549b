//! Downloads of archives: addresses that are good for ten minutes and for one archive, as those of AWS are.
//!
//! An address says what it is for, until when, and carries an HMAC over both with a secret of this installation, so that whoever has
//! it needs no key and can make no other. Code that was built here has no archive, and so no address.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::TryStreamExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use weft_net::{Body, BoxError, empty, full, streamed};
use weft_service::workload::CODE_PATH;
use weft_service::{Context, Error, random_bytes};
use weft_store::{BlobError, Digest, Record, Table};
use weft_types::Timestamp;

use crate::Lambda;
use crate::function::{Code, Origin};

/// How long an address is good. Source: <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html>.
const LIFETIME: Duration = Duration::from_mins(10);

/// What the secret is used for, so that it can be used for something else, too.
const PURPOSE: &str = "code";

/// The secret, in the only row.
const SECRETS: Table<(String,), Secret> = Table::new("download-secrets");

/// With what addresses are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Secret {
    key: [u8; 32],
}

impl Record for Secret {}

/// The secret, once it is known.
#[derive(Default)]
pub(crate) struct Downloads {
    secret: OnceLock<Secret>,
}

/// Path and query of the address of an archive.
struct Link<'a> {
    /// The archive's digest.
    name: &'a str,
    /// Seconds since 1970.
    expires: &'a str,
}

impl Link<'_> {
    fn mac(&self, secret: Secret) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret.key).expect("HMAC takes keys of every length");
        mac.update(format!("{PURPOSE}\n{}\n{}", self.name, self.expires).as_bytes());
        mac
    }

    fn signed(&self, secret: Secret) -> String {
        let signature = URL_SAFE_NO_PAD.encode(self.mac(secret).finalize().into_bytes());
        format!("{CODE_PATH}{}?expires={}&signature={signature}", self.name, self.expires)
    }
}

/// The archive that an address is good for, or why it is not.
fn verify(secret: Secret, path: &str, query: &str, now: Timestamp) -> Result<Digest, Refused> {
    let read = || {
        let name = path.strip_prefix(CODE_PATH)?;
        let (expires, signature) = query.strip_prefix("expires=")?.split_once("&signature=")?;
        let link = Link { name, expires };
        link.mac(secret).verify_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        Some((name.parse().ok()?, expires.parse().ok()?))
    };
    let (digest, expires): (Digest, i64) = read().ok_or(Refused::Forged)?;
    if now.as_seconds() > expires { Err(Refused::Expired) } else { Ok(digest) }
}

/// Why there is no download, as S3 tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    Forged,
    Expired,
    Gone,
    Method,
    Failed,
}

impl Refused {
    fn into_response(self, request_id: &str) -> Response<Body> {
        let (status, code, message) = match self {
            Self::Forged => (
                StatusCode::FORBIDDEN,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your key and \
                 signing method.",
            ),
            Self::Expired => (StatusCode::FORBIDDEN, "AccessDenied", "Request has expired"),
            Self::Gone => (StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist."),
            Self::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
            ),
            Self::Failed => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalError",
                "We encountered an internal error. Please try again.",
            ),
        };
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
             <RequestId>{request_id}</RequestId></Error>"
        );
        let mut response = Response::new(full(body));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        if self == Self::Method {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}

impl Lambda {
    /// Where the caller can download an archive for ten minutes; none for code that was built here.
    pub(crate) async fn location(&self, cx: &Context, code: &Code) -> Result<Option<String>, Error> {
        let Origin::Archive(name) = &code.origin else { return Ok(None) };
        let expires = cx.scope.now.plus(LIFETIME).as_seconds().to_string();
        let path = Link { name, expires: &expires }.signed(self.secret().await?);
        let here = || format!("127.0.0.1:{}", self.port()).into();
        let host: Arc<str> = cx.host.clone().unwrap_or_else(here);
        Ok(Some(format!("http://{host}{path}")))
    }

    /// Answers a request for an address that an operation has told, and for no other.
    pub async fn serve_code(&self, parts: &Parts, request_id: &str) -> Response<Body> {
        self.download(parts).await.unwrap_or_else(|refused| refused.into_response(request_id))
    }

    async fn download(&self, parts: &Parts) -> Result<Response<Body>, Refused> {
        let is_head = parts.method == Method::HEAD;
        if !is_head && parts.method != Method::GET {
            return Err(Refused::Method);
        }
        let failed = |error: &dyn std::fmt::Display| {
            tracing::error!(%error, "an archive cannot be read");
            Refused::Failed
        };
        let secret = self.known_secret().await.map_err(|error| failed(&error))?.ok_or(Refused::Forged)?;
        let query = parts.uri.query().unwrap_or_default();
        let digest = verify(secret, parts.uri.path(), query, self.clock.now())?;
        let (size, stream) = self.code.archive(&digest).await.map_err(|error| match error {
            BlobError::Missing(_) => Refused::Gone,
            error => failed(&error),
        })?;
        let body = if is_head { empty() } else { streamed(stream.map_err(BoxError::from)) };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
        headers.insert(CONTENT_LENGTH, size.into());
        Ok(response)
    }

    /// The secret; none before the first address was given.
    async fn known_secret(&self) -> Result<Option<Secret>, Error> {
        if let Some(secret) = self.downloads.secret.get() {
            return Ok(Some(*secret));
        }
        let found = self.functions.read(|tx| Ok(SECRETS.get(tx, &(PURPOSE,))?)).await?;
        Ok(found.map(|secret| *self.downloads.secret.get_or_init(|| secret)))
    }

    async fn secret(&self) -> Result<Secret, Error> {
        if let Some(secret) = self.known_secret().await? {
            return Ok(secret);
        }
        let new = Secret { key: random_bytes() };
        let made = self.functions.write(move |tx| {
            if let Some(first) = SECRETS.get(tx, &(PURPOSE,))? {
                return Ok(first);
            }
            SECRETS.insert(tx, &(PURPOSE.to_owned(),), &new)?;
            Ok(new)
        });
        let secret = made.await?;
        Ok(*self.downloads.secret.get_or_init(|| secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: Secret = Secret { key: [7; 32] };

    fn link(expires: &str) -> String {
        Link { name: &Digest::of(b"a").to_string(), expires }.signed(SECRET)
    }

    #[track_caller]
    fn check(link: &str, now: i64, expected: Result<(), Refused>) {
        let (path, query) = link.split_once('?').unwrap_or((link, ""));
        let found = verify(SECRET, path, query, Timestamp::from_seconds(now));
        assert_eq!(found, expected.map(|()| Digest::of(b"a")), "{link}");
    }

    #[test]
    fn an_address_is_good_for_its_archive_until_its_end() {
        check(&link("1000"), 1000, Ok(()));
        check(&link("1000"), 1001, Err(Refused::Expired));
    }

    #[test]
    fn an_address_that_was_altered_is_refused() {
        let (good, forged) = (link("1000"), Err(Refused::Forged));
        let (a, b) = (Digest::of(b"a").to_string(), Digest::of(b"b").to_string());
        check(&good.replace(&a, &b), 0, forged);
        check(&good.replace(&a, &a.to_ascii_uppercase()), 0, forged);
        check(&good.replace("=1000", "=2000"), 0, forged);
        check(&good.replace("=1000", "=01000"), 0, forged);
        check(&good.replace("signature=", "signature=A"), 0, forged);
        check(&format!("{good}A"), 0, forged);
        check(&format!("{good}&more=1"), 0, forged);
        check(&good[..good.len() - 1], 0, forged);
        check(&good.replace("_code/", "_code/../"), 0, forged);
        check(good.split_once('?').expect("a query").0, 0, forged);
        check(CODE_PATH, 0, forged);
        let other = Secret { key: [8; 32] };
        check(&Link { name: &a, expires: "1000" }.signed(other), 0, forged);
    }
}

//! Addresses for answers, in the form of presigned ones of S3.

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::Sha256;
use weft_service::ResponseRefused;
use weft_store::hex;
use weft_types::Timestamp;

use crate::responses::records::Secret;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What a path shows as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What an address says, decoded: clients may encode it otherwise than it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    /// The path without its slash: the stack's ARN, the logical id, the request's id, with bars between.
    key: String,
    /// Fields of the query but for the signature, sorted.
    fields: Vec<(String, String)>,
    /// In hexadecimal; empty where there is none.
    signature: String,
}

impl Link {
    pub(super) fn new(key: &str, date: &str, expires: &str) -> Self {
        let fields = [
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Date", date),
            ("X-Amz-Expires", expires),
            ("X-Amz-SignedHeaders", "host"),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { key: key.to_owned(), fields, signature: String::new() }
    }

    /// Reads path and query; none where they cannot be those of an address.
    pub(super) fn read(uri: &Uri) -> Option<Self> {
        let decoded = |text: &str| Some(percent_decode_str(text).decode_utf8().ok()?.into_owned());
        let key = decoded(uri.path().strip_prefix('/')?)?;
        let (mut fields, mut signature) = (Vec::new(), String::new());
        for field in uri.query()?.split('&') {
            let (name, value) = field.split_once('=')?;
            let (name, value) = (decoded(name)?, decoded(value)?);
            match name.as_str() {
                "X-Amz-Signature" if signature.is_empty() => signature = value,
                _ => fields.push((name, value)),
            }
        }
        fields.sort();
        Some(Self { key, fields, signature })
    }

    /// The key, where the address was given out and is still good.
    pub(super) fn verified(&self, secret: Secret, now: Timestamp) -> Result<&str, ResponseRefused> {
        let signature = bytes(&self.signature).ok_or(ResponseRefused::Forged)?;
        self.mac(secret).verify_slice(&signature).map_err(|_| ResponseRefused::Forged)?;
        let end = self.end().ok_or(ResponseRefused::Forged)?;
        if now > end { Err(ResponseRefused::Expired) } else { Ok(&self.key) }
    }

    /// Path and query, signed.
    pub(super) fn signed(&self, secret: Secret) -> String {
        let signature = hex(&self.mac(secret).finalize().into_bytes());
        let mut text = format!("/{}?", utf8_percent_encode(&self.key, PATH));
        for (name, value) in &self.fields {
            text.extend([name.as_str(), "="]);
            text.extend(utf8_percent_encode(value, PATH));
            text.push('&');
        }
        text + "X-Amz-Signature=" + &signature
    }

    fn mac(&self, secret: Secret) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret.key).expect("HMAC takes keys of every length");
        mac.update(self.key.as_bytes());
        for (name, value) in &self.fields {
            mac.update(format!("\n{name}\t{value}").as_bytes());
        }
        mac
    }

    fn end(&self) -> Option<Timestamp> {
        let field = |wanted: &str| {
            self.fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
        };
        let date = field("X-Amz-Date").filter(|date| date.is_ascii() && date.len() == 16)?;
        let date = format!(
            "{}-{}-{}T{}:{}:{}Z",
            &date[..4],
            &date[4..6],
            &date[6..8],
            &date[9..11],
            &date[11..13],
            &date[13..15]
        );
        let seconds = field("X-Amz-Expires")?.parse().ok()?;
        Some(Timestamp::parse_iso8601(&date)?.plus(std::time::Duration::from_secs(seconds)))
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    if hex.is_empty() || !hex.len().is_multiple_of(2) || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: Secret = Secret { key: [7; 32] };
    const KEY: &str = "arn:aws:cloudformation:us-east-1:000000000000:stack/a/b|Thing|c-d";

    fn link() -> String {
        Link::new(KEY, "20260101T000000Z", "7200").signed(SECRET)
    }

    #[track_caller]
    fn check(link: &str, now: &str, expected: Result<&str, ResponseRefused>) {
        let found = Link::read(&link.parse().expect("a URI")).ok_or(ResponseRefused::Forged);
        let now = Timestamp::parse_iso8601(now).expect("a time");
        let found = found.and_then(|link| link.verified(SECRET, now).map(str::to_owned));
        assert_eq!(found.as_deref(), expected.as_deref(), "{link}");
    }

    #[test]
    fn an_address_is_good_for_its_request_until_its_end() {
        assert!(link().starts_with(
            "/arn%3Aaws%3Acloudformation%3Aus-east-1%3A000000000000%3Astack/a/b%7CThing%7Cc-d?"
        ));
        check(&link(), "2026-01-01T00:00:00Z", Ok(KEY));
        check(&link(), "2026-01-01T02:00:00Z", Ok(KEY));
        check(&link(), "2026-01-01T02:00:01Z", Err(ResponseRefused::Expired));
    }

    #[test]
    fn clients_may_encode_and_order_it_otherwise() {
        check(&link().replace("%3A", ":"), "2026-01-01T00:00:00Z", Ok(KEY));
        let (path, query) =
            link().split_once('?').map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a query");
        let mut fields: Vec<&str> = query.split('&').collect();
        fields.reverse();
        check(&format!("{path}?{}", fields.join("&")), "2026-01-01T00:00:00Z", Ok(KEY));
    }

    #[test]
    fn an_address_that_was_altered_is_refused() {
        let (good, forged) = (link(), Err(ResponseRefused::Forged));
        let signature = good.rsplit('=').next().expect("a signature");
        for altered in [
            good.replace("Thing", "Other"),
            good.replace("7200", "7201"),
            good.replace("20260101", "20270101"),
            format!("{good}00"),
            format!("{good}&more=1"),
            good.replace(signature, ""),
            good.replace(&format!("&X-Amz-Signature={signature}"), ""),
            good.split('?').next().expect("a path").to_owned(),
            "/".to_owned(),
        ] {
            check(&altered, "2026-01-01T00:00:00Z", forged);
        }
        let other = Link::new(KEY, "20260101T000000Z", "7200").signed(Secret { key: [8; 32] });
        check(&other, "2026-01-01T00:00:00Z", forged);
    }
}

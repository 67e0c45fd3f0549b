//! Passwords for the registry, and addresses of layers: both say what they are good for and until when, under an HMAC with a secret
//! of this installation.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use weft_service::{Error, random_bytes};
use weft_store::{Record, Table, WriteTx};
use weft_types::{AccountId, Region, Timestamp};

#[derive(Serialize, Deserialize)]
struct Secret(Vec<u8>);
impl Record for Secret {}

const SECRETS: Table<(String,), Secret> = Table::new("secrets");

/// What a password says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Password {
    /// Whose access key asked for it, and the session's token.
    pub(crate) key: String,
    pub(crate) session: Option<String>,
    pub(crate) account: AccountId,
    pub(crate) region: String,
    pub(crate) expires: Timestamp,
}

/// The secret under which both are.
pub(crate) struct Signer(Vec<u8>);

impl Signer {
    pub(crate) fn load_or_make(tx: &mut WriteTx<'_>) -> Result<Self, Error> {
        let name = ("registry".to_owned(),);
        if let Some(Secret(key)) = SECRETS.get(tx, &name)? {
            return Ok(Self(key));
        }
        let key = random_bytes::<32>().to_vec();
        SECRETS.insert(tx, &name, &Secret(key.clone()))?;
        Ok(Self(key))
    }

    fn mac(&self, purpose: &str, text: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of every length");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(text);
        mac
    }

    /// The text of a password.
    pub(crate) fn password(&self, password: &Password) -> String {
        let text = serde_json::to_vec(password).unwrap_or_default();
        let mac = self.mac("password", &text).finalize().into_bytes();
        format!("{}.{}", URL_SAFE_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(mac))
    }

    /// What a password says; none where it is not one of ours, or is over.
    pub(crate) fn open(&self, text: &str, now: Timestamp) -> Option<(Password, Region)> {
        let (text, mac) = text.split_once('.')?;
        let (text, mac) = (URL_SAFE_NO_PAD.decode(text).ok()?, URL_SAFE_NO_PAD.decode(mac).ok()?);
        self.mac("password", &text).verify_slice(&mac).ok()?;
        let password: Password = serde_json::from_slice(&text).ok()?;
        let region = Region::parse(&password.region).ok()?;
        (password.expires > now).then_some((password, region))
    }

    /// The signature of an address.
    pub(crate) fn sign(&self, address: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac("address", address.as_bytes()).finalize().into_bytes())
    }

    pub(crate) fn is_signed(&self, address: &str, signature: &str) -> bool {
        let mac = URL_SAFE_NO_PAD.decode(signature);
        mac.is_ok_and(|mac| self.mac("address", address.as_bytes()).verify_slice(&mac).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_good_for_its_time_and_unchanged() {
        let signer = Signer(vec![7; 32]);
        let at = Timestamp::from_seconds;
        let password = Password {
            key: "AKIA1".to_owned(),
            session: None,
            account: AccountId::DEFAULT,
            region: "us-east-1".to_owned(),
            expires: at(100),
        };
        let text = signer.password(&password);
        assert_eq!(signer.open(&text, at(99)).map(|(found, _)| found), Some(password));
        assert_eq!(signer.open(&text, at(100)), None);
        assert_eq!(Signer(vec![8; 32]).open(&text, at(99)), None);
        for at_byte in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at_byte] = if changed[at_byte] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("a text");
            // The last digits of a base64 text have bits that say nothing.
            assert!(changed == text || signer.open(&changed, at(99)).is_none(), "byte {at_byte}");
        }
    }
}

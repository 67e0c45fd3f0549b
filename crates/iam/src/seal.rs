//! Session tokens that carry their session, sealed with a key of the store.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use weft_service::{Error, random_bytes};
use weft_store::{Record, Table, WriteTx};
use weft_types::{AccountId, Timestamp};

/// The version of the token's form, its first byte.
const VERSION: u8 = 1;
const MAC_BYTES: usize = 32;

/// Seals and opens sessions.
pub(crate) struct Seal {
    key: [u8; 32],
}

/// What a session token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// The access key that the token belongs to.
    pub(crate) key: String,
    pub(crate) account: AccountId,
    pub(crate) who: Who,
    pub(crate) expires: Timestamp,
    /// The session policy, where one was passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<String>,
    /// Managed policies that narrow the session, by ARN.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) policy_arns: Vec<String>,
}

/// Whose session it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Who {
    Root,
    User { name: String, id: String },
    Role { path: String, name: String, id: String, session: String },
}

impl Seal {
    pub(crate) fn new(key: Vec<u8>) -> Self {
        let mut sized = [0; 32];
        // The record's checksum has proven that it is as long as it was written.
        sized.iter_mut().zip(key).for_each(|(to, from)| *to = from);
        Self { key: sized }
    }

    /// The token of a session.
    pub(crate) fn seal(&self, session: &Session) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(serde_json::to_vec(session).unwrap_or_default());
        let mac = self.mac(b"token", &bytes);
        bytes.extend(mac);
        STANDARD.encode(bytes)
    }

    /// What a token says; none where it was not sealed with this key, or belongs to another access key.
    pub(crate) fn open(&self, access_key_id: &str, token: &str) -> Option<Session> {
        let bytes = STANDARD.decode(token).ok()?;
        let (sealed, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC_BYTES)?)?;
        self.keyed(b"token", sealed).verify_slice(mac).ok()?;
        let (version, text) = sealed.split_first()?;
        let session: Session = serde_json::from_slice(text).ok().filter(|_| *version == VERSION)?;
        (session.key == access_key_id).then_some(session)
    }

    /// The secret of a session's access key: 40 characters that nobody can derive without the key.
    pub(crate) fn secret(&self, access_key_id: &str) -> String {
        STANDARD.encode(&self.mac(b"secret", access_key_id.as_bytes())[..30])
    }

    fn keyed(&self, purpose: &[u8], bytes: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of every length");
        mac.update(purpose);
        mac.update(&[0]);
        mac.update(bytes);
        mac
    }

    fn mac(&self, purpose: &[u8], bytes: &[u8]) -> [u8; MAC_BYTES] {
        self.keyed(purpose, bytes).finalize().into_bytes().into()
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct SealKey(Vec<u8>);

impl Record for SealKey {}

const SEAL_KEYS: Table<(String,), SealKey> = Table::new("seal");

/// Reads the key, or makes it at the first start.
pub(crate) fn load_or_make(tx: &mut WriteTx<'_>) -> Result<Vec<u8>, Error> {
    let name = ("sessions".to_owned(),);
    if let Some(SealKey(key)) = SEAL_KEYS.get(tx, &name)? {
        return Ok(key);
    }
    let key = random_bytes::<32>().to_vec();
    SEAL_KEYS.insert(tx, &name, &SealKey(key.clone()))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        let who = Who::Role {
            path: "/".to_owned(),
            name: "ci".to_owned(),
            id: "AROA1".to_owned(),
            session: "s".to_owned(),
        };
        let (account, expires) = (AccountId::DEFAULT, Timestamp::from_seconds(1));
        Session { key: "ASIA1".to_owned(), account, who, expires, policy: None, policy_arns: Vec::new() }
    }

    #[test]
    fn a_token_opens_with_its_key_alone_and_unchanged() {
        let seal = Seal::new(vec![7; 32]);
        let token = seal.seal(&session());
        assert_eq!(seal.open("ASIA1", &token), Some(session()));
        assert_eq!(seal.open("ASIA2", &token), None);
        assert_eq!(Seal::new(vec![8; 32]).open("ASIA1", &token), None);
        let bytes = STANDARD.decode(&token).expect("base64");
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(seal.open("ASIA1", &STANDARD.encode(changed)), None, "byte {at}");
            assert_eq!(seal.open("ASIA1", &STANDARD.encode(&bytes[..at])), None, "cut at {at}");
        }
    }

    #[test]
    fn secrets_are_long_and_differ() {
        let seal = Seal::new(vec![7; 32]);
        assert_eq!(seal.secret("ASIA1").len(), 40);
        assert_ne!(seal.secret("ASIA1"), seal.secret("ASIA2"));
        assert_ne!(seal.secret("ASIA1"), Seal::new(vec![8; 32]).secret("ASIA1"));
    }
}

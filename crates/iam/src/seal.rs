//! Session tokens that carry their session, sealed with a key of the store.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use weft_service::{Error, random_bytes};
use weft_store::{Record, Table, WriteTx};
use weft_types::{AccountId, Timestamp};

/// The token's form, its first byte: the session as it is.
const PLAIN: u8 = 1;
/// The session deflated.
const PACKED: u8 = 2;
/// Bytes from which a session is deflated.
const PACKED_FROM: usize = 512;
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
    /// When it was issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issued: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<(String, String)>,
    /// Keys of tags that go on to sessions which this one makes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) transitive: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source_identity: Option<String>,
}

/// Whose session it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Who {
    Root,
    User {
        name: String,
        id: String,
    },
    Role {
        path: String,
        name: String,
        id: String,
        session: String,
    },
    /// A federated user, and whose key made it: a user's or root's.
    Federated {
        name: String,
        by: Box<Who>,
    },
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
        let text = serde_json::to_vec(session).unwrap_or_default();
        let packed = (text.len() >= PACKED_FROM).then(|| deflate(&text));
        let mut bytes = vec![if packed.is_some() { PACKED } else { PLAIN }];
        bytes.extend(packed.unwrap_or(text));
        let mac = self.mac(b"token", &bytes);
        bytes.extend(mac);
        STANDARD.encode(bytes)
    }

    /// What a token says; none where it was not sealed with this key, or belongs to another access key.
    pub(crate) fn open(&self, access_key_id: &str, token: &str) -> Option<Session> {
        let bytes = STANDARD.decode(token).ok()?;
        let (sealed, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC_BYTES)?)?;
        self.keyed(b"token", sealed).verify_slice(mac).ok()?;
        let session: Session = match sealed.split_first()? {
            (&PLAIN, text) => serde_json::from_slice(text).ok()?,
            (&PACKED, packed) => serde_json::from_reader(ZlibDecoder::new(packed)).ok()?,
            _ => return None,
        };
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

/// Deflates bytes.
pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    // Writing into memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
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
        Session {
            key: "ASIA1".to_owned(),
            account,
            who,
            expires,
            policy: None,
            policy_arns: Vec::new(),
            issued: None,
            tags: Vec::new(),
            transitive: Vec::new(),
            source_identity: None,
        }
    }

    #[test]
    fn a_long_session_is_deflated_and_opens_as_it_was() {
        let seal = Seal::new(vec![7; 32]);
        let long = Session { policy: Some("statement ".repeat(200)), ..session() };
        let token = seal.seal(&long);
        assert!(token.len() < 600, "{}", token.len());
        assert_eq!(seal.open("ASIA1", &token), Some(long));
    }

    #[test]
    fn a_token_of_an_older_build_opens() {
        let seal = Seal::new(vec![7; 32]);
        let mut bytes = vec![PLAIN];
        bytes.extend(br#"{"key":"ASIA1","account":"#);
        bytes.extend(serde_json::to_vec(&AccountId::DEFAULT).expect("an account"));
        bytes.extend(br#","who":"Root","expires":"#);
        bytes.extend(serde_json::to_vec(&Timestamp::from_seconds(1)).expect("a time"));
        bytes.push(b'}');
        let mac = seal.mac(b"token", &bytes);
        bytes.extend(mac);
        let opened = seal.open("ASIA1", &STANDARD.encode(bytes)).expect("a session");
        assert_eq!((opened.who, opened.tags.len(), opened.issued), (Who::Root, 0, None));
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

//! Values of type `SecureString` as they are stored: sealed, each for its own parameter and version.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use weft_service::{Error, random_bytes};
use weft_store::{Record, Table, WriteTx};

/// The form of what is sealed, its first byte.
const FORM: u8 = 1;
const NONCE_BYTES: usize = 24;

/// Seals and opens values.
pub(crate) struct Seal(XChaCha20Poly1305);

impl Seal {
    fn new(key: [u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(&key.into()))
    }

    /// Seals a value for what `place` names: it opens for nothing else.
    pub(crate) fn seal(&self, place: &str, value: &str) -> Result<Vec<u8>, Error> {
        let nonce: [u8; NONCE_BYTES] = random_bytes();
        let payload = Payload { msg: value.as_bytes(), aad: place.as_bytes() };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| Error::internal("a value could not be sealed"))?;
        Ok([&[FORM], &nonce[..], &sealed].concat())
    }

    /// Opens what was sealed for this place with this key.
    pub(crate) fn open(&self, place: &str, sealed: &[u8]) -> Result<String, Error> {
        let damaged =
            || Error::internal(format!("the value of {place} does not open with this server's key"));
        let (&form, rest) = sealed.split_first().ok_or_else(damaged)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_BYTES>().ok_or_else(damaged)?;
        if form != FORM {
            return Err(damaged());
        }
        let payload = Payload { msg: text, aad: place.as_bytes() };
        let opened = self.0.decrypt(&XNonce::from(*nonce), payload).map_err(|_| damaged())?;
        String::from_utf8(opened).map_err(|_| damaged())
    }
}

#[derive(Serialize, Deserialize)]
struct Key(Vec<u8>);
impl Record for Key {}

const KEYS: Table<(String,), Key> = Table::new("keys");

/// Reads the key, or makes it at the first start.
pub(crate) fn load_or_make(tx: &mut WriteTx<'_>) -> Result<Seal, Error> {
    let name = ("ssm".to_owned(),);
    if let Some(Key(key)) = KEYS.get(tx, &name)? {
        let key = key.try_into().map_err(|_| Error::internal("the key of parameters is damaged"))?;
        return Ok(Seal::new(key));
    }
    let key: [u8; 32] = random_bytes();
    KEYS.insert(tx, &name, &Key(key.to_vec()))?;
    Ok(Seal::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_where_it_was_sealed_for_and_unchanged_alone() {
        let seal = Seal::new([7; 32]);
        let sealed = seal.seal("a/1", "secret").expect("it is sealed");
        assert_eq!(seal.open("a/1", &sealed).ok().as_deref(), Some("secret"));
        assert!(seal.open("a/2", &sealed).is_err());
        assert!(Seal::new([8; 32]).open("a/1", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(seal.open("a/1", &changed).is_err(), "byte {at}");
            assert!(seal.open("a/1", &sealed[..at]).is_err(), "cut at {at}");
        }
        assert_ne!(sealed, seal.seal("a/1", "secret").expect("it is sealed"));
    }
}

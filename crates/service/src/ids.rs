//! Random identifiers.

use std::fmt::Write as _;

/// `N` random bytes from the kernel. Ends the process where the kernel has none to give: no identifier, key or token
/// may ever be guessable.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::error!(%error, "the kernel gives no random bytes");
        std::process::abort();
    }
    bytes
}

/// A request id: a random UUID, as AWS's are.
pub fn request_id() -> String {
    let mut b: [u8; 16] = random_bytes();
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    let mut text = String::with_capacity(36);
    for (i, byte) in b.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A random text of `length` characters out of `alphabet` (at most 256 characters; each equally likely where its
/// length divides 256).
pub fn random_id(length: usize, alphabet: &[u8]) -> String {
    (0..length).map(|_| char::from(alphabet[usize::from(random_bytes::<1>()[0]) % alphabet.len()])).collect()
}

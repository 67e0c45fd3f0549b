//! Names of buckets and keys.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.

use weft_service::Error;

use crate::errors;

/// Bytes of a key.
pub(crate) const KEY_BYTES_MAX: usize = 1024;

/// Refuses a name that no bucket may have.
pub(crate) fn check_bucket(name: &str) -> Result<(), Error> {
    if is_bucket(name) {
        return Ok(());
    }
    let fault = errors::plain("InvalidBucketName", 400, "The specified bucket is not valid.");
    Err(fault.with_member("BucketName", weft_model::Value::Text(name.to_owned())))
}

fn is_bucket(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_address = || {
        let parts: Vec<&str> = name.split('.').collect();
        parts.len() == 4 && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()))
    };
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| letter(byte) || byte == b'-' || byte == b'.')
        && name.bytes().next().is_some_and(letter)
        && name.bytes().last().is_some_and(letter)
        && !name.contains("..")
        && !is_address()
        && !["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|start| name.starts_with(start))
        && !["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|end| name.ends_with(end))
}

/// Refuses a key that no object may have: 1 to 1,024 bytes of UTF-8.
pub(crate) fn check_key(key: &str) -> Result<(), Error> {
    if key.len() <= KEY_BYTES_MAX {
        return Ok(());
    }
    let fault = errors::plain("KeyTooLongError", 400, "Your key is too long");
    let size = |name, size: usize| (name, weft_model::Value::Text(size.to_string()));
    let ((size, given), (most, limit)) = (size("Size", key.len()), size("MaxSizeAllowed", KEY_BYTES_MAX));
    Err(fault.with_member(size, given).with_member(most, limit))
}

/// The ARN of a bucket.
pub(crate) fn bucket_arn(bucket: &str) -> String {
    format!("arn:aws:s3:::{bucket}")
}

/// The ARN of an object.
pub(crate) fn object_arn(bucket: &str, key: &str) -> String {
    format!("arn:aws:s3:::{bucket}/{key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_buckets() {
        let check = |name: &str, expected: bool| assert_eq!(is_bucket(name), expected, "{name}");
        check("abc", true);
        check("my.bucket-1", true);
        check("1a2", true);
        check("ab", false);
        check(&"a".repeat(63), true);
        check(&"a".repeat(64), false);
        check("Abc", false);
        check("a_b", false);
        check("-ab", false);
        check("ab-", false);
        check("a..b", false);
        check("192.168.5.4", false);
        check("192.168.5", true);
        check("xn--abc", false);
        check("abc-s3alias", false);
        check("", false);
    }

    #[test]
    fn keys_have_1024_bytes_at_most() {
        let check = |key: &str, expected: bool| assert_eq!(check_key(key).is_ok(), expected);
        check(&"k".repeat(1024), true);
        check(&"k".repeat(1025), false);
        check(&"é".repeat(513), false);
    }
}

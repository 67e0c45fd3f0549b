//! How services read the objects of S3 that requests name: a function's code, a stack's template.

use bytes::Bytes;

use crate::{BoxFuture, Context, Error};

/// An object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectName {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The version; the newest where none is given.
    pub version: Option<String>,
}

/// Reads objects for other services. `weft-s3` implements it.
pub trait Objects: Send + Sync + 'static {
    /// The whole object, read with the rights of `cx`'s principal as `GetObject` would. Fails with the errors of `GetObject`
    /// (`NoSuchBucket`, `NoSuchKey`, `AccessDenied`), and with `EntityTooLarge` where it has more than `bytes_max` bytes.
    fn read<'a>(
        &'a self,
        cx: &'a Context,
        object: &'a ObjectName,
        bytes_max: u64,
    ) -> BoxFuture<'a, Result<Bytes, Error>>;
}

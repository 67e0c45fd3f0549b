//! What several requests say in the same members.

use std::collections::BTreeMap;

use weft_service::{Access, Context, Error};
use weft_types::Timestamp;

use crate::acl::{Asked, Kind, enabled};
use crate::errors;
use crate::tables::{About, Bucket, Headers, Retention};

/// Bytes of the names and values of an object's metadata.
const METADATA_BYTES_MAX: usize = 2048;

/// The checksums that a request gives in its head, by algorithm.
macro_rules! given_checksums {
    ($input:expr) => {
        [
            ("CRC32", $input.checksum_crc32.as_ref()),
            ("CRC32C", $input.checksum_crc32_c.as_ref()),
            ("CRC64NVME", $input.checksum_crc64_nvme.as_ref()),
            ("SHA1", $input.checksum_sha1.as_ref()),
            ("SHA256", $input.checksum_sha256.as_ref()),
            ("SHA512", $input.checksum_sha512.as_ref()),
            ("MD5", $input.checksum_md5.as_ref()),
            ("XXHASH64", $input.checksum_xxhash64.as_ref()),
            ("XXHASH3", $input.checksum_xxhash3.as_ref()),
            ("XXHASH128", $input.checksum_xxhash128.as_ref()),
        ]
    };
}

/// What a request says of the object that it makes.
macro_rules! stated {
    ($input:expr) => {
        $crate::request::Stated {
            headers: $crate::tables::Headers {
                content_type: $input.content_type.take(),
                cache_control: $input.cache_control.take(),
                content_disposition: $input.content_disposition.take(),
                content_encoding: $input.content_encoding.take(),
                content_language: $input.content_language.take(),
                expires: $input.expires.take(),
                redirect: $input.website_redirect_location.take(),
            },
            metadata: $input.metadata.take().unwrap_or_default(),
            tagging: $input.tagging.take(),
            storage_class: $input.storage_class.take(),
            acl: $crate::acl::Asked::of_headers(
                $input.acl.take(),
                [
                    ($crate::acl::Permission::FullControl, $input.grant_full_control.take()),
                    ($crate::acl::Permission::Read, $input.grant_read.take()),
                    ($crate::acl::Permission::Write, None),
                    ($crate::acl::Permission::ReadAcl, $input.grant_read_acp.take()),
                    ($crate::acl::Permission::WriteAcl, $input.grant_write_acp.take()),
                ],
            ),
            encryption: $input.server_side_encryption.take(),
            kms_key: $input.ssekms_key_id.take(),
            customer_key: $input.sse_customer_algorithm.is_some() || $input.sse_customer_key.is_some(),
            lock_mode: $input.object_lock_mode.take(),
            lock_until: $input.object_lock_retain_until_date.take(),
            legal_hold: $input.object_lock_legal_hold_status.take(),
        }
    };
}

pub(crate) use {given_checksums, stated};

/// What a request says of the object that it makes, before it is looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stated {
    pub(crate) headers: Headers,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) tagging: Option<String>,
    pub(crate) storage_class: Option<String>,
    pub(crate) acl: Asked,
    pub(crate) encryption: Option<String>,
    pub(crate) kms_key: Option<String>,
    pub(crate) customer_key: bool,
    pub(crate) lock_mode: Option<String>,
    pub(crate) lock_until: Option<Timestamp>,
    pub(crate) legal_hold: Option<String>,
}

/// The same, once it cannot be wrong.
#[derive(Debug, Clone, Default)]
pub(crate) struct Making {
    pub(crate) about: About,
    acl: Asked,
    encryption: Option<String>,
}

impl Stated {
    pub(crate) fn parse(self) -> Result<Making, Error> {
        if self.customer_key {
            return Err(errors::not_implemented("Encryption with keys of the customer (SSE-C)"));
        }
        // The service's own key is not told from that of SSE-S3 but by its name; keys of callers come with KMS.
        if self.kms_key.as_deref().is_some_and(|key| !key.ends_with("alias/aws/s3")) {
            return Err(errors::not_implemented(
                "Encryption with keys of KMS that are not the service's own",
            ));
        }
        if let Some(kind) = self.encryption.as_deref().filter(|kind| !matches!(*kind, "AES256" | "aws:kms")) {
            return Err(errors::not_implemented(&format!("Encryption with {kind}")));
        }
        let size: usize = self.metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
        if size > METADATA_BYTES_MAX {
            let message = "Your metadata headers exceed the maximum allowed metadata size";
            return Err(errors::plain("MetadataTooLarge", 400, message));
        }
        let retention = match (self.lock_mode, self.lock_until) {
            (Some(mode), Some(until)) => Some(Retention { mode, until }),
            (None, None) => None,
            _ => {
                let message =
                    "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied";
                return Err(errors::invalid_request(message));
            }
        };
        let mut headers = self.headers;
        headers.content_encoding = headers.content_encoding.as_deref().and_then(own_encodings);
        let tags = self.tagging.as_deref().map(crate::tags::of_header).transpose()?.unwrap_or_default();
        let about = About {
            headers,
            metadata: self.metadata,
            tags,
            storage_class: self.storage_class.filter(|class| class != "STANDARD"),
            retention,
            legal_hold: self.legal_hold.map(|status| status == "ON"),
            encryption: self.encryption.clone().filter(|kind| kind != "AES256"),
            ..About::default()
        };
        Ok(Making { about, acl: self.acl, encryption: self.encryption })
    }
}

impl Making {
    /// The condition keys of what is made.
    pub(crate) fn conditions(&self, mut access: Access) -> Access {
        let class = self.about.storage_class.as_deref().unwrap_or("STANDARD");
        access = access.with("s3:x-amz-storage-class", class);
        if let Some(acl) = &self.acl.canned {
            access = access.with("s3:x-amz-acl", acl.as_str());
        }
        if let Some(kind) = &self.encryption {
            access = access.with("s3:x-amz-server-side-encryption", kind.as_str());
        }
        if let Some(retention) = &self.about.retention {
            access = access.with("s3:object-lock-mode", retention.mode.as_str());
            access = access.with("s3:object-lock-retain-until-date", retention.until.iso8601_seconds());
        }
        with_request_tags(access, &self.about.tags)
    }

    /// The actions that are needed beside `s3:PutObject`.
    pub(crate) fn actions(&self) -> Vec<&'static str> {
        let mut actions = vec!["s3:PutObject"];
        let more = [
            (!self.about.tags.is_empty(), "s3:PutObjectTagging"),
            (self.acl.is_some(), "s3:PutObjectAcl"),
            (self.about.retention.is_some(), "s3:PutObjectRetention"),
            (self.about.legal_hold.is_some(), "s3:PutObjectLegalHold"),
        ];
        actions.extend(more.iter().filter(|(needed, _)| *needed).map(|(_, action)| *action));
        actions
    }

    /// Refuses what the bucket does not take, and settles whose the object is and whom it is granted to.
    pub(crate) fn settle(&mut self, cx: &Context, bucket: &Bucket) -> Result<(), Error> {
        let locks = self.about.retention.is_some() || self.about.legal_hold.is_some();
        if locks && !bucket.object_lock {
            return Err(errors::invalid_request("Bucket is missing Object Lock Configuration"));
        }
        let now = cx.scope.now;
        if self.about.retention.as_ref().is_some_and(|retention| retention.until <= now) {
            let message = "The retain until date must be in the future!";
            return Err(errors::plain("InvalidArgument", 400, message));
        }
        let gives = bucket.ownership.as_deref() == Some("BucketOwnerPreferred")
            && self.acl.canned.as_deref() == Some("bucket-owner-full-control");
        let writer = cx.principal.account().filter(|_| enabled(bucket) && !gives);
        let owner = writer.unwrap_or(bucket.account);
        let grants = self.acl.grants(Kind::Object, owner, bucket.account)?;
        self.acl.check(bucket, &grants)?;
        self.about.owner = Some(owner).filter(|owner| *owner != bucket.account);
        self.about.acl = if enabled(bucket) { grants } else { Vec::new() };
        Ok(())
    }
}

/// Adds the tags of an object that is made: `s3:RequestObjectTag/…` and `s3:RequestObjectTagKeys`.
pub(crate) fn with_request_tags(mut access: Access, tags: &BTreeMap<String, String>) -> Access {
    for (key, value) in tags {
        access = access.with(format!("s3:RequestObjectTag/{key}"), value.as_str());
    }
    if !tags.is_empty() {
        access.conditions.push(("s3:RequestObjectTagKeys".into(), tags.keys().cloned().collect()));
    }
    access
}

/// Adds the tags that an object has: `s3:ExistingObjectTag/…`.
pub(crate) fn with_existing_tags(mut access: Access, tags: &BTreeMap<String, String>) -> Access {
    for (key, value) in tags {
        access = access.with(format!("s3:ExistingObjectTag/{key}"), value.as_str());
    }
    access
}

/// Encodings of the object itself: `aws-chunked` is only how it travelled.
fn own_encodings(text: &str) -> Option<String> {
    let own: Vec<&str> = text.split(',').map(str::trim).filter(|one| *one != "aws-chunked").collect();
    (!own.iter().all(|one| one.is_empty())).then(|| own.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_body_travelled_is_not_kept() {
        let check = |given: &str, expected: Option<&str>| {
            assert_eq!(own_encodings(given).as_deref(), expected, "{given}");
        };
        check("aws-chunked", None);
        check("gzip,aws-chunked", Some("gzip"));
        check("aws-chunked, gzip", Some("gzip"));
        check("gzip", Some("gzip"));
        check("", None);
    }
}

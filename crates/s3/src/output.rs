//! What several answers say in the same members.

use sha2::{Digest as _, Sha256};
use weft_model::s3 as model;
use weft_store::hex;
use weft_types::AccountId;

/// Sets the members of an output that tell a checksum.
macro_rules! tell_checksum {
    ($output:expr, $checksum:expr) => {
        $crate::output::tell_checksum!($output, $checksum, value);
        if let Some(checksum) = $checksum {
            $output.checksum_type = Some(checksum.kind().to_owned());
        }
    };
    ($output:expr, $checksum:expr, value) => {
        if let Some(checksum) = $checksum {
            let value = Some(checksum.value.clone());
            match checksum.algorithm {
                $crate::checksum::Algorithm::Crc32 => $output.checksum_crc32 = value,
                $crate::checksum::Algorithm::Crc32c => $output.checksum_crc32_c = value,
                $crate::checksum::Algorithm::Crc64Nvme => $output.checksum_crc64_nvme = value,
                $crate::checksum::Algorithm::Sha1 => $output.checksum_sha1 = value,
                $crate::checksum::Algorithm::Sha256 => $output.checksum_sha256 = value,
            }
        }
    };
}

/// Sets the members of an output that tell what an object says of itself.
macro_rules! tell_version {
    ($output:expr, $version:expr, $versioned:expr) => {
        let (version, headers): (&$crate::tables::Version, _) = ($version, $version.about.headers.clone());
        $output.accept_ranges = Some("bytes".to_owned());
        $output.last_modified = Some(version.modified);
        $output.e_tag = Some(format!("\"{}\"", version.etag));
        $output.version_id = $versioned.then(|| version.id.clone());
        $output.content_type = Some(headers.content_type.unwrap_or_else(|| "binary/octet-stream".to_owned()));
        $output.cache_control = headers.cache_control;
        $output.content_disposition = headers.content_disposition;
        $output.content_encoding = headers.content_encoding;
        $output.content_language = headers.content_language;
        $output.expires = headers.expires;
        $output.website_redirect_location = headers.redirect;
        $output.server_side_encryption = Some(version.about.encryption());
        $output.metadata = Some(version.about.metadata.clone()).filter(|all| !all.is_empty());
        $output.storage_class = version.about.storage_class.clone();
        let tags = i32::try_from(version.about.tags.len()).unwrap_or(i32::MAX);
        $output.tag_count = (tags > 0).then_some(tags);
        $output.object_lock_mode = version.about.retention.as_ref().map(|one| one.mode.clone());
        $output.object_lock_retain_until_date = version.about.retention.as_ref().map(|one| one.until);
        $output.object_lock_legal_hold_status =
            version.about.legal_hold.map(|held| if held { "ON" } else { "OFF" }.to_owned());
    };
}

pub(crate) use {tell_checksum, tell_version};

/// An account as S3 names owners: 64 hexadecimal digits that are always the same for it.
pub(crate) fn owner(account: AccountId) -> model::Owner {
    model::Owner { id: Some(canonical_id(account)), ..Default::default() }
}

pub(crate) fn canonical_id(account: AccountId) -> String {
    hex(&Sha256::digest(format!("canonical user of account {account}")))
}

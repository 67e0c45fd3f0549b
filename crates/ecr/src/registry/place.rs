//! What a path under `/v2/` names.

use http::Uri;
use percent_encoding::percent_decode_str;

use crate::names::{is_digest, is_name, is_tag};
use crate::registry::answer::Refusal;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    Root,
    Blob {
        name: String,
        digest: String,
    },
    Uploads {
        name: String,
    },
    Upload {
        name: String,
        id: String,
    },
    /// `reference` is a tag or a digest.
    Manifest {
        name: String,
        reference: String,
    },
    Tags {
        name: String,
    },
}

impl Place {
    pub(super) fn parse(path: &str) -> Result<Self, Refusal> {
        let path = percent_decode_str(path).decode_utf8_lossy().into_owned();
        let rest = path.strip_prefix("/v2").unwrap_or_default().trim_start_matches('/');
        if rest.is_empty() {
            return Ok(Self::Root);
        }
        let words: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
        let named = |words: &[&str]| {
            let name = words.join("/");
            if is_name(&name) {
                Ok(name)
            } else {
                Err(Refusal::new(400, "NAME_INVALID", "Invalid repository name"))
            }
        };
        match words[..] {
            [ref name @ .., "blobs", "uploads"] => Ok(Self::Uploads { name: named(name)? }),
            [ref name @ .., "blobs", "uploads", id] => {
                Ok(Self::Upload { name: named(name)?, id: id.to_owned() })
            }
            [ref name @ .., "blobs", digest] => {
                let name = named(name)?;
                if !is_digest(digest) {
                    return Err(Refusal::new(400, "DIGEST_INVALID", "The digest is not a SHA-256 digest"));
                }
                Ok(Self::Blob { name, digest: digest.to_owned() })
            }
            [ref name @ .., "manifests", reference] => {
                let name = named(name)?;
                if !is_digest(reference) && !is_tag(reference) {
                    return Err(Refusal::new(
                        400,
                        "TAG_INVALID",
                        "The reference is neither a tag nor a SHA-256 digest",
                    ));
                }
                Ok(Self::Manifest { name, reference: reference.to_owned() })
            }
            [ref name @ .., "tags", "list"] => Ok(Self::Tags { name: named(name)? }),
            _ => Err(Refusal::new(404, "UNSUPPORTED", "There is nothing of this name in the protocol")),
        }
    }
}

/// A field of the query.
pub(super) fn query(uri: &Uri, name: &str) -> Option<String> {
    let fields = uri.query()?.split('&').filter_map(|field| field.split_once('='));
    let (_, value) = fields.into_iter().find(|(key, _)| *key == name)?;
    Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_blobs_manifests_and_uploads_of_repositories() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let check =
            |path: &str, expected: Option<Place>| assert_eq!(Place::parse(path).ok(), expected, "{path}");
        let name = || "team/app".to_owned();
        check("/v2/", Some(Place::Root));
        check("/v2", Some(Place::Root));
        check(
            &format!("/v2/team/app/blobs/{digest}"),
            Some(Place::Blob { name: name(), digest: digest.clone() }),
        );
        check("/v2/team/app/blobs/uploads/", Some(Place::Uploads { name: name() }));
        check("/v2/team/app/blobs/uploads/1", Some(Place::Upload { name: name(), id: "1".to_owned() }));
        check(
            "/v2/team/app/manifests/latest",
            Some(Place::Manifest { name: name(), reference: "latest".to_owned() }),
        );
        check("/v2/team/app/tags/list", Some(Place::Tags { name: name() }));
        check("/v2/blobs/x", None);
        check("/v2/_catalog", None);
        check("/v2/UP/manifests/latest", None);
        check("/v2/team/app/blobs/sha256:12", None);
    }
}

//! Changes to images that the API and the registry protocol share.

use serde_json::Value;
use weft_service::Error;
use weft_store::{Digest, Read, WriteTx};
use weft_types::Timestamp;

use crate::errors::{invalid, no_layers};
use crate::names::{RepoName, is_digest, is_tag};
use crate::tables::{
    Count, IMAGES, Image, LAYERS, Layer, MANIFESTS, Manifest, Repo, TAGS, Tagged, UNUSED, blob_of, release,
};

/// A manifest that was read.
pub(crate) struct Parsed {
    pub(crate) digest: String,
    pub(crate) media_type: String,
    artifact_type: Option<String>,
    /// Digests and sizes of configuration and layers that the registry has to have.
    layers: Vec<(String, u64)>,
    children: Vec<String>,
    subject: Option<String>,
}

const KINDS: [(&str, bool); 4] = [
    ("application/vnd.docker.distribution.manifest.v2+json", false),
    ("application/vnd.oci.image.manifest.v1+json", false),
    ("application/vnd.docker.distribution.manifest.list.v2+json", true),
    ("application/vnd.oci.image.index.v1+json", true),
];

fn bad(message: &str) -> Error {
    invalid(format!("Invalid parameter at 'ImageManifest' failed to satisfy constraint: '{message}'"))
}

impl Parsed {
    /// Reads a manifest of one of the four kinds that registries have; `given` is the type that came with it.
    pub(crate) fn parse(text: &[u8], given: Option<&str>) -> Result<Self, Error> {
        let json: Value = serde_json::from_slice(text).map_err(|_| bad("Invalid JSON syntax"))?;
        let own = json["mediaType"].as_str();
        if let (Some(own), Some(given)) = (own, given.filter(|given| *given != "application/json"))
            && own != given
        {
            return Err(bad("The media type is not that of the manifest"));
        }
        let guessed = if json["manifests"].is_array() { KINDS[3].0 } else { KINDS[1].0 };
        let media_type = own.or(given).unwrap_or(guessed);
        let kind = KINDS.iter().find(|(name, _)| *name == media_type);
        let (_, list) = kind.ok_or_else(|| bad("Manifests of this media type are not supported"))?;
        let descriptors = |name: &str| json[name].as_array().map(Vec::as_slice).unwrap_or_default();
        let (mut layers, mut children) = (Vec::new(), Vec::new());
        if *list {
            for one in descriptors("manifests") {
                children.push(descriptor(one)?.0);
            }
        } else {
            layers.push(descriptor(&json["config"])?);
            for one in descriptors("layers") {
                let found = descriptor(one)?;
                if one["urls"].as_array().is_none_or(Vec::is_empty) && !layers.contains(&found) {
                    layers.push(found);
                }
            }
        }
        let subject = json["subject"].is_object().then(|| descriptor(&json["subject"])).transpose()?;
        let artifact_type = json["artifactType"].as_str().or(json["config"]["mediaType"].as_str());
        Ok(Self {
            digest: format!("sha256:{}", Digest::of(text)),
            media_type: media_type.to_owned(),
            artifact_type: artifact_type.map(str::to_owned),
            layers,
            children,
            subject: subject.map(|(digest, _)| digest),
        })
    }
}

fn descriptor(json: &Value) -> Result<(String, u64), Error> {
    let digest = json["digest"].as_str().filter(|digest| is_digest(digest));
    match (digest, json["size"].as_u64()) {
        (Some(digest), Some(size)) => Ok((digest.to_owned(), size)),
        _ => Err(bad("A descriptor has no digest or no size")),
    }
}

/// An image as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reference {
    Digest(String),
    Tag(String),
    /// Both, which have to fit.
    Both {
        digest: String,
        tag: String,
    },
}

/// Why a reference has no image: AWS's code and reason.
pub(crate) type NotFound = (&'static str, &'static str);
pub(crate) const NOT_FOUND: NotFound = ("ImageNotFound", "Requested image not found");

impl Reference {
    pub(crate) fn parse(digest: Option<String>, tag: Option<String>) -> Result<Self, NotFound> {
        if digest.as_ref().is_some_and(|digest| !is_digest(digest)) {
            return Err((
                "InvalidImageDigest",
                "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
            ));
        }
        if tag.as_ref().is_some_and(|tag| !is_tag(tag)) {
            return Err((
                "InvalidImageTag",
                "Invalid request parameters: image tag should satisfy the regex '[a-zA-Z0-9-_.]{1,128}'",
            ));
        }
        match (digest, tag) {
            (Some(digest), None) => Ok(Self::Digest(digest)),
            (None, Some(tag)) => Ok(Self::Tag(tag)),
            (Some(digest), Some(tag)) => Ok(Self::Both { digest, tag }),
            (None, None) => {
                Err(("MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"))
            }
        }
    }

    /// The digest of the image that is meant.
    pub(crate) fn resolve(&self, tx: &impl Read, repo: &Repo) -> Result<Result<String, NotFound>, Error> {
        let tagged = |tag: &str| Ok::<_, Error>(TAGS.get(tx, &(repo.id, tag))?.map(|Tagged(digest)| digest));
        Ok(match self {
            Self::Digest(digest) => {
                if IMAGES.get(tx, &(repo.id, digest.as_str()))?.is_some() {
                    Ok(digest.clone())
                } else {
                    Err(NOT_FOUND)
                }
            }
            Self::Tag(tag) => tagged(tag)?.ok_or(NOT_FOUND),
            Self::Both { digest, tag } => match tagged(tag)? {
                Some(found) if found == *digest => Ok(found),
                Some(_) => Err(("ImageTagDoesNotMatchDigest", "The image tag does not match the digest")),
                None => Err(NOT_FOUND),
            },
        })
    }
}

impl Repo {
    /// Whether a tag, once it points to an image, stays there.
    pub(crate) fn is_immutable(&self, tag: &str) -> bool {
        let excluded = self.exclusions.iter().any(|pattern| wildcard(pattern, tag));
        self.mutability.starts_with("IMMUTABLE") != excluded
    }
}

/// Whether a text has the form of a pattern in which `*` stands for any text.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(first) else { return false };
    (0..=text.len()).any(|at| text.is_char_boundary(at) && wildcard(rest, &text[at..]))
}

/// Stores a manifest under a tag or none; says whether anything changed.
pub(crate) fn put(
    tx: &mut WriteTx<'_>,
    (name, repo): (&RepoName, &Repo),
    (parsed, text): (&Parsed, &[u8]),
    tag: Option<&str>,
    now: Timestamp,
) -> Result<bool, Error> {
    let key = (repo.id, parsed.digest.clone());
    let old = IMAGES.get(tx, &key)?;
    if let Some(tag) = tag
        && let Some(Tagged(digest)) = TAGS.get(tx, &(repo.id, tag))?
    {
        if digest == parsed.digest {
            return Ok(false);
        }
        if repo.is_immutable(tag) {
            let message = format!(
                "The image tag '{tag}' already exists in the '{}' repository and cannot be overwritten because the tag is immutable.",
                name.name
            );
            return Err(Error::new("ImageTagAlreadyExistsException", message).with_status(400));
        }
        untag(tx, repo, &digest, tag)?;
    }
    if old.is_some() && tag.is_none() {
        return Ok(false);
    }
    let mut image = match old {
        Some(image) => image,
        None => add(tx, name, repo, parsed, text, now)?,
    };
    if let Some(tag) = tag {
        image.tags.push(tag.to_owned());
        image.tags.sort();
        TAGS.insert(tx, &(repo.id, tag.to_owned()), &Tagged(parsed.digest.clone()))?;
    }
    IMAGES.insert(tx, &key, &image)?;
    Ok(true)
}

fn add(
    tx: &mut WriteTx<'_>,
    name: &RepoName,
    repo: &Repo,
    parsed: &Parsed,
    text: &[u8],
    now: Timestamp,
) -> Result<Image, Error> {
    let mut size = 0;
    for (digest, _) in &parsed.layers {
        let key = (repo.id, digest.clone());
        let mut layer = LAYERS.get(tx, &key)?.ok_or_else(|| no_layers(name, digest))?;
        if layer.uses == 0 {
            UNUSED.remove(tx, &(layer.unused, repo.id, digest.as_str()))?;
        }
        layer.uses += 1;
        size += layer.size;
        LAYERS.insert(tx, &key, &layer)?;
    }
    for child in &parsed.children {
        let key = (repo.id, child.clone());
        let Some(mut image) = IMAGES.get(tx, &key)? else {
            let message = format!(
                "Images with digests '[{child}]' required for pushing image into repository with name '{}' in the registry with id '{}' do not exist",
                name.name, name.account
            );
            return Err(Error::new("ReferencedImagesNotFoundException", message).with_status(400));
        };
        image.parents += 1;
        IMAGES.insert(tx, &key, &image)?;
    }
    MANIFESTS.insert(tx, &(repo.id, parsed.digest.clone()), &Manifest(text.to_vec().into()))?;
    Ok(Image {
        media_type: parsed.media_type.clone(),
        artifact_type: parsed.artifact_type.clone(),
        size,
        pushed: now,
        layers: parsed.layers.iter().map(|(digest, _)| digest.clone()).collect(),
        children: parsed.children.clone(),
        subject: parsed.subject.clone(),
        tags: Vec::new(),
        parents: 0,
    })
}

/// Takes a tag away from an image, which stays without one.
pub(crate) fn untag(tx: &mut WriteTx<'_>, repo: &Repo, digest: &str, tag: &str) -> Result<(), Error> {
    TAGS.remove(tx, &(repo.id, tag))?;
    let key = (repo.id, digest.to_owned());
    if let Some(mut image) = IMAGES.get(tx, &key)? {
        image.tags.retain(|one| one != tag);
        IMAGES.insert(tx, &key, &image)?;
    }
    Ok(())
}

/// Removes an image with its tags. Layers that no other manifest has become unused.
pub(crate) fn remove(tx: &mut WriteTx<'_>, repo: &Repo, digest: &str, now: Timestamp) -> Result<(), Error> {
    let Some(image) = IMAGES.get(tx, &(repo.id, digest))? else { return Ok(()) };
    for tag in &image.tags {
        TAGS.remove(tx, &(repo.id, tag.as_str()))?;
    }
    for layer in &image.layers {
        let key = (repo.id, layer.clone());
        let Some(found) = LAYERS.get(tx, &key)? else { continue };
        let unused = if found.uses == 1 { now.as_millis() } else { found.unused };
        let found = Layer { uses: found.uses.saturating_sub(1), unused, ..found };
        if found.uses == 0 {
            UNUSED.insert(tx, &(unused, repo.id, layer.clone()), &Count(0))?;
        }
        LAYERS.insert(tx, &key, &found)?;
    }
    for child in &image.children {
        let key = (repo.id, child.clone());
        if let Some(mut image) = IMAGES.get(tx, &key)? {
            image.parents = image.parents.saturating_sub(1);
            IMAGES.insert(tx, &key, &image)?;
        }
    }
    MANIFESTS.remove(tx, &(repo.id, digest))?;
    IMAGES.remove(tx, &(repo.id, digest))?;
    Ok(())
}

/// Adds a layer whose blob was counted for it; gives whether it was there already, in which case the blob is counted once less.
pub(crate) fn add_layer(
    tx: &mut WriteTx<'_>,
    repo: &Repo,
    digest: &str,
    size: u64,
    now: Timestamp,
) -> Result<bool, Error> {
    let key = (repo.id, digest.to_owned());
    if LAYERS.get(tx, &key)?.is_some() {
        release(tx, blob_of(digest))?;
        return Ok(true);
    }
    let unused = now.as_millis();
    LAYERS.insert(tx, &key, &Layer { size, uses: 0, unused })?;
    UNUSED.insert(tx, &(unused, repo.id, digest.to_owned()), &Count(0))?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, expected) in [
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c*", "abcd", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a*d", "abc", false),
        ] {
            assert_eq!(wildcard(pattern, text), expected, "{pattern} {text}");
        }
    }
}

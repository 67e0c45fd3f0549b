//! Manifests, by tag and by digest, and the list of tags.

use http::{Response, StatusCode};
use serde_json::json;
use weft_net::{Body, collect_limited, full};

use crate::images::{Parsed, Reference, put, remove, untag};
use crate::names::is_digest;
use crate::registry::answer::{Refusal, Result, finish, json, nothing};
use crate::registry::place::query;
use crate::registry::{Exchange, header};
use crate::tables::{IMAGES, MANIFESTS, TAGS, require};

/// Bytes of a manifest.
const MANIFEST_BYTES_MAX: u64 = 4 << 20;
/// Tags of a page.
const TAGS_MAX: usize = 1000;

fn reference_of(text: &str) -> Reference {
    let text = text.to_owned();
    if is_digest(&text) { Reference::Digest(text) } else { Reference::Tag(text) }
}

fn unknown() -> Refusal {
    Refusal::new(404, "MANIFEST_UNKNOWN", "Requested image not found")
}

impl Exchange<'_> {
    pub(super) async fn manifest(self, name: String, reference: String) -> Result {
        let name = self.repo(name);
        let repo = self.ecr.authorize(&self.cx, &name, "ecr:BatchGetImage").await?;
        let found = self.ecr.read(move |tx| {
            let Ok(digest) = reference_of(&reference).resolve(tx, &repo)? else { return Ok(None) };
            let key = (repo.id, digest.as_str());
            Ok(IMAGES.get(tx, &key)?.zip(MANIFESTS.get(tx, &key)?).map(|found| (digest, found)))
        });
        let (digest, (image, text)) = found.await?.ok_or_else(unknown)?;
        let accepted: Vec<_> =
            self.parts.headers.get_all("accept").iter().filter_map(|value| value.to_str().ok()).collect();
        let takes = |one: &str| {
            let kind = one.split(';').next().unwrap_or(one).trim();
            kind == image.media_type || kind == "*/*" || kind == "application/*"
        };
        if !accepted.is_empty() && !accepted.iter().flat_map(|list| list.split(',')).any(takes) {
            let message = format!(
                "The manifest is of the type {}, which the request does not accept",
                image.media_type
            );
            return Err(Refusal::new(404, "MANIFEST_UNKNOWN", message));
        }
        let base = Response::builder()
            .header("content-type", image.media_type)
            .header("content-length", text.0.len())
            .header("etag", format!("\"{digest}\""))
            .header("docker-content-digest", digest);
        finish(base, full(text.0))
    }

    pub(super) async fn put_manifest(self, name: String, reference: String, body: Body) -> Result {
        let name = self.repo(name);
        self.ecr.authorize(&self.cx, &name, "ecr:PutImage").await?;
        let text = collect_limited(body, MANIFEST_BYTES_MAX).await;
        let text = text.map_err(|error| Refusal::new(400, "MANIFEST_INVALID", error.to_string()))?;
        let parsed = Parsed::parse(&text, header(&self.parts.headers, "content-type"))?;
        let tag = (!is_digest(&reference)).then(|| reference.clone());
        if tag.is_none() && reference != parsed.digest {
            return Err(Refusal::new(400, "DIGEST_INVALID", "The digest is not that of the manifest"));
        }
        let (digest, place, now) = (parsed.digest.clone(), name.name.clone(), self.cx.scope.now);
        let stored = self.ecr.write(move |tx| {
            let repo = require(tx, &name)?;
            put(tx, (&name, &repo), (&parsed, &text), tag.as_deref(), now)
        });
        stored.await?;
        let base = Response::builder().status(201).header("docker-content-digest", &digest);
        nothing(base.header("location", format!("/v2/{place}/manifests/{digest}")))
    }

    pub(super) async fn delete_manifest(self, name: String, reference: String) -> Result {
        let name = self.repo(name);
        self.ecr.authorize(&self.cx, &name, "ecr:BatchDeleteImage").await?;
        let now = self.cx.scope.now;
        let done = self.ecr.write(move |tx| {
            let repo = require(tx, &name)?;
            let Ok(digest) = reference_of(&reference).resolve(tx, &repo)? else { return Ok(Err(unknown())) };
            let Some(image) = IMAGES.get(tx, &(repo.id, digest.as_str()))? else { return Ok(Err(unknown())) };
            if !is_digest(&reference) && image.tags.len() > 1 {
                untag(tx, &repo, &digest, &reference)?;
                return Ok(Ok(()));
            }
            if image.parents > 0 {
                return Ok(Err(Refusal::new(405, "DENIED", "Requested image referenced by manifest list")));
            }
            remove(tx, &repo, &digest, now)?;
            Ok(Ok(()))
        });
        done.await??;
        nothing(Response::builder().status(202))
    }

    pub(super) async fn tags(self, name: String) -> Result {
        let name = self.repo(name);
        let repo = self.ecr.authorize(&self.cx, &name, "ecr:ListImages").await?;
        let last = query(&self.parts.uri, "last").unwrap_or_default();
        let asked = query(&self.parts.uri, "n").map(|n| n.parse::<usize>());
        let limit = match asked {
            None => TAGS_MAX,
            Some(Ok(limit)) => limit.min(TAGS_MAX),
            Some(Err(_)) => return Err(Refusal::new(400, "PAGINATION_NUMBER_INVALID", "n is not a number")),
        };
        let rows = self.ecr.read(move |tx| {
            Ok(TAGS.query(&(repo.id,)).after(&(repo.id, last.as_str())).limit(limit + 1).rows(tx)?)
        });
        let mut tags: Vec<String> = rows.await?.into_iter().map(|((_, tag), _)| tag).collect();
        let more = tags.len() > limit;
        tags.truncate(limit);
        let mut response = json(StatusCode::OK, &json!({ "name": name.name, "tags": tags }))?;
        if let Some(last) = tags.last().filter(|_| more) {
            let link = format!("</v2/{}/tags/list?last={last}&n={limit}>; rel=\"next\"", name.name);
            if let Ok(link) = link.parse() {
                response.headers_mut().insert("link", link);
            }
        }
        Ok(response)
    }
}

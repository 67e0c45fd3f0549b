//! Layers: read, and uploaded whole, in pieces, or by mounting another repository's.

use std::io;

use futures::stream::{StreamExt as _, TryStreamExt as _};
use http::Response;
use http::request::Parts;
use weft_net::{Body, BoxError, streamed};
use weft_service::Error;

use crate::Ecr;
use crate::names::{RepoName, is_digest, is_name};
use crate::registry::answer::{Refusal, Result, finish, nothing};
use crate::registry::place::query;
use crate::registry::{Exchange, header};
use crate::tables::{LAYERS, blob_of, require};
use crate::uploads::{Incoming, out_of_order};

const BINARY: &str = "application/octet-stream";

/// A layer, or the range of it that is asked for.
pub(super) async fn get(ecr: &Ecr, name: &RepoName, digest: &str, parts: &Parts) -> Result {
    let (place, key) = (name.clone(), digest.to_owned());
    let layer = ecr.read(move |tx| {
        let repo = require(tx, &place)?;
        LAYERS.get(tx, &(repo.id, key.as_str()))?.ok_or_else(|| crate::errors::no_layers(&place, &key))
    });
    let size = layer.await?.size;
    let blob = blob_of(digest).parse().map_err(Error::internal)?;
    let base = Response::builder()
        .header("docker-content-digest", digest)
        .header("etag", format!("\"{digest}\""))
        .header("accept-ranges", "bytes")
        .header("content-type", BINARY);
    let failed = |error| Refusal::from(Error::internal(error));
    let body = |bytes: Incoming| streamed(bytes.map_err(BoxError::from));
    if parts.method == http::Method::HEAD {
        return finish(base.header("content-length", size), weft_net::empty());
    }
    match header(&parts.headers, "range").and_then(|text| range(text, size)) {
        None => {
            let (_, bytes) = ecr.blobs.get_stream(&blob).await.map_err(failed)?;
            finish(base.header("content-length", size), body(bytes))
        }
        Some(None) => {
            let base = Response::builder().status(416).header("content-range", format!("bytes */{size}"));
            nothing(base)
        }
        Some(Some((first, last))) => {
            let bytes = ecr.blobs.get_range(&blob, first..last + 1).await.map_err(failed)?;
            let base = base.status(206).header("content-range", format!("bytes {first}-{last}/{size}"));
            finish(base.header("content-length", last + 1 - first), body(bytes))
        }
    }
}

/// The first and last byte of a range; none inside where it cannot be satisfied, none at all where it is no single range.
#[expect(clippy::option_option, reason = "no range, a wrong one and a right one are three things")]
fn range(text: &str, size: u64) -> Option<Option<(u64, u64)>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let end = size.checked_sub(1);
    if first.is_empty() {
        let length: u64 = last.parse().ok()?;
        return Some(end.filter(|_| length > 0).map(|end| (size.saturating_sub(length), end)));
    }
    let first: u64 = first.parse().ok()?;
    let last = if last.is_empty() { u64::MAX } else { last.parse().ok()? };
    if last < first {
        return None;
    }
    Some(end.filter(|end| first <= *end).map(|end| (first, last.min(end))))
}

fn incoming(body: Body) -> Incoming {
    weft_net::chunks(body).map_err(io::Error::other).boxed()
}

impl Exchange<'_> {
    pub(super) async fn blob(self, name: String, digest: String) -> Result {
        let name = self.repo(name);
        let head = self.parts.method == http::Method::HEAD;
        let action = if head { "ecr:BatchCheckLayerAvailability" } else { "ecr:GetDownloadUrlForLayer" };
        self.ecr.authorize(&self.cx, &name, action).await?;
        get(self.ecr, &name, &digest, &self.parts).await
    }

    pub(super) async fn begin(self, name: String, body: Body) -> Result {
        let name = self.repo(name);
        self.ecr.authorize(&self.cx, &name, "ecr:InitiateLayerUpload").await?;
        let now = self.cx.scope.now;
        let of = |field| query(&self.parts.uri, field);
        if let (Some(digest), Some(from)) = (of("mount"), of("from"))
            && is_digest(&digest)
            && is_name(&from)
            && self.mount(self.repo(from), &name, &digest).await?
        {
            return created(&name, &digest);
        }
        let id = self.ecr.begin_upload(name.clone(), now).await?;
        match of("digest") {
            Some(digest) => {
                self.ecr.authorize(&self.cx, &name, "ecr:UploadLayerPart").await?;
                self.ecr.authorize(&self.cx, &name, "ecr:CompleteLayerUpload").await?;
                self.finish_upload(&name, &id, &digest, Some(incoming(body))).await
            }
            None => accepted(&name, &id, 0),
        }
    }

    /// Mounts a layer of another repository, where the caller may read it there.
    async fn mount(&self, from: RepoName, to: &RepoName, digest: &str) -> Result<bool> {
        let (ecr, cx) = (self.ecr, &self.cx);
        if ecr.authorize(cx, &from, "ecr:GetDownloadUrlForLayer").await.is_err() {
            return Ok(false);
        }
        Ok(ecr.mount(from, to.clone(), digest.to_owned(), cx.scope.now).await?)
    }

    pub(super) async fn upload_status(self, name: String, id: String) -> Result {
        let name = self.repo(name);
        self.ecr.authorize(&self.cx, &name, "ecr:UploadLayerPart").await?;
        let (_, upload) = self.ecr.upload(&name, &id).await?;
        progress(204, &name, &id, upload.size())
    }

    pub(super) async fn append(self, name: String, id: String, body: Body) -> Result {
        let name = self.repo(name);
        self.ecr.authorize(&self.cx, &name, "ecr:UploadLayerPart").await?;
        let (_, upload) = self.ecr.upload(&name, &id).await?;
        let from = upload.size();
        self.check_range(from)?;
        let size = self.ecr.append(&name, &id, from, incoming(body)).await?;
        accepted(&name, &id, size)
    }

    /// Refuses a piece that does not follow what is there.
    fn check_range(&self, from: u64) -> Result<()> {
        let first = header(&self.parts.headers, "content-range").and_then(|text| text.split('-').next());
        match first.map(|first| first.trim_start_matches("bytes ").parse::<u64>()) {
            None => Ok(()),
            Some(Ok(first)) if first == from => Ok(()),
            Some(_) => Err(out_of_order(from).into()),
        }
    }

    pub(super) async fn complete(self, name: String, id: String, body: Body) -> Result {
        let name = self.repo(name);
        self.ecr.authorize(&self.cx, &name, "ecr:CompleteLayerUpload").await?;
        let digest = query(&self.parts.uri, "digest").unwrap_or_default();
        let empty = header(&self.parts.headers, "content-length").is_none_or(|length| length == "0")
            && !self.parts.headers.contains_key("transfer-encoding");
        if !empty {
            self.ecr.authorize(&self.cx, &name, "ecr:UploadLayerPart").await?;
            let (_, upload) = self.ecr.upload(&name, &id).await?;
            self.check_range(upload.size())?;
        }
        self.finish_upload(&name, &id, &digest, (!empty).then(|| incoming(body))).await
    }

    async fn finish_upload(&self, name: &RepoName, id: &str, digest: &str, rest: Option<Incoming>) -> Result {
        if !is_digest(digest) {
            return Err(Refusal::new(400, "DIGEST_INVALID", "The digest is not a SHA-256 digest"));
        }
        self.ecr.complete(name, id, (digest, rest), self.cx.scope.now).await?;
        created(name, digest)
    }

    pub(super) async fn cancel(self, name: String, id: String) -> Result {
        let name = self.repo(name);
        self.ecr.authorize(&self.cx, &name, "ecr:UploadLayerPart").await?;
        self.ecr.cancel(&name, &id).await?;
        finish(Response::builder().status(204), weft_net::empty())
    }
}

fn created(name: &RepoName, digest: &str) -> Result {
    let base = Response::builder().status(201).header("docker-content-digest", digest);
    nothing(base.header("location", format!("/v2/{}/blobs/{digest}", name.name)))
}

fn accepted(name: &RepoName, id: &str, size: u64) -> Result {
    progress(202, name, id, size)
}

fn progress(status: u16, name: &RepoName, id: &str, size: u64) -> Result {
    let base = Response::builder().status(status).header("docker-upload-uuid", id);
    let base = base.header("location", format!("/v2/{}/blobs/uploads/{id}", name.name));
    let base = base.header("range", format!("0-{}", size.saturating_sub(1)));
    if status == 204 { finish(base, weft_net::empty()) } else { nothing(base) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_of_what_is_there() {
        for (text, size, expected) in [
            ("bytes=0-3", 10, Some(Some((0, 3)))),
            ("bytes=4-", 10, Some(Some((4, 9)))),
            ("bytes=-4", 10, Some(Some((6, 9)))),
            ("bytes=4-99", 10, Some(Some((4, 9)))),
            ("bytes=10-", 10, Some(None)),
            ("bytes=0-", 0, Some(None)),
            ("bytes=3-1", 10, None),
            ("lines=1-2", 10, None),
        ] {
            assert_eq!(range(text, size), expected, "{text}");
        }
    }
}

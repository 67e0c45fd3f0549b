//! Tests of the operations through dispatch, with signed requests, on stores that go afterwards.

use std::sync::Arc;
use std::time::Duration;

use weft_model::{Shape, Value, ecr as model};
use weft_service::testing::{self, Client, START, not_refused};
use weft_service::{Clock, ManualClock, Registry};
use weft_store::{Blobs, Digest, Memory, Store};
use weft_types::Timestamp;

use crate::{Ecr, EcrOptions};

struct World {
    client: Client,
    stranger: Client,
    ecr: Arc<Ecr>,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = testing::clock();
        let store = Store::memory(&Memory::new()).unwrap();
        let for_ecr = Arc::clone(&clock) as Arc<dyn Clock>;
        let blobs = Blobs::open(folder.path()).unwrap();
        let ecr = Ecr::open(store, blobs, for_ecr, EcrOptions::default()).await.unwrap();
        let mut registry = Registry::default();
        registry.add(ecr.register());
        let [client, stranger] = testing::clients(registry, &clock);
        ecr.connect(&client.dispatch);
        Self { client, stranger, ecr, clock, _folder: folder }
    }

    async fn call<I: Shape, O: Shape>(&self, operation: &str, input: I) -> Result<O, String> {
        self.client.call(&model::SERVICE, operation, input).await.map_err(|fault| fault.code)
    }

    async fn create(&self, name: &str, mutability: Option<&str>) {
        let input = model::CreateRepositoryRequest {
            repository_name: name.to_owned(),
            image_tag_mutability: mutability.map(str::to_owned),
            ..Default::default()
        };
        let made: model::CreateRepositoryResponse = self.call("CreateRepository", input).await.unwrap();
        let uri = made.repository.unwrap().repository_uri.unwrap();
        assert_eq!(uri, format!("127.0.0.1:4566/{name}"));
    }

    async fn layer(&self, name: &str, bytes: &'static [u8]) -> Result<String, String> {
        let repository_name = || name.to_owned();
        let input =
            model::InitiateLayerUploadRequest { repository_name: repository_name(), ..Default::default() };
        let begun: model::InitiateLayerUploadResponse = self.call("InitiateLayerUpload", input).await?;
        let id = begun.upload_id.unwrap();
        let part = model::UploadLayerPartRequest {
            repository_name: repository_name(),
            upload_id: id.clone(),
            part_first_byte: 0,
            part_last_byte: i64::try_from(bytes.len()).unwrap() - 1,
            layer_part_blob: bytes.into(),
            ..Default::default()
        };
        let _: model::UploadLayerPartResponse = self.call("UploadLayerPart", part).await?;
        let digest = format!("sha256:{}", Digest::of(bytes));
        let complete = model::CompleteLayerUploadRequest {
            repository_name: repository_name(),
            upload_id: id,
            layer_digests: vec![digest.clone()],
            ..Default::default()
        };
        let _: model::CompleteLayerUploadResponse = self.call("CompleteLayerUpload", complete).await?;
        Ok(digest)
    }

    async fn image(&self, name: &str, layer: &'static [u8], tag: &str) -> Result<String, String> {
        let digest = format!("sha256:{}", Digest::of(layer));
        let one =
            |digest: &str, size: usize| format!(r#"{{"mediaType":"x","digest":"{digest}","size":{size}}}"#);
        let text = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}}"#,
            one(&digest, layer.len())
        );
        let input = model::PutImageRequest {
            repository_name: name.to_owned(),
            image_manifest: text,
            image_tag: Some(tag.to_owned()),
            ..Default::default()
        };
        let put: model::PutImageResponse = self.call("PutImage", input).await?;
        Ok(put.image.unwrap().image_id.unwrap().image_digest.unwrap())
    }

    async fn delete(&self, name: &str, digest: Option<&str>, tag: Option<&str>) -> (usize, Vec<String>) {
        let id = model::ImageIdentifier {
            image_digest: digest.map(str::to_owned),
            image_tag: tag.map(str::to_owned),
        };
        let input = model::BatchDeleteImageRequest {
            repository_name: name.to_owned(),
            image_ids: vec![id],
            ..Default::default()
        };
        let done: model::BatchDeleteImageResponse = self.call("BatchDeleteImage", input).await.unwrap();
        let codes = done.failures.unwrap().into_iter().map(|failure| failure.failure_code.unwrap()).collect();
        (done.image_ids.unwrap().len(), codes)
    }

    async fn has(&self, digest: &str) -> bool {
        let blob = digest.strip_prefix("sha256:").unwrap().parse().unwrap();
        self.ecr.blobs.has(&blob).await.unwrap()
    }

    async fn sweep_after(&self, time: Duration) {
        let now = Timestamp::from_millis(START).plus(time);
        self.clock.set(now);
        self.ecr.sweep(now).await.unwrap();
    }
}

/// Values for members whose samples an operation does not accept.
fn given(operation: &str, member: &str) -> Option<Value> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    match (operation, member) {
        (_, "repositoryName") => text("app"),
        (_, "resourceArn") => text("arn:aws:ecr:us-east-1:000000000000:repository/app"),
        ("CompleteLayerUpload", "layerDigests") => {
            Some(Value::List(vec![Value::Text(format!("sha256:{}", "a".repeat(64)))]))
        }
        ("CompleteLayerUpload" | "UploadLayerPart", "uploadId") => {
            text("01234567-89ab-4def-8123-456789abcdef")
        }
        ("UploadLayerPart", "partFirstByte") => Some(Value::Integer(0)),
        ("UploadLayerPart", "partLastByte") => Some(Value::Integer(3)),
        (_, "layerDigest") => text(&format!("sha256:{}", "a".repeat(64))),
        ("SetRepositoryPolicy", "policyText") => text(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"ecr:*"}}"#,
        ),
        ("PutLifecyclePolicy", "lifecyclePolicyText") => text(
            r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}}]}"#,
        ),
        _ => None,
    }
}

#[tokio::test]
async fn every_operation_without_code_is_on_the_list() {
    let world = World::new().await;
    let without = world.client.dispatch.registry().unsupported("ecr");
    assert_eq!(without, include_str!("../unsupported.txt"));
}

#[tokio::test]
async fn nothing_runs_without_a_permission() {
    let world = World::new().await;
    let open = not_refused(&world.stranger, &model::SERVICE, &given, &[]).await;
    assert_eq!(open, Vec::<String>::new());
}

#[tokio::test]
async fn space_comes_back_when_no_manifest_of_any_repository_uses_it() {
    let world = World::new().await;
    for name in ["one", "two"] {
        world.create(name, None).await;
        world.layer(name, b"shared").await.unwrap();
        world.image(name, b"shared", "latest").await.unwrap();
    }
    let layer = format!("sha256:{}", Digest::of(b"shared"));
    assert_eq!(world.delete("one", None, Some("latest")).await, (1, vec![]));
    world.sweep_after(Duration::from_hours(2)).await;
    assert!(world.has(&layer).await);
    assert_eq!(world.delete("two", None, Some("latest")).await, (1, vec![]));
    world.sweep_after(Duration::from_hours(2) + Duration::from_mins(30)).await;
    assert!(world.has(&layer).await, "a manifest may be about to use it");
    world.sweep_after(Duration::from_hours(4)).await;
    assert!(!world.has(&layer).await);
}

#[tokio::test]
async fn a_deleted_repository_gives_its_space_back() {
    let world = World::new().await;
    world.create("app", None).await;
    let layer = world.layer("app", b"bytes").await.unwrap();
    world.image("app", b"bytes", "latest").await.unwrap();
    let delete = |force| model::DeleteRepositoryRequest {
        repository_name: "app".to_owned(),
        force,
        ..Default::default()
    };
    let refused: Result<model::DeleteRepositoryResponse, _> =
        world.call("DeleteRepository", delete(None)).await;
    assert_eq!(refused.unwrap_err(), "RepositoryNotEmptyException");
    let _: model::DeleteRepositoryResponse =
        world.call("DeleteRepository", delete(Some(true))).await.unwrap();
    world.sweep_after(Duration::ZERO).await;
    assert!(!world.has(&layer).await);
    assert_eq!(world.layer("app", b"bytes").await, Err("RepositoryNotFoundException".to_owned()));
}

#[tokio::test]
async fn tags_move_only_where_they_may() {
    let world = World::new().await;
    for (name, mutability, second) in [
        ("free", None, Ok(())),
        ("fixed", Some("IMMUTABLE"), Err("ImageTagAlreadyExistsException".to_owned())),
    ] {
        world.create(name, mutability).await;
        for bytes in [&b"a"[..], b"b"] {
            world.layer(name, bytes).await.unwrap();
        }
        let first = world.image(name, b"a", "t").await.unwrap();
        assert_eq!(world.image(name, b"a", "t").await, Err("ImageAlreadyExistsException".to_owned()));
        assert_eq!(world.image(name, b"b", "t").await.map(drop), second, "{name}");
        let left = world.delete(name, Some(&first), None).await;
        assert_eq!(left, (1, vec![]));
    }
    assert_eq!(world.image("free", b"none", "x").await, Err("LayersNotFoundException".to_owned()));
    assert_eq!(world.delete("free", None, Some("none")).await, (0, vec!["ImageNotFound".to_owned()]));
}

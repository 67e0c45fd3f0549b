//! An S3 with its own store and blobs.

use bytes::Bytes;
use futures::stream::TryStreamExt as _;
use tempfile::TempDir;
use weft_model::s3 as api;
use weft_service::Registry;
use weft_service::testing::{self, Client};
use weft_store::{Blobs, Memory, Store};

use crate::S3;

/// All of it.
pub(crate) struct World {
    pub(crate) client: Client,
    /// Signs well and may do nothing.
    pub(crate) stranger: Client,
    pub(crate) s3: S3,
    store: Store,
    folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::memory(&Memory::new()).unwrap();
        let s3 = S3::open(store.clone(), Blobs::open(folder.path()).unwrap()).unwrap();
        let mut registry = Registry::default();
        registry.add(s3.register());
        let [client, stranger] = testing::clients(registry, &testing::clock());
        Self { client, stranger, s3, store, folder }
    }

    /// What a new process finds.
    pub(crate) fn reopened(&self) -> S3 {
        S3::open(self.store.clone(), Blobs::open(self.folder.path()).unwrap()).unwrap()
    }

    pub(crate) async fn create(&self, name: &str) {
        let bucket = name.to_owned();
        let input = api::CreateBucketRequest { bucket, ..Default::default() };
        let answer =
            self.client.call::<_, api::CreateBucketOutput>(&api::SERVICE, "CreateBucket", input).await;
        answer.unwrap();
    }

    pub(crate) async fn put(&self, bucket: &str, key: &str, body: &[u8]) {
        let input = api::PutObjectRequest {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            body: Some(Bytes::copy_from_slice(body)),
            ..Default::default()
        };
        self.client.call::<_, api::PutObjectOutput>(&api::SERVICE, "PutObject", input).await.unwrap();
    }

    pub(crate) async fn get(&self, bucket: &str, key: &str) -> Result<Bytes, String> {
        let input =
            api::GetObjectRequest { bucket: bucket.to_owned(), key: key.to_owned(), ..Default::default() };
        let answer = self.client.call::<_, api::GetObjectOutput>(&api::SERVICE, "GetObject", input).await;
        answer.map(|output| output.body.unwrap_or_default()).map_err(|fault| fault.code)
    }

    pub(crate) async fn delete(&self, bucket: &str, key: &str) {
        let input =
            api::DeleteObjectRequest { bucket: bucket.to_owned(), key: key.to_owned(), ..Default::default() };
        self.client.call::<_, api::DeleteObjectOutput>(&api::SERVICE, "DeleteObject", input).await.unwrap();
    }

    /// The sizes of all blobs.
    pub(crate) async fn blobs(&self) -> Vec<u64> {
        let all: Vec<_> = self.s3.blobs.list().try_collect().await.unwrap();
        let mut sizes: Vec<u64> = all.into_iter().map(|(_, size)| size).collect();
        sizes.sort_unstable();
        sizes
    }
}

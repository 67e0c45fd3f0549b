//! Putting what a stack needs into S3.

use bytes::Bytes;
use weft_model::s3::{
    CreateBucketConfiguration, CreateBucketOutput, CreateBucketRequest, HeadBucketOutput, HeadBucketRequest,
    HeadObjectOutput, HeadObjectRequest, PutObjectOutput, PutObjectRequest,
};
use weft_wire::sigv4;

use crate::client::{CallError, Client};

/// A bucket that code and templates go to.
pub(crate) struct Bucket<'a> {
    client: &'a Client,
    pub(crate) name: String,
}

impl<'a> Bucket<'a> {
    /// A bucket that is there.
    pub(crate) fn named(client: &'a Client, name: String) -> Self {
        Self { client, name }
    }

    /// The bucket of an account and a region for what `weft up` packages; made where it is missing.
    pub(crate) async fn of_artifacts(client: &'a Client, account: &str) -> Result<Self, CallError> {
        let name = format!("weft-artifacts-{account}-{}", client.region());
        let request = HeadBucketRequest { bucket: name.clone(), ..Default::default() };
        match client.call::<_, HeadBucketOutput>("s3", "HeadBucket", request).await {
            Err(error) if error.is_not_found() => {
                let region = Some(client.region().to_owned()).filter(|region| region != "us-east-1");
                let configuration = region.map(|region| CreateBucketConfiguration {
                    location_constraint: Some(region),
                    ..Default::default()
                });
                let request = CreateBucketRequest {
                    bucket: name.clone(),
                    create_bucket_configuration: configuration,
                    ..Default::default()
                };
                client.call::<_, CreateBucketOutput>("s3", "CreateBucket", request).await?;
            }
            other => drop(other?),
        }
        Ok(Self { client, name })
    }

    /// Puts bytes under a name made of their SHA-256 and an ending; gives the key.
    pub(crate) async fn put(&self, ending: &str, bytes: Vec<u8>, what: &str) -> Result<String, CallError> {
        let key = format!("{}{ending}", sigv4::hash(&bytes));
        self.put_as(&key, bytes, what).await?;
        Ok(key)
    }

    /// Puts bytes under a key, unless it is there: keys are made of contents.
    pub(crate) async fn put_as(&self, key: &str, bytes: Vec<u8>, what: &str) -> Result<(), CallError> {
        if self.has(key).await? {
            return Ok(());
        }
        eprintln!("  {what}: uploading {} KiB", bytes.len().div_ceil(1024));
        let request = PutObjectRequest {
            bucket: self.name.clone(),
            key: key.to_owned(),
            body: Some(Bytes::from(bytes)),
            ..Default::default()
        };
        self.client.call::<_, PutObjectOutput>("s3", "PutObject", request).await.map(drop)
    }

    /// Whether there is an object.
    pub(crate) async fn has(&self, key: &str) -> Result<bool, CallError> {
        let request =
            HeadObjectRequest { bucket: self.name.clone(), key: key.to_owned(), ..Default::default() };
        match self.client.call::<_, HeadObjectOutput>("s3", "HeadObject", request).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The URL by which `CloudFormation` reads an object.
    pub(crate) fn url(&self, key: &str) -> String {
        format!("{}/{}/{key}", self.client.endpoint(), self.name)
    }
}

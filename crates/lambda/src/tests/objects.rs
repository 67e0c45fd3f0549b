//! Code in the buckets of S3.

use std::sync::Arc;

use bytes::Bytes;
use weft_model::lambda as model;
use weft_service::testing::refusal;
use weft_service::{BoxFuture, Context, Error, ObjectName, Objects};

use super::world::{World, create_request, zip_of};

/// One bucket: `code.zip` in two versions, `text`, and what may not be read.
struct FakeObjects;

impl Objects for FakeObjects {
    fn read<'a>(
        &'a self,
        _: &'a Context,
        object: &'a ObjectName,
        bytes_max: u64,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        let version = object.version.as_deref();
        let found = match (object.bucket.as_str(), object.key.as_str()) {
            ("code", "code.zip") => Ok(zip_of(&[("app.py", version.unwrap_or("new").as_bytes())])),
            ("code", "text") => Ok(Bytes::from_static(b"no archive")),
            ("code", "empty") => Ok(Bytes::new()),
            ("code", "large") if bytes_max == 262_144_000 => {
                Err(Error::new("EntityTooLarge", "Your proposed upload exceeds the maximum").with_status(400))
            }
            ("code", "secret") => Err(Error::new("AccessDenied", "Access Denied").with_status(403)),
            ("code", _) => Err(Error::new("NoSuchKey", "The specified key does not exist.").with_status(404)),
            _ => Err(Error::new("NoSuchBucket", "The specified bucket does not exist").with_status(404)),
        };
        Box::pin(std::future::ready(found))
    }
}

fn from(bucket: &str, key: &str, version: Option<&str>) -> model::FunctionCode {
    model::FunctionCode {
        s3_bucket: Some(bucket.to_owned()),
        s3_key: Some(key.to_owned()),
        s3_object_version: version.map(str::to_owned),
        ..Default::default()
    }
}

#[tokio::test]
async fn code_of_a_bucket_is_read_with_its_version_and_its_errors_are_told() {
    let world = World::new();
    world.lambda.read_objects_from(Arc::new(FakeObjects));
    let bad = "InvalidParameterValueException";
    let check = async |code: model::FunctionCode, expected: Result<(), (&str, u16, &str)>| {
        let input = model::CreateFunctionRequest { code, ..create_request("f") };
        let made = world.call::<_, model::FunctionConfiguration>("CreateFunction", input).await;
        match expected {
            Ok(()) => {
                made.unwrap();
                let gone =
                    model::DeleteFunctionRequest { function_name: "f".to_owned(), ..Default::default() };
                world.call::<_, model::DeleteFunctionResponse>("DeleteFunction", gone).await.unwrap();
            }
            Err((code, status, text)) => {
                let refused = refusal(made);
                assert_eq!((refused.0.as_str(), refused.1), (code, status));
                assert!(refused.2.contains(text), "{}", refused.2);
            }
        }
    };
    check(from("code", "code.zip", None), Ok(())).await;
    check(from("code", "code.zip", Some("old")), Ok(())).await;
    check(from("code", "text", None), Err((bad, 400, "Could not unzip uploaded file"))).await;
    check(from("code", "empty", None), Err((bad, 400, "non-empty zip"))).await;
    check(from("code", "large", None), Err((bad, 400, "smaller than 262144000 bytes"))).await;
    check(
        from("code", "none", None),
        Err((bad, 400, "S3 Error Code: NoSuchKey. S3 Error Message: The spec")),
    )
    .await;
    check(from("none", "code.zip", None), Err((bad, 400, "S3 Error Code: NoSuchBucket."))).await;
    check(from("code", "secret", None), Err(("AccessDeniedException", 403, "S3 Error Code: AccessDenied.")))
        .await;
}

#[tokio::test]
async fn updates_and_layers_read_code_of_a_bucket_and_versions_differ() {
    let world = World::new();
    world.lambda.read_objects_from(Arc::new(FakeObjects));
    world.create("f").await;
    let mut sums = Vec::new();
    for version in [None, Some("old"), None] {
        let input = model::UpdateFunctionCodeRequest {
            function_name: "f".to_owned(),
            s3_bucket: Some("code".to_owned()),
            s3_key: Some("code.zip".to_owned()),
            s3_object_version: version.map(str::to_owned),
            ..Default::default()
        };
        let updated: model::FunctionConfiguration = world.call("UpdateFunctionCode", input).await.unwrap();
        sums.push(updated.code_sha256);
    }
    assert_eq!(sums[0], sums[2]);
    assert_ne!(sums[0], sums[1]);
    let layer = model::PublishLayerVersionRequest {
        layer_name: "tools".to_owned(),
        content: model::LayerVersionContentInput {
            s3_bucket: Some("code".to_owned()),
            s3_key: Some("code.zip".to_owned()),
            ..Default::default()
        },
        ..Default::default()
    };
    let made: model::PublishLayerVersionResponse = world.call("PublishLayerVersion", layer).await.unwrap();
    assert_eq!(made.content.and_then(|content| content.code_sha256), sums[0]);
}

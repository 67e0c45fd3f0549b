//! The service as a whole, through its operations; versions and space against models of them.

mod model;
mod world;

use bytes::Bytes;
use weft_model::{Shape as _, Value, s3 as api};
use weft_service::testing::{not_refused, refusal};

use world::World;

/// Values for members whose samples an operation does not accept.
fn given(operation: &str, member: &str) -> Option<Value> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    match (operation, member) {
        (_, "Bucket") => text("bucket"),
        (_, "CopySource") => text("bucket/key"),
        ("PutBucketPolicy", "Policy") => text(
            r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::bucket"}}"#,
        ),
        ("CompleteMultipartUpload", "MultipartUpload") => {
            let part = api::CompletedPart {
                part_number: Some(1),
                e_tag: Some("0".to_owned()),
                ..Default::default()
            };
            Some(api::CompletedMultipartUpload { parts: Some(vec![part]) }.into_value())
        }
        ("PutBucketVersioning", "VersioningConfiguration") => {
            let status = Some("Enabled".to_owned());
            Some(api::VersioningConfiguration { status, ..Default::default() }.into_value())
        }
        (_, "PartNumber") => Some(Value::Integer(1)),
        ("PutBucketAcl" | "PutObjectAcl", "ACL") => text("private"),
        _ => configuration(operation, member),
    }
}

/// Configurations that buckets can have.
fn configuration(operation: &str, member: &str) -> Option<Value> {
    let some = |text: &str| Some(text.to_owned());
    match (operation, member) {
        (_, "ServerSideEncryptionConfiguration") => Some(crate::encryption::default().into_value()),
        (_, "CORSConfiguration") => {
            let rule = api::CORSRule {
                allowed_methods: vec!["GET".to_owned()],
                allowed_origins: vec!["*".to_owned()],
                ..Default::default()
            };
            Some(api::CORSConfiguration { cors_rules: vec![rule] }.into_value())
        }
        (_, "WebsiteConfiguration") => {
            let index_document = Some(api::IndexDocument { suffix: "index.html".to_owned() });
            Some(api::WebsiteConfiguration { index_document, ..Default::default() }.into_value())
        }
        (_, "LifecycleConfiguration") => {
            let expiration = Some(api::LifecycleExpiration { days: Some(1), ..Default::default() });
            let (status, prefix) = ("Enabled".to_owned(), Some(String::new()));
            let rule = api::LifecycleRule { status, prefix, expiration, ..Default::default() };
            Some(api::BucketLifecycleConfiguration { rules: vec![rule] }.into_value())
        }
        (_, "NotificationConfiguration") => Some(api::NotificationConfiguration::default().into_value()),
        (_, "RequestPaymentConfiguration") => {
            Some(api::RequestPaymentConfiguration { payer: "BucketOwner".to_owned() }.into_value())
        }
        (_, "AccelerateConfiguration") => {
            Some(api::AccelerateConfiguration { status: some("Enabled") }.into_value())
        }
        (_, "ObjectLockConfiguration") => {
            let object_lock_enabled = some("Enabled");
            Some(api::ObjectLockConfiguration { object_lock_enabled, rule: None }.into_value())
        }
        (_, "LegalHold") => Some(api::ObjectLockLegalHold { status: some("ON") }.into_value()),
        _ => None,
    }
}

#[tokio::test]
async fn every_operation_without_code_is_on_the_list() {
    let world = World::new();
    let without = world.client.dispatch.registry().unsupported("s3");
    assert_eq!(without, include_str!("../../unsupported.txt"));
}

#[tokio::test]
async fn nothing_runs_without_a_permission() {
    for exists in [false, true] {
        let world = World::new();
        if exists {
            world.create("bucket").await;
            world.put("bucket", "key", b"x").await;
        }
        // Of several objects each is refused by itself.
        let by_itself: &[&str] = if exists { &["DeleteObjects"] } else { &[] };
        let open = not_refused(&world.stranger, &api::SERVICE, &given, by_itself).await;
        assert_eq!(open, Vec::<String>::new());
        if exists {
            let identifier = api::ObjectIdentifier { key: "key".to_owned(), ..Default::default() };
            let delete = api::Delete { objects: vec![identifier], quiet: None };
            let input =
                api::DeleteObjectsRequest { bucket: "bucket".to_owned(), delete, ..Default::default() };
            let answer =
                world.stranger.call::<_, api::DeleteObjectsOutput>(&api::SERVICE, "DeleteObjects", input);
            let refused = answer.await.unwrap().errors.unwrap_or_default();
            assert_eq!(refused[0].code.as_deref(), Some("AccessDenied"));
            assert_eq!(world.get("bucket", "key").await.as_deref(), Ok(&b"x"[..]));
        }
    }
}

#[tokio::test]
async fn an_object_is_whole_or_not_there() {
    let world = World::new();
    world.create("box").await;
    world.put("box", "k", b"first").await;
    let check = |checksum: Option<&str>, md5: Option<&str>, code: &'static str| {
        let (world, input) = (
            &world,
            api::PutObjectRequest {
                bucket: "box".to_owned(),
                key: "k".to_owned(),
                body: Some(Bytes::from_static(b"second")),
                checksum_crc32: checksum.map(str::to_owned),
                content_md5: md5.map(str::to_owned),
                ..Default::default()
            },
        );
        async move {
            let answer =
                world.client.call::<_, api::PutObjectOutput>(&api::SERVICE, "PutObject", input).await;
            assert_eq!(refusal(answer).0, code);
            assert_eq!(world.get("box", "k").await.as_deref(), Ok(&b"first"[..]));
        }
    };
    check(Some("AAAAAA=="), None, "BadDigest").await;
    check(Some("AAAA"), None, "InvalidRequest").await;
    check(None, Some("AAAAAAAAAAAAAAAAAAAAAA=="), "BadDigest").await;
    check(None, Some("?"), "InvalidDigest").await;
    assert_eq!(world.blobs().await, Vec::<u64>::new());
}

#[tokio::test]
async fn bytes_are_there_once_and_go_with_the_last_who_has_them() {
    let world = World::new();
    world.create("box").await;
    let large = vec![7_u8; 100_000];
    world.put("box", "one", &large).await;
    world.put("box", "two", &large).await;
    world.put("box", "small", b"few bytes are in the store").await;
    assert_eq!(world.blobs().await, [100_000]);
    world.delete("box", "one").await;
    world.s3.remove_garbage().await.unwrap();
    assert_eq!(world.get("box", "two").await.as_deref(), Ok(&large[..]));
    world.put("box", "two", b"").await;
    world.s3.remove_garbage().await.unwrap();
    assert_eq!(world.blobs().await, Vec::<u64>::new());
    assert_eq!(world.get("box", "two").await.as_deref(), Ok(&b""[..]));
}

#[tokio::test]
async fn bytes_that_a_crash_left_uncounted_go_at_the_next_start() {
    let world = World::new();
    world.create("box").await;
    let kept = vec![1_u8; 50_000];
    world.put("box", "k", &kept).await;
    world.s3.blobs.put(Bytes::from(vec![2_u8; 60_000])).await.unwrap();
    assert_eq!(world.blobs().await, [50_000, 60_000]);
    world.s3.find_orphans().await.unwrap();
    world.s3.remove_garbage().await.unwrap();
    assert_eq!(world.blobs().await, [50_000]);
    assert_eq!(world.get("box", "k").await.as_deref(), Ok(&kept[..]));
}

#[tokio::test]
async fn a_bucket_is_known_by_name_as_long_as_it_is_there() {
    let world = World::new();
    world.create("b-1").await;
    let has = |name: &str| world.s3.has_bucket(name);
    assert!(has("b-1") && !has("b-2"));
    let again = world.reopened();
    assert!(again.has_bucket("b-1") && !again.has_bucket("b-2"));
    let input = api::DeleteBucketRequest { bucket: "b-1".to_owned(), ..Default::default() };
    world.client.call::<_, ()>(&api::SERVICE, "DeleteBucket", input).await.unwrap();
    assert!(!has("b-1"));
}

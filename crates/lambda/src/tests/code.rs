//! Archives: their limits, their sharing, and their end.

use std::io::{Cursor, Write as _};
use std::time::Duration;

use bytes::Bytes;
use weft_model::lambda as model;
use weft_types::Timestamp;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::world::{START, World, create_request, refusal, zip_code, zip_of};
use crate::LambdaOptions;

async fn check(world: &World, what: &str, code: model::FunctionCode, expected: Result<(), (&str, &str)>) {
    let name = format!("f{}", weft_service::request_id());
    let input = model::CreateFunctionRequest { code, ..create_request(&name) };
    let found = world.call::<_, model::FunctionConfiguration>("CreateFunction", input).await;
    match expected {
        Ok(()) => assert!(found.is_ok(), "{what}: {found:?}"),
        Err((code, text)) => {
            let (found, _, message) = refusal(found);
            assert_eq!(found, code, "{what}: {message}");
            assert!(message.contains(text), "{what}: {message}");
        }
    }
}

fn zip_file(bytes: impl Into<Bytes>) -> model::FunctionCode {
    model::FunctionCode { zip_file: Some(bytes.into()), ..Default::default() }
}

fn from_s3(bucket: &str) -> model::FunctionCode {
    let (bucket, key) = (Some(bucket.to_owned()), Some("build-1".to_owned()));
    model::FunctionCode { s3_bucket: bucket, s3_key: key, ..Default::default() }
}

#[tokio::test]
async fn code_comes_from_one_good_source() {
    let world = World::new();
    let bad = "InvalidParameterValueException";
    let unzip = "Could not unzip uploaded file. Please check your file, then try to upload again.";
    let good = zip_of(&[("app.py", b"x"), ("lib/util.py", b"y")]);
    check(&world, "good", zip_file(good.clone()), Ok(())).await;
    check(&world, "no files", zip_file(zip_of(&[])), Ok(())).await;
    check(&world, "none", model::FunctionCode::default(), Err((bad, "Please provide a source"))).await;
    check(&world, "empty", zip_file(Bytes::new()), Err((bad, "non-empty zip"))).await;
    check(&world, "not a zip", zip_file("PK, but no zip"), Err((bad, unzip))).await;
    check(&world, "cut", zip_file(good.slice(..good.len() - 10)), Err((bad, unzip))).await;
    check(&world, "leads out", zip_code(&[("../evil.py", b"x")]), Err((bad, unzip))).await;
    let both = model::FunctionCode { zip_file: Some(good), ..from_s3("weft-builds") };
    check(&world, "two sources", both, Err((bad, "do not provide other"))).await;
    let image = model::FunctionCode { image_uri: Some("image".to_owned()), ..Default::default() };
    check(&world, "an image", image, Err(("NotImplemented", "ImageUri"))).await;
    check(&world, "a build", from_s3("weft-builds"), Ok(())).await;
    check(&world, "a bucket", from_s3("my-bucket"), Err((bad, "no such bucket"))).await;
}

#[tokio::test]
async fn a_damaged_file_in_an_archive_is_noticed() {
    let world = World::new();
    let mut bytes = zip_of(&[("app.py", "a line of code\n".repeat(50).as_bytes())]).to_vec();
    // Past the local header of 30 bytes and the name: compressed data.
    for byte in &mut bytes[40..44] {
        *byte ^= 0xff;
    }
    let unzip = "Could not unzip uploaded file";
    check(&world, "damaged", zip_file(bytes), Err(("InvalidParameterValueException", unzip))).await;
}

#[tokio::test]
async fn an_archive_that_unpacks_to_too_much_is_refused_and_leaves_nothing() {
    let options = LambdaOptions { unpacked_bytes_max: (4 << 20) - 1, ..LambdaOptions::default() };
    let world = World::with(options);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let block = vec![0u8; 1 << 20];
    archive.start_file("zeros", SimpleFileOptions::default()).unwrap();
    for _ in 0..4 {
        archive.write_all(&block).unwrap();
    }
    let archive = archive.finish().unwrap().into_inner();
    let text = "Unzipped size must be smaller than 4194303 bytes";
    check(&world, "a bomb", zip_file(archive), Err(("InvalidParameterValueException", text))).await;
    assert_eq!(world.kept(), (0, 0));
}

#[test]
fn an_archive_beyond_50_mib_is_refused() {
    let code = zip_file(vec![0; (50 << 20) + 1]);
    let error = crate::code::CodeSource::parse("CreateFunction", code).unwrap_err();
    assert_eq!((error.code(), error.status()), ("RequestEntityTooLargeException", Some(413)));
    assert!(crate::code::CodeSource::parse("CreateFunction", zip_file(vec![0; 50 << 20])).is_ok());
}

#[tokio::test]
async fn a_build_is_run_from_where_it_is() {
    let world = World::new();
    let input = model::CreateFunctionRequest { code: from_s3("weft-builds"), ..create_request("built") };
    let created: model::FunctionConfiguration = world.call("CreateFunction", input).await.unwrap();
    assert_eq!((created.code_sha256.as_deref(), created.code_size), (Some("sum"), Some(5)));
    world.invoke("built", "1").await.unwrap();
    let code = world.workers.revisions.lock().unwrap()[0].code.clone();
    assert_eq!(code, world.folder.path().join("builds/build-1"));
}

#[tokio::test]
async fn an_account_has_so_much_room_for_code() {
    let size = zip_of(&[("app.py", b"def main(event, context): return event")]).len() as u64;
    let world = World::with(LambdaOptions { code_bytes_max: 2 * size, ..LambdaOptions::default() });
    world.create("a").await;
    world.create("b").await;
    let third = world.call::<_, model::FunctionConfiguration>("CreateFunction", create_request("c")).await;
    assert_eq!(refusal(third).0, "CodeStorageExceededException");
}

#[tokio::test]
async fn code_goes_when_nobody_has_used_it_for_a_while() {
    let world = World::new();
    world.create("a").await;
    world.create("b").await;
    assert_eq!(world.kept(), (1, 1));
    let delete = |name: &str| {
        let input = model::DeleteFunctionRequest { function_name: name.to_owned(), qualifier: None };
        world.call::<_, model::DeleteFunctionResponse>("DeleteFunction", input)
    };
    let now = |minutes: u64| Timestamp::from_millis(START).plus(Duration::from_mins(minutes));
    delete("a").await.unwrap();
    assert_eq!(world.lambda.sweep(now(100)).await.unwrap(), 0);
    delete("b").await.unwrap();
    assert_eq!(world.lambda.sweep(now(29)).await.unwrap(), 0);
    assert_eq!(world.kept(), (1, 1));
    assert_eq!(world.lambda.sweep(now(31)).await.unwrap(), 1);
    assert_eq!(world.kept(), (0, 0));
    assert_eq!(world.lambda.sweep(now(31)).await.unwrap(), 0);
}

#[tokio::test]
async fn code_that_never_became_a_function_goes_too() {
    let world = World::new();
    world.create("a").await;
    let other = zip_code(&[("app.py", b"other")]);
    let input = model::CreateFunctionRequest { code: other, ..create_request("a") };
    assert!(world.call::<_, model::FunctionConfiguration>("CreateFunction", input).await.is_err());
    assert_eq!(world.kept(), (2, 2));
    let later = Timestamp::from_millis(START).plus(Duration::from_hours(1));
    assert_eq!(world.lambda.sweep(later).await.unwrap(), 1);
    assert!(world.invoke("a", "1").await.is_ok());
}

#[tokio::test]
async fn artifacts_that_functions_refer_to_are_known_and_others_are_not() {
    let world = World::new();
    let used = async |world: &World| {
        let used = world.lambda.artifacts_in_use("weft-builds").await.unwrap();
        used.into_iter().collect::<Vec<_>>().join(" ")
    };
    let of_build = |name: &str, key: &str| {
        let code = model::FunctionCode { s3_key: Some(key.to_owned()), ..from_s3("weft-builds") };
        model::CreateFunctionRequest { code, ..create_request(name) }
    };
    world.create("archive").await;
    for (name, key) in [("a", "build-1"), ("b", "build-1"), ("c", "build-2")] {
        let _: model::FunctionConfiguration =
            world.call("CreateFunction", of_build(name, key)).await.unwrap();
    }
    assert_eq!(used(&world).await, "build-1 build-2");
    assert_eq!(world.lambda.artifacts_in_use("weft").await.unwrap(), [].into());
    let update = model::UpdateFunctionCodeRequest {
        function_name: "c".to_owned(),
        s3_bucket: Some("weft-builds".to_owned()),
        s3_key: Some("build-3".to_owned()),
        ..Default::default()
    };
    let _: model::FunctionConfiguration = world.call("UpdateFunctionCode", update).await.unwrap();
    assert_eq!(used(&world).await, "build-1 build-3");
    for (name, left) in [("a", "build-1 build-3"), ("b", "build-3")] {
        let input = model::DeleteFunctionRequest { function_name: name.to_owned(), ..Default::default() };
        let _: model::DeleteFunctionResponse = world.call("DeleteFunction", input).await.unwrap();
        assert_eq!(used(&world).await, left);
    }
    assert_eq!(used(&world.restart()).await, "build-3");
}

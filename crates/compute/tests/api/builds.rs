//! Sources and builds.

use std::sync::Arc;

use weft_model::weft;
use weft_service::workload::{Artifacts, BUILDS_BUCKET};
use weft_types::Timestamp;

use crate::deploy::FakeLambda;
use crate::harness::{NOW, World};

const APP: &str = "from flask import Flask\n";

fn python(source: String, requirements: &[&str]) -> weft::CreateBuildRequest {
    weft::CreateBuildRequest {
        source,
        kind: "python".to_owned(),
        interpreter: Some("python3.8".to_owned()),
        requirements: Some(requirements.iter().map(|text| (*text).to_owned()).collect()),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_python_source_becomes_code_with_its_packages() {
    let world = World::new().await;
    let source = world.upload(&[("app.py", APP)]).await;
    let (build, lines) = world.build(python(source.clone(), &["Flask"])).await;
    assert_eq!(build.state, "SUCCEEDED", "{build:?}");
    assert_eq!(build.notes, Some(vec!["runs on Python 3.11".to_owned()]));
    assert_eq!(build.interpreter_version.as_deref(), Some("3.11.2"));
    assert_eq!(lines[..2], ["installing Python packages", "Successfully installed Flask"]);
    let artifact = world.artifact(&build.build_id).await;
    assert_eq!(
        std::fs::read_to_string(artifact.tree.join("app.py")).expect("code"),
        APP,
        "the source's file wins"
    );
    assert!(artifact.tree.join("flask/__init__.py").is_file());
    assert_eq!(Some(artifact.sha256_base64), build.code_sha256);
    // The same input again is the finished build, also after a restart; nothing runs.
    world.runner.ran.lock().expect("no panic").clear();
    let world = world.restarted().await;
    let (again, _) = world.build(python(source, &["Flask"])).await;
    assert_eq!((again.build_id, again.cached), (build.build_id, Some(true)));
    assert!(world.runner.ran.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn packages_are_installed_once_for_all_sources_that_need_the_same() {
    let world = World::new().await;
    let first = world.upload(&[("app.py", "1"), ("requirements.txt", "Flask==3\n")]).await;
    let second = world.upload(&[("app.py", "2"), ("requirements.txt", "Flask==3\n")]).await;
    let third = world.upload(&[("app.py", "2"), ("requirements.txt", "Flask==2\n")]).await;
    for (source, installed) in [(first, true), (second, false), (third, true)] {
        world.runner.ran.lock().expect("no panic").clear();
        let (build, _) = world.build(python(source, &[])).await;
        assert_eq!(build.state, "SUCCEEDED");
        let ran = world.runner.ran.lock().expect("no panic").join("\n");
        assert_eq!(ran.contains("-m pip"), installed, "{ran}");
    }
}

#[tokio::test]
async fn a_node_source_gets_its_modules() {
    let world = World::new().await;
    let files =
        [("app.js", "1"), ("package.json", r#"{"dependencies":{"x":"1"}}"#), ("package-lock.json", "{}")];
    let source = world.upload(&files).await;
    let request = weft::CreateBuildRequest { source, kind: "node".to_owned(), ..Default::default() };
    let (build, _) = world.build(request).await;
    let tree = world.artifact(&build.build_id).await.tree;
    assert!(tree.join("node_modules/x/index.js").is_file());
    assert!(world.runner.ran.lock().expect("no panic")[0].starts_with("npm ci --omit=dev"));
}

#[tokio::test]
async fn a_build_that_fails_says_why_and_what_to_do_and_can_be_tried_again() {
    let world = World::new().await;
    let source = world.upload(&[("app.py", APP), ("bad.py", "\nx =\n")]).await;
    let (build, _) = world.build(python(source, &[])).await;
    let error = build.error.expect("an error");
    assert_eq!((error.code.as_str(), error.message.as_str()), ("SyntaxError", "bad.py:2:5: invalid syntax"));
    assert_eq!(error.output.expect("the line"), ["x =", "    ^"]);

    let source = world.upload(&[("app.py", APP)]).await;
    for _ in 0..2 {
        let (build, lines) = world.build(python(source.clone(), &["nosuch"])).await;
        let error = build.error.expect("an error");
        assert_eq!(error.code, "DependenciesFailed");
        assert_eq!(error.message, "No matching distribution found for nosuch");
        assert_eq!(lines, ["installing Python packages", "ERROR: No matching distribution found for nosuch"]);
        assert!(error.help.expect("help").starts_with("check the package's name"));
    }

    let request =
        weft::CreateBuildRequest { interpreter: Some("ruby3".to_owned()), ..python(source.clone(), &[]) };
    let error = world.build(request).await.0.error.expect("an error");
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("InterpreterMissing", "no ruby3 is installed")
    );
    assert_eq!(error.help.as_deref(), Some("install one: apt install ruby3"));

    let digest = world.upload_bytes(b"no zip").await;
    assert_eq!(world.build(python(digest, &[])).await.0.error.expect("an error").code, "SourceInvalid");
}

#[tokio::test]
async fn a_request_that_cannot_be_built_is_refused() {
    let world = World::new().await;
    let build =
        async |request| world.call::<_, weft::CreateBuildResponse>("CreateBuild", request).await.map(drop);
    let unknown = build(python("0".repeat(64), &[])).await;
    assert!(unknown.expect_err("refused").starts_with("BlobNotFoundException: The source `0000"));
    let source = world.upload(&[("app.py", APP)]).await;
    for bad in ["--index-url=x", "./x", "git+https://x/y", "x @ https://y"] {
        let refused = build(python(source.clone(), &[bad])).await.expect_err("refused");
        assert_eq!(refused, format!("ValidationException: `requirements` name packages; `{bad}` is none."));
    }
    let request = weft::PutBlobRequest { digest: "0".repeat(64), body: "x".into() };
    let refused = world.call::<_, weft::PutBlobResponse>("PutBlob", request).await.expect_err("refused");
    assert!(refused.starts_with("ValidationException: The bytes have the digest"), "{refused}");
    let request = weft::FindMissingBlobsRequest { digests: vec![source, "1".repeat(64)] };
    let missing: weft::FindMissingBlobsResponse =
        world.call("FindMissingBlobs", request).await.expect("an answer");
    assert_eq!(missing.missing, Some(vec!["1".repeat(64)]));
}

#[tokio::test]
async fn what_nothing_uses_is_swept_after_a_week() {
    let world = World::new().await;
    world.app("shop").await;
    let used = world.service("shop", "web").await.code.build_id;
    let unused = world.code("other").await;
    let later = |days: i64| Timestamp::from_seconds(NOW.as_seconds() + days * 86_400);
    let there = async |id: &str| Artifacts::find(&world.compute, BUILDS_BUCKET, id).await.is_ok();
    world.compute.sweep(later(6)).await.expect("swept");
    assert!(there(&used).await && there(&unused).await);
    world.compute.sweep(later(8)).await.expect("swept");
    assert!(there(&used).await && !there(&unused).await);
}

#[tokio::test]
async fn what_a_function_outside_of_apps_was_made_from_stays() {
    let world = World::new().await;
    let lambda = Arc::new(FakeLambda::default());
    world.compute.connect_functions(Arc::clone(&lambda) as Arc<_>, Arc::clone(&lambda) as Arc<_>);
    let [referred, unused] = [world.code("one").await, world.code("other").await];
    let refer = |builds: &[&String]| {
        *lambda.1.lock().expect("no panic") = builds.iter().map(|id| (*id).clone()).collect();
    };
    let later = |days: i64| Timestamp::from_seconds(NOW.as_seconds() + days * 86_400);
    let there = async |id: &str| Artifacts::find(&world.compute, BUILDS_BUCKET, id).await.is_ok();
    refer(&[&referred]);
    world.compute.sweep(later(8)).await.expect("swept");
    assert!(there(&referred).await && !there(&unused).await);
    refer(&[]);
    world.compute.sweep(later(16)).await.expect("swept");
    assert!(!there(&referred).await, "the function is gone, and so goes its code");
}

/// The script that looks at sources, run by the machine's own Python.
#[test]
fn the_look_at_a_source_finds_bad_files_and_leaves_bytecode() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("good.py"), "x = 1\n").expect("written");
    std::fs::write(folder.path().join("bad.py"), "\ndef f(:\n    pass\n").expect("written");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/builds/compile.py");
    let run = |mode: &str| {
        let mut python = std::process::Command::new("python3");
        python
            .args(["-I", "-S", script])
            .arg(folder.path())
            .args(["/var/task", mode])
            .output()
            .expect("python3 runs")
    };
    let strict = run("strict");
    let printed = String::from_utf8_lossy(&strict.stdout).into_owned();
    assert_eq!(strict.status.code(), Some(3), "{printed}");
    assert!(printed.contains(r#""file": "bad.py", "line": 2"#), "{printed}");
    let lenient = run("lenient");
    assert!(lenient.status.success() && lenient.stdout.is_empty());
    let compiled: Vec<_> =
        std::fs::read_dir(folder.path().join("__pycache__")).expect("bytecode").flatten().collect();
    assert_eq!(compiled.len(), 1);
    let bytes = std::fs::read(compiled[0].path()).expect("readable");
    assert_eq!(bytes[4], 1, "valid whatever the source's time is");
}

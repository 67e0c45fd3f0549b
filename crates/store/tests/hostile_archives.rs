//! Archives that mean harm, and trees that are filled by hand.

use std::io::{Cursor, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use bytes::Bytes;
use weft_store::{TreeError, Trees, UnpackLimits};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const LIMITS: UnpackLimits = UnpackLimits { bytes_max: 1000, files_max: 10 };

enum Entry<'a> {
    File(&'a str),
    Link(&'a str, &'a str),
}
use Entry::{File, Link};

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

/// Unpacks an archive of these entries, and checks that the tree is there only where that went well.
fn unpack(entries: &[Entry<'_>]) -> Result<(), TreeError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries {
        match entry {
            File(name) => {
                zip.start_file(*name, SimpleFileOptions::default()).expect("an entry");
                zip.write_all(b"x").expect("contents");
            }
            Link(name, target) => {
                zip.add_symlink(*name, *target, SimpleFileOptions::default()).expect("a link");
            }
        }
    }
    let archive = Bytes::from(zip.finish().expect("a zip").into_inner());
    let folder = tempfile::tempdir().expect("a folder");
    let trees = Trees::open(folder.path()).expect("trees");
    let outcome = block_on(trees.unpack_zip("k", archive, LIMITS)).map(drop);
    assert_eq!(trees.get("k").is_some(), outcome.is_ok(), "a tree is there whole or not at all");
    let left: Vec<_> = std::fs::read_dir(folder.path().join(".staging")).expect("staging").collect();
    assert!(left.is_empty(), "nothing half-made stays: {left:?}");
    outcome
}

/// Why an archive is malformed.
fn refusal(entries: &[Entry<'_>]) -> String {
    match unpack(entries) {
        Err(TreeError::Malformed(reason)) => reason.to_string(),
        other => panic!("it should be malformed: {other:?}"),
    }
}

#[test]
fn links_that_lead_out_only_together_are_refused() {
    // `d` is the tree's root, so `d/../..` is two levels above it, though it reads as `x`.
    let chain = [File("x/y/f"), Link("x/y/d", "../.."), Link("x/y/e", "d/../..")];
    assert!(matches!(unpack(&chain), Err(TreeError::Escapes(name)) if name == "x/y/e"));
    let harmless = [File("x/y/f"), Link("x/y/d", "../.."), Link("x/y/e", "d/x/y/f")];
    assert!(unpack(&harmless).is_ok());
}

#[test]
fn entries_that_want_one_path_are_refused_as_the_archives_fault() {
    let clashes = |entries: &[Entry<'_>]| {
        let reason = refusal(entries);
        assert!(reason.contains("in each other's way"), "{reason}");
    };
    clashes(&[File("a"), File("a/b")]);
    clashes(&[File("a/b"), File("a")]);
    clashes(&[File("a/b"), Link("a", "c")]);
    clashes(&[Link("a", "c"), Link("./a", "d")]);
}

#[test]
fn paths_and_folders_are_bounded() {
    let deep = "d/".repeat(5000) + "f";
    assert!(refusal(&[File(&deep)]).contains("too long"));
    let name = "n".repeat(300);
    assert!(refusal(&[File(&name)]).contains("too long"));
    let folders = "d/".repeat(20) + "f";
    assert!(matches!(unpack(&[File(&folders)]), Err(TreeError::TooManyFiles(10))));
}

#[test]
fn what_is_created_appears_whole_and_what_fails_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let trees = Trees::open(folder.path()).expect("trees");
    block_on(async {
        let fill = |text: &'static str| {
            async move |path: PathBuf| -> Result<(), TreeError> {
                std::fs::create_dir(path.join("closed")).expect("a folder");
                std::fs::write(path.join("closed/who"), text).expect("a file");
                std::fs::set_permissions(path.join("closed"), std::fs::Permissions::from_mode(0o500))
                    .expect("a mode");
                Ok(())
            }
        };
        let (one, two) = (fill("one"), fill("two"));
        let (a, b) = tokio::join!(trees.create("k", one), trees.create("k", two));
        let path = a.expect("a tree");
        assert_eq!(path, b.expect("a tree"));
        assert!(
            ["one", "two"].contains(&&*std::fs::read_to_string(path.join("closed/who")).expect("a file"))
        );
        let fails = trees.create("bad", |path| async move {
            std::fs::write(path.join("half"), "x").expect("a file");
            Err(TreeError::CutOff)
        });
        assert!(matches!(fails.await, Err(TreeError::CutOff)));
        let listed = trees.list().await.expect("a list");
        assert!(matches!(&*listed, [(key, bytes)] if key == "k" && *bytes > 0), "{listed:?}");
        trees.remove("k").expect("gone, though its owner closed it");
        assert_eq!(std::fs::read_dir(folder.path().join(".staging")).expect("staging").count(), 0);
    });
}

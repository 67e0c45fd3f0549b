//! Blobs and trees: whole or not there, and nothing that an archive says is believed.

use std::io::{Cursor, Write as _};
use std::os::unix::fs::PermissionsExt as _;

use bytes::Bytes;
use weft_store::{BlobError, Blobs, Digest, TreeError, Trees, UnpackLimits};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const LIMITS: UnpackLimits = UnpackLimits { bytes_max: 1000, files_max: 10 };

enum Entry {
    File(&'static str, Vec<u8>, u32),
    Link(&'static str, &'static str),
}

fn packed(entries: &[Entry]) -> Bytes {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries {
        match entry {
            Entry::File(name, contents, mode) => {
                zip.start_file(*name, SimpleFileOptions::default().unix_permissions(*mode))
                    .expect("an entry");
                zip.write_all(contents).expect("contents");
            }
            Entry::Link(name, target) => {
                zip.add_symlink(*name, *target, SimpleFileOptions::default()).expect("a link");
            }
        }
    }
    Bytes::from(zip.finish().expect("a zip").into_inner())
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

fn unpack(archive: Bytes) -> (tempfile::TempDir, Result<std::path::PathBuf, TreeError>) {
    let folder = tempfile::tempdir().expect("a folder");
    let trees = Trees::open(folder.path()).expect("trees");
    let outcome = block_on(trees.unpack_zip("k", archive, LIMITS));
    assert_eq!(trees.get("k").is_some(), outcome.is_ok(), "a tree is there whole or not at all");
    let left: Vec<_> = std::fs::read_dir(folder.path().join(".staging")).expect("staging").collect();
    assert!(left.is_empty(), "nothing half-made stays: {left:?}");
    (folder, outcome)
}

#[test]
fn an_archive_unpacks_to_readable_files_and_keeps_what_is_executable() {
    let entries = [
        Entry::File("a/b.py", b"print()".to_vec(), 0o600),
        Entry::File("bootstrap", b"#!".to_vec(), 0o755),
        Entry::Link("a/link", "../bootstrap"),
    ];
    let (_folder, path) = unpack(packed(&entries));
    let path = path.expect("a tree");
    let mode = |name: &str| std::fs::metadata(path.join(name)).expect("a file").permissions().mode() & 0o777;
    assert_eq!((mode("a/b.py"), mode("bootstrap"), mode("a"), mode("")), (0o644, 0o755, 0o755, 0o755));
    assert_eq!(std::fs::read(path.join("a/link")).expect("through the link"), b"#!");
}

#[test]
fn what_an_archive_must_not_do_is_refused() {
    let file = |name, size| Entry::File(name, vec![b'x'; size], 0o644);
    let escapes = |error: TreeError| matches!(error, TreeError::Escapes(_));
    assert!(escapes(unpack(packed(&[file("../up", 1)])).1.expect_err("a refusal")));
    assert!(escapes(unpack(packed(&[Entry::Link("l", "/etc/passwd")])).1.expect_err("a refusal")));
    assert!(escapes(unpack(packed(&[Entry::Link("a/l", "../../x")])).1.expect_err("a refusal")));
    assert!(matches!(
        unpack(packed(&[file("a", 600), file("b", 600)])).1,
        Err(TreeError::TooManyBytes(1000))
    ));
    let many: Vec<Entry> =
        ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"].map(|name| file(name, 1)).into();
    assert!(matches!(unpack(packed(&many)).1, Err(TreeError::TooManyFiles(10))));
    for bad in [Bytes::new(), Bytes::from_static(b"PK\x03\x04"), Bytes::from_static(b"no zip at all")] {
        assert!(matches!(unpack(bad).1, Err(TreeError::Malformed(_))));
    }
    let good = packed(&[file("a", 500)]);
    for cut in [10, good.len() / 2, good.len() - 1] {
        assert!(unpack(good.slice(..cut)).1.is_err(), "cut at {cut}");
    }
}

#[test]
fn a_stage_becomes_the_tree_or_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let trees = Trees::open(folder.path()).expect("trees");
    let (one, two) = (trees.stage("k").expect("a stage"), trees.stage("k").expect("a stage"));
    std::fs::write(one.path().join("who"), "one").expect("a file");
    std::fs::write(two.path().join("who"), "two").expect("a file");
    drop(trees.stage("dropped").expect("a stage"));
    let first = one.publish().expect("a tree");
    assert_eq!(two.publish().expect("a tree"), first);
    assert_eq!(std::fs::read_to_string(first.join("who")).expect("a file"), "one");
    assert_eq!(trees.get("dropped"), None);
    trees.remove("k").expect("gone");
    assert_eq!(trees.get("k"), None);
    for key in ["", "..", ".staging", "a/b", "a\0"] {
        assert!(matches!(trees.stage(key), Err(TreeError::Key(_))), "{key:?}");
    }
}

#[test]
fn a_blob_is_what_its_digest_says() {
    let folder = tempfile::tempdir().expect("a folder");
    block_on(async {
        let blobs = Blobs::open(folder.path()).expect("blobs");
        let bytes = Bytes::from_static(b"some bytes");
        let digest = blobs.put(bytes.clone()).await.expect("stored");
        assert_eq!(digest, Digest::of(&bytes));
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(blobs.get(&digest).await.expect("the bytes"), bytes);
        let text = digest.to_string();
        std::fs::write(folder.path().join(&text[..2]).join(&text), b"other bytes").expect("damage");
        assert!(matches!(blobs.get(&digest).await, Err(BlobError::Damaged(_))));
        blobs.delete(&digest).await.expect("gone");
        assert!(matches!(blobs.get(&digest).await, Err(BlobError::Missing(_))));
        assert!(!blobs.has(&digest).await.expect("an answer"));
    });
}

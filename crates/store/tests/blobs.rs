//! Blobs that stream: by content, within limits, and nothing of what did not arrive.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use weft_store::{BlobError, Blobs, Digest};

const MIB: usize = 1 << 20;

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

/// Bytes in pieces of odd size.
fn pieces(bytes: &Bytes) -> Vec<io::Result<Bytes>> {
    (0..bytes.len()).step_by(700_001).map(|at| Ok(bytes.slice(at..bytes.len().min(at + 700_001)))).collect()
}

fn numbers(count: usize) -> Bytes {
    (0..count).map(|at| u8::try_from(at % 251).expect("small")).collect()
}

/// Files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn a_stream_is_stored_by_its_content_whatever_its_size() {
    let folder = tempfile::tempdir().expect("a folder");
    block_on(async {
        let blobs = Blobs::open(folder.path()).expect("blobs");
        let mut expected = Vec::new();
        for size in [0, 1, 9 * MIB + 3] {
            let bytes = numbers(size);
            let (digest, stored) =
                blobs.put_stream(stream::iter(pieces(&bytes)), size as u64).await.expect("stored");
            assert_eq!((digest, stored), (Digest::of(&bytes), size as u64));
            assert_eq!(blobs.get(&digest).await.expect("the bytes"), bytes);
            let (length, back) = blobs.get_stream(&digest).await.expect("a stream");
            let back: Vec<Bytes> = back.try_collect().await.expect("the bytes");
            assert_eq!((length, back.concat()), (size as u64, bytes.to_vec()));
            expected.push((digest, size as u64));
        }
        let mut listed: Vec<_> = blobs.list().try_collect().await.expect("a list");
        listed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(listed, expected);
    });
}

#[test]
fn what_is_too_large_cut_off_or_dropped_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    block_on(async {
        let blobs = Blobs::open(folder.path()).expect("blobs");
        let bytes = numbers(9 * MIB);
        let limited = blobs.put_stream(stream::iter(pieces(&bytes)), 9 * MIB as u64 - 1).await;
        assert!(matches!(limited, Err(BlobError::TooLarge(max)) if max == 9 * MIB as u64 - 1));
        assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
        let mut cut = pieces(&bytes);
        cut.push(Err(io::ErrorKind::ConnectionReset.into()));
        let cut = blobs.put_stream(stream::iter(cut), u64::MAX).await;
        assert!(matches!(cut, Err(BlobError::Incoming(_))));
        assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
        // Says when all pieces are taken, and then never ends.
        let (all_taken, taken) = tokio::sync::oneshot::channel();
        let end = stream::once(async move {
            all_taken.send(()).expect("somebody waits");
            std::future::pending().await
        });
        let put = Box::pin(blobs.put_stream(Box::pin(stream::iter(pieces(&bytes)).chain(end)), u64::MAX));
        drop(futures::future::select(put, taken).await);
        // The library removes it on a thread of its own.
        let gone = async {
            while !files(folder.path()).is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.expect("nothing stays");
    });
}

#[test]
fn a_damaged_blob_ends_its_stream_with_an_error_and_leftovers_go_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    block_on(async {
        let blobs = Blobs::open(folder.path()).expect("blobs");
        let digest = blobs.put(Bytes::from_static(b"some bytes")).await.expect("stored");
        let text = digest.to_string();
        std::fs::write(folder.path().join(&text[..2]).join(&text), b"other bytes").expect("damage");
        let (_, stream) = blobs.get_stream(&digest).await.expect("a stream");
        let read: Result<Vec<Bytes>, io::Error> = stream.try_collect().await;
        assert_eq!(read.expect_err("damaged").kind(), io::ErrorKind::InvalidData);
        blobs.delete(&digest).await.expect("gone");
        assert!(matches!(blobs.get_stream(&digest).await.err(), Some(BlobError::Missing(_))));

        std::fs::create_dir_all(folder.path().join("arriving")).expect("a folder");
        std::fs::write(folder.path().join("arriving/0-7"), b"half").expect("a leftover");
        Blobs::open(folder.path()).expect("blobs");
        assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
    });
}

//! Trees made of other trees.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

use super::{TreeError, Trees};

impl Trees {
    /// Makes a key's folder of others below the same root: what a later one has wins. Files are hard links, so that they take no
    /// space and stay when their tree is removed. A key that is there already is left as it is.
    pub async fn merge(&self, key: &str, sources: Vec<PathBuf>) -> Result<PathBuf, TreeError> {
        if let Some(path) = self.get(key) {
            return Ok(path);
        }
        let stage = self.stage(key)?;
        let merged = spawn_blocking(move || {
            for source in &sources {
                lay(source, stage.path()).map_err(|error| stage.trees.failed(error))?;
            }
            stage.publish()
        });
        merged.await.map_err(|_| TreeError::CutOff)?
    }
}

/// The bytes of all files in a folder; a link counts as nothing.
pub async fn file_bytes(folder: &Path) -> Result<u64, TreeError> {
    let path = folder.to_path_buf();
    let failed = |source| TreeError::Write { path: folder.to_path_buf(), source };
    spawn_blocking(move || count(&path)).await.map_err(|_| TreeError::CutOff)?.map_err(failed)
}

fn count(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        if about.is_dir() {
            bytes += count(&entry.path())?;
        } else if about.is_file() {
            bytes += about.size();
        }
    }
    Ok(bytes)
}

/// Puts what is in `from` into `to`, which is a real folder. Never goes through a link.
fn lay(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        let there = fs::symlink_metadata(&target).ok().map(|about| about.file_type());
        if kind.is_dir() {
            if !there.is_some_and(|there| there.is_dir()) {
                remove(&target, there)?;
                fs::create_dir(&target)?;
                fs::set_permissions(&target, Permissions::from_mode(0o755))?;
            }
            lay(&source, &target)?;
            continue;
        }
        remove(&target, there)?;
        if kind.is_symlink() {
            symlink(fs::read_link(&source)?, &target)?;
        } else {
            place(&source, &target)?;
        }
    }
    Ok(())
}

/// Links a file, or copies it where it lies on another file system or has as many links as it may.
fn place(source: &Path, target: &Path) -> io::Result<()> {
    match fs::hard_link(source, target) {
        Err(error) if matches!(error.kind(), io::ErrorKind::CrossesDevices | io::ErrorKind::TooManyLinks) => {
            fs::copy(source, target).map(drop)
        }
        done => done,
    }
}

fn remove(path: &Path, kind: Option<fs::FileType>) -> io::Result<()> {
    match kind {
        None => Ok(()),
        Some(kind) if kind.is_dir() => fs::remove_dir_all(path),
        Some(_) => fs::remove_file(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            match text.strip_prefix("-> ") {
                Some(target) => symlink(target, path).expect("a link"),
                None => fs::write(path, text).expect("a file"),
            }
        }
    }

    #[tokio::test]
    async fn what_a_later_tree_has_wins_and_stays_when_its_tree_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let trees = Trees::open(&folder.path().join("trees")).expect("trees");
        let tree = async |key: &str, files: &[(&str, &str)]| {
            trees
                .create(key, async |path| {
                    write(&path, files);
                    Ok::<_, TreeError>(())
                })
                .await
                .expect("a tree")
        };
        let first =
            tree("a", &[("lib/a", "1"), ("lib/both", "1"), ("x", "file"), ("d/in", "1"), ("l", "-> d")])
                .await;
        let second =
            tree("b", &[("lib/b", "22"), ("lib/both", "22"), ("x/y", "folder"), ("d", "file"), ("l/z", "z")])
                .await;
        let merged = trees.merge("m", vec![first.clone(), second]).await.expect("a merged tree");
        trees.remove("a").expect("removed");
        trees.remove("b").expect("removed");
        let read = |name: &str| fs::read_to_string(merged.join(name)).ok();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("lib/a"), some("1"));
        assert_eq!(read("lib/b"), some("22"));
        assert_eq!(read("lib/both"), some("22"));
        assert_eq!(read("x/y"), some("folder"));
        assert_eq!(read("d"), some("file"));
        // The link of the first is replaced, not followed.
        assert_eq!(read("l/z"), some("z"));
        assert_eq!(file_bytes(&merged).await.expect("a count"), 1 + 2 + 2 + 6 + 4 + 1);
        assert_eq!(trees.merge("m", Vec::new()).await.expect("the same"), merged);
    }
}

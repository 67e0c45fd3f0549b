//! Trees: folders of files that were unpacked or built, each under a key, whole or not there at all.

mod merge;
mod unpack;

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use zip::result::ZipError;

pub use self::merge::file_bytes;
use self::unpack::unpack;

/// Archives that are unpacked at once; more wait.
const UNPACKING_MAX: usize = 2;

/// What an archive may unpack to.
#[derive(Debug, Clone, Copy)]
pub struct UnpackLimits {
    /// Bytes of all files together.
    pub bytes_max: u64,
    /// Files, links and folders.
    pub files_max: usize,
}

/// What can go wrong with a tree.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The key cannot be a folder's name.
    #[error("`{0}` cannot be a tree's key: use 1 to 128 letters, digits, `-`, `_`, `.` and no dot first")]
    Key(String),
    /// The archive is no zip, a damaged one, or one whose entries are in each other's way or have paths that are too long.
    #[error("the archive is no readable zip")]
    Malformed(#[source] ZipError),
    /// An entry would land outside the tree, or is neither file, folder nor a link within it.
    #[error("the archive's entry `{0}` leads out of it")]
    Escapes(String),
    /// The files are too many bytes.
    #[error("the archive unpacks to more than {0} bytes")]
    TooManyBytes(u64),
    /// There are too many files.
    #[error("the archive has more than {0} files")]
    TooManyFiles(usize),
    /// The folder cannot be written.
    #[error("failed to write a tree below `{}`", path.display())]
    Write {
        /// The folder of trees.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The work was cut off.
    #[error("the work on a tree was cut off")]
    CutOff,
}

/// Folders by key. Cheap to clone. Files have mode 0644, or 0755 where the archive says that they can be executed.
#[derive(Debug, Clone)]
pub struct Trees {
    root: Arc<PathBuf>,
    staged: Arc<AtomicU64>,
    unpacking: Arc<Semaphore>,
}

impl Trees {
    /// Trees below a folder, which is made when needed. What an earlier process left half-made is removed.
    pub fn open(root: &Path) -> Result<Self, TreeError> {
        let unpacking = Arc::new(Semaphore::new(UNPACKING_MAX));
        let trees = Self { root: Arc::new(root.to_path_buf()), staged: Arc::default(), unpacking };
        let staging = trees.staging();
        remove_all(&staging).map_err(|source| trees.failed(source))?;
        fs::create_dir_all(&staging).map_err(|source| trees.failed(source))?;
        Ok(trees)
    }

    /// The folder of a key, if it is there.
    pub fn get(&self, key: &str) -> Option<PathBuf> {
        let path = self.place(key).ok()?;
        path.is_dir().then_some(path)
    }

    /// Unpacks a zip under a key; one that is there already is left as it is.
    pub async fn unpack_zip(
        &self,
        key: &str,
        archive: Bytes,
        limits: UnpackLimits,
    ) -> Result<PathBuf, TreeError> {
        if let Some(path) = self.get(key) {
            return Ok(path);
        }
        let place = Arc::clone(&self.unpacking).acquire_owned().await.map_err(|_| TreeError::CutOff)?;
        // Who waited for that may find that another was faster.
        if let Some(path) = self.get(key) {
            return Ok(path);
        }
        let stage = self.stage(key)?;
        let done = spawn_blocking(move || {
            let _place = place;
            unpack(&archive, stage.path(), limits, |source| stage.trees.failed(source))?;
            stage.publish()
        });
        done.await.map_err(|_| TreeError::CutOff)?
    }

    /// Makes a key's folder by filling one: `fill` gets the path of an empty folder, which becomes the key's when it is done,
    /// and is removed when it fails or is cut off. Where several make one key at once, the first to finish wins.
    pub async fn create<E, F>(&self, key: &str, fill: impl FnOnce(PathBuf) -> F) -> Result<PathBuf, E>
    where
        E: From<TreeError>,
        F: Future<Output = Result<(), E>>,
    {
        if let Some(path) = self.get(key) {
            return Ok(path);
        }
        let stage = self.stage(key)?;
        fill(stage.path().to_path_buf()).await?;
        let published = spawn_blocking(move || stage.publish()).await;
        Ok(published.map_err(|_| TreeError::CutOff)??)
    }

    /// All keys, with the bytes that each takes on disk, in no order.
    pub async fn list(&self) -> Result<Vec<(String, u64)>, TreeError> {
        let trees = self.clone();
        let listed = spawn_blocking(move || {
            let mut found = Vec::new();
            for entry in fs::read_dir(trees.root.as_path())? {
                let entry = entry?;
                if let Some(key) = entry.file_name().to_str().filter(|key| trees.place(key).is_ok()) {
                    found.push((key.to_owned(), disk_bytes(&entry.path())?));
                }
            }
            Ok(found)
        });
        listed.await.map_err(|_| TreeError::CutOff)?.map_err(|source| self.failed(source))
    }

    /// A folder to fill, which becomes the key's with [`Stage::publish`] and is removed when it is dropped before.
    pub fn stage(&self, key: &str) -> Result<Stage, TreeError> {
        let place = self.place(key)?;
        let number = self.staged.fetch_add(1, Ordering::Relaxed);
        let path = self.staging().join(format!("{number}-{key}"));
        fs::create_dir(&path).map_err(|source| self.failed(source))?;
        fs::set_permissions(&path, Permissions::from_mode(0o755)).map_err(|source| self.failed(source))?;
        Ok(Stage { path, place, trees: self.clone() })
    }

    /// Removes a key's folder, if it is there.
    pub fn remove(&self, key: &str) -> Result<(), TreeError> {
        let place = self.place(key)?;
        let number = self.staged.fetch_add(1, Ordering::Relaxed);
        let away = self.staging().join(format!("{number}-removed"));
        // Out of the way at once, so that nobody sees it half-gone.
        match fs::rename(&place, &away) {
            Ok(()) => remove_all(&away).map_err(|source| self.failed(source)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(self.failed(source)),
        }
    }

    fn staging(&self) -> PathBuf {
        self.root.join(".staging")
    }

    fn place(&self, key: &str) -> Result<PathBuf, TreeError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if (1..=128).contains(&key.len()) && key.bytes().all(plain) && !key.starts_with('.') {
            Ok(self.root.join(key))
        } else {
            Err(TreeError::Key(key.to_owned()))
        }
    }

    fn failed(&self, source: io::Error) -> TreeError {
        TreeError::Write { path: self.root.to_path_buf(), source }
    }
}

/// A tree in the making.
#[derive(Debug)]
pub struct Stage {
    path: PathBuf,
    place: PathBuf,
    trees: Trees,
}

impl Stage {
    /// The folder to fill.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it the key's folder, durably, and gives its path. Where another was faster, theirs stays and this one goes.
    ///
    /// Waits for the disk: in async code use [`Trees::create`], or a thread that may wait.
    pub fn publish(self) -> Result<PathBuf, TreeError> {
        let place = self.place.clone();
        // One sync of the file system for all files: one each took 3 to 9 times as long for a thousand small ones.
        let written = File::open(&self.path).and_then(|folder| Ok(rustix::fs::syncfs(folder)?));
        written.map_err(|source| self.trees.failed(source))?;
        match fs::rename(&self.path, &place) {
            Ok(()) => {}
            Err(_) if place.is_dir() => return Ok(place),
            Err(source) => return Err(self.trees.failed(source)),
        }
        let synced = File::open(self.trees.root.as_path()).and_then(|folder| folder.sync_all());
        synced.map_err(|source| self.trees.failed(source))?;
        Ok(place)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = remove_all(&self.path);
    }
}

/// Removes a folder and all in it, also where its owner forbade himself to.
fn remove_all(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(path)?;
            fs::remove_dir_all(path)
        }
        done => done,
    }
}

fn open_up(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // The entry's own kind: a link to a folder is none.
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

fn disk_bytes(path: &Path) -> io::Result<u64> {
    let about = fs::symlink_metadata(path)?;
    let own = about.blocks() * 512;
    if !about.is_dir() {
        return Ok(own);
    }
    fs::read_dir(path)?.try_fold(own, |sum, entry| Ok(sum + disk_bytes(&entry?.path())?))
}

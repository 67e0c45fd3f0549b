//! Trees: folders of files that were unpacked or built, each under a key, whole or not there at all.

use std::fs::{self, File, Permissions};
use std::io::{self, Cursor, Read as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::pool;

/// What an archive may unpack to.
#[derive(Debug, Clone, Copy)]
pub struct UnpackLimits {
    /// Bytes of all files together.
    pub bytes_max: u64,
    /// Files and folders.
    pub files_max: usize,
}

/// What can go wrong with a tree.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The key cannot be a folder's name.
    #[error("`{0}` cannot be a tree's key: use 1 to 128 letters, digits, `-`, `_`, `.` and no dot first")]
    Key(String),
    /// The archive is no zip, or a damaged one.
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
}

impl Trees {
    /// Trees below a folder, which is made when needed. What an earlier process left half-made is removed.
    pub fn open(root: &Path) -> Result<Self, TreeError> {
        let trees = Self { root: Arc::new(root.to_path_buf()), staged: Arc::default() };
        let staging = trees.staging();
        if staging.exists() {
            fs::remove_dir_all(&staging).map_err(|source| trees.failed(source))?;
        }
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
        let stage = self.stage(key)?;
        let (reply, answer) = tokio::sync::oneshot::channel();
        pool::spawn(Box::new(move || {
            let _ = reply.send(unpack(&archive, &stage, limits).and_then(|()| stage.publish()));
        }));
        answer.await.map_err(|_| TreeError::CutOff)?
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
            Ok(()) => fs::remove_dir_all(&away).map_err(|source| self.failed(source)),
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

    /// Makes it the key's folder, and gives its path. Where another was faster, theirs stays and this one goes.
    pub fn publish(self) -> Result<PathBuf, TreeError> {
        let place = self.place.clone();
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
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn unpack(archive: &[u8], stage: &Stage, limits: UnpackLimits) -> Result<(), TreeError> {
    let mut zip = ZipArchive::new(Cursor::new(archive)).map_err(TreeError::Malformed)?;
    if zip.len() > limits.files_max {
        return Err(TreeError::TooManyFiles(limits.files_max));
    }
    let mut left = limits.bytes_max;
    let mut links = Vec::new();
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).map_err(TreeError::Malformed)?;
        let name = entry.name().map_err(TreeError::Malformed)?.into_owned();
        let relative = entry.enclosed_name().ok_or_else(|| TreeError::Escapes(name.clone()))?;
        let path = stage.path.join(&relative);
        let failed = |source| stage.trees.failed(source);
        if entry.is_dir() {
            make_folder(&path).map_err(failed)?;
            continue;
        }
        if let Some(parent) = path.parent() {
            make_folder(parent).map_err(failed)?;
        }
        let executable = entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
        if entry.is_symlink() {
            let mut target = String::new();
            entry.by_ref().take(4096).read_to_string(&mut target).map_err(failed)?;
            links.push((relative, target, name));
            continue;
        }
        left -= copy(&mut entry, &path, executable, left, stage).map_err(|error| match error {
            TreeError::TooManyBytes(_) => TreeError::TooManyBytes(limits.bytes_max),
            other => other,
        })?;
    }
    // Last, so that no file is written through one.
    links.into_iter().try_for_each(|(relative, target, name)| link(stage, &relative, &target, name))
}

/// Writes one file, and tells its size. What an archive says of sizes is not believed.
fn copy(
    entry: &mut impl io::Read,
    path: &Path,
    executable: bool,
    left: u64,
    stage: &Stage,
) -> Result<u64, TreeError> {
    let failed = |source: io::Error| stage.trees.failed(source);
    let mut file = File::create(path).map_err(failed)?;
    let mut limited = entry.take(left + 1);
    let copied = io::copy(&mut limited, &mut file).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::Other => TreeError::Malformed(ZipError::Io(error)),
        _ => failed(error),
    })?;
    if copied > left {
        return Err(TreeError::TooManyBytes(left));
    }
    let mode = if executable { 0o755 } else { 0o644 };
    file.set_permissions(Permissions::from_mode(mode)).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    Ok(copied)
}

fn make_folder(path: &Path) -> io::Result<()> {
    if !path.is_dir() {
        if let Some(parent) = path.parent() {
            make_folder(parent)?;
        }
        match fs::create_dir(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => fs::set_permissions(path, Permissions::from_mode(0o755))?,
        }
    }
    Ok(())
}

/// Makes a link that stays within the tree.
fn link(stage: &Stage, relative: &Path, target: &str, name: String) -> Result<(), TreeError> {
    let mut depth = relative.components().count().saturating_sub(1);
    for part in Path::new(target).components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return Err(TreeError::Escapes(name)),
        }
    }
    symlink(target, stage.path.join(relative)).map_err(|source| stage.trees.failed(source))
}

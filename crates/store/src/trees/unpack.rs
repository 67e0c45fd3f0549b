//! Unpacks zips that nobody vouches for.
//!
//! Nothing lands outside the folder, and nothing in it leads out of it: entries' paths stay below it, files and folders are all
//! made before the first link, and a link may climb only from real folders. What an archive says of sizes is not believed.

use std::collections::HashSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Cursor, Read};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::{TreeError, UnpackLimits};

/// The longest path of an entry. Bounds how deep folders nest, too.
pub(crate) const PATH_BYTES_MAX: usize = 1024;
/// The longest target of a link that is read.
const TARGET_BYTES_MAX: u64 = 4096;

/// Unpacks an archive into a folder that is there and empty. `failed` makes an error of what the disk says.
pub(crate) fn unpack(
    archive: &[u8],
    folder: &Path,
    limits: UnpackLimits,
    failed: impl Fn(io::Error) -> TreeError,
) -> Result<(), TreeError> {
    let mut zip = ZipArchive::new(Cursor::new(archive)).map_err(TreeError::Malformed)?;
    let mut work = Unpacking { folder, limits, bytes: 0, files: 0, links: Vec::new(), failed };
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).map_err(TreeError::Malformed)?;
        let name = entry.name().map_err(TreeError::Malformed)?.into_owned();
        if name.len() > PATH_BYTES_MAX {
            return Err(too_long(&name));
        }
        let path = entry.enclosed_name().ok_or_else(|| TreeError::Escapes(name.clone()))?;
        if entry.is_dir() {
            work.make_folders(&path, &name)?;
            continue;
        }
        work.make_folders(path.parent().unwrap_or(Path::new("")), &name)?;
        work.count()?;
        if entry.is_symlink() {
            let mut target = String::new();
            let read = entry.by_ref().take(TARGET_BYTES_MAX).read_to_string(&mut target);
            read.map_err(|error| TreeError::Malformed(ZipError::Io(error)))?;
            work.links.push(Link { path, target, name });
        } else {
            let executable = entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
            work.file(&mut entry, &path, executable, &name)?;
        }
    }
    work.make_links()
}

struct Unpacking<'a, F> {
    folder: &'a Path,
    limits: UnpackLimits,
    bytes: u64,
    files: usize,
    links: Vec<Link>,
    failed: F,
}

/// A link that is made when all else is there.
struct Link {
    path: PathBuf,
    target: String,
    name: String,
}

impl<F: Fn(io::Error) -> TreeError> Unpacking<'_, F> {
    fn count(&mut self) -> Result<(), TreeError> {
        self.files += 1;
        if self.files > self.limits.files_max {
            return Err(TreeError::TooManyFiles(self.limits.files_max));
        }
        Ok(())
    }

    /// Makes a folder and those above it, where they are not there.
    fn make_folders(&mut self, path: &Path, name: &str) -> Result<(), TreeError> {
        let mut full = self.folder.to_path_buf();
        for part in path.components() {
            full.push(part);
            match fs::create_dir(&full) {
                // Whatever the umask says.
                Ok(()) => {
                    fs::set_permissions(&full, Permissions::from_mode(0o755)).map_err(&self.failed)?;
                    self.count()?;
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && full.is_dir() => {}
                Err(error) => return Err(self.clash(error, name)),
            }
        }
        Ok(())
    }

    fn file(
        &mut self,
        from: &mut impl Read,
        path: &Path,
        executable: bool,
        name: &str,
    ) -> Result<(), TreeError> {
        let path = self.folder.join(path);
        let mut file = File::create_new(path).map_err(|error| self.clash(error, name))?;
        let left = self.limits.bytes_max - self.bytes;
        let mut buffer = vec![0; 64 << 10];
        let mut limited = from.take(left + 1);
        // By hand, to tell an archive that cannot be read from a disk that cannot be written.
        loop {
            let count =
                limited.read(&mut buffer).map_err(|error| TreeError::Malformed(ZipError::Io(error)))?;
            if count == 0 {
                break;
            }
            self.bytes += count as u64;
            if self.bytes > self.limits.bytes_max {
                return Err(TreeError::TooManyBytes(self.limits.bytes_max));
            }
            io::Write::write_all(&mut file, &buffer[..count]).map_err(&self.failed)?;
        }
        let mode = if executable { 0o755 } else { 0o644 };
        file.set_permissions(Permissions::from_mode(mode)).map_err(&self.failed)
    }

    fn make_links(self) -> Result<(), TreeError> {
        let paths: HashSet<&Path> = self.links.iter().map(|link| link.path.as_path()).collect();
        for link in &self.links {
            if !stays_within(&link.path, &link.target, &paths) {
                return Err(TreeError::Escapes(link.name.clone()));
            }
            let made = symlink(&link.target, self.folder.join(&link.path));
            made.map_err(|error| self.clash(error, &link.name))?;
        }
        Ok(())
    }

    /// The archive's fault, or the disk's?
    fn clash(&self, error: io::Error, name: &str) -> TreeError {
        use io::ErrorKind::{AlreadyExists, InvalidFilename, IsADirectory, NotADirectory};
        match error.kind() {
            AlreadyExists | IsADirectory | NotADirectory => {
                refused(format!("its entry `{name}` and another are in each other's way"))
            }
            InvalidFilename => too_long(name),
            _ => (self.failed)(error),
        }
    }
}

fn too_long(name: &str) -> TreeError {
    let begin: String = name.chars().take(60).collect();
    refused(format!("the path of its entry `{begin}…` is too long"))
}

fn refused(reason: String) -> TreeError {
    TreeError::Malformed(ZipError::InvalidArchive(reason.into()))
}

/// Whether a link stays within the tree whatever the others are. A path that has gone through a link is somewhere else than it
/// reads, so from there on it must not climb: two links that each look harmless would lead out together.
fn stays_within(link: &Path, target: &str, links: &HashSet<&Path>) -> bool {
    let mut at = link.parent().map(Path::to_path_buf).unwrap_or_default();
    let mut through_link = false;
    for part in Path::new(target).components() {
        match part {
            Component::Normal(part) => {
                at.push(part);
                through_link |= links.contains(at.as_path());
            }
            Component::CurDir => {}
            Component::ParentDir if !through_link && at.pop() => {}
            _ => return false,
        }
    }
    !target.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(link: &str, target: &str, others: &[&str], expected: bool) {
        let links: HashSet<&Path> = others.iter().map(Path::new).chain([Path::new(link)]).collect();
        assert_eq!(stays_within(Path::new(link), target, &links), expected, "{link} -> {target}, {others:?}");
    }

    #[test]
    fn a_link_stays_within_the_tree_or_is_refused() {
        check("l", "a", &[], true);
        check("l", "./a/../b", &[], true);
        check("a/l", "../b", &[], true);
        check("a/b/l", "../../c/d", &[], true);
        check("a/b/l", "../..", &[], true);
        check("l", "", &[], false);
        check("l", "..", &[], false);
        check("l", "/etc/passwd", &[], false);
        check("a/l", "../../b", &[], false);
        check("l", "a/../../b", &[], false);
        // Through another link it may go down, but not up.
        check("x/y/l", "d/file", &["x/y/d"], true);
        check("x/y/l", "d/..", &["x/y/d"], false);
        check("x/y/l", "d/a/b/../c", &["x/y/d"], false);
        check("l", "l/..", &[], false);
    }
}

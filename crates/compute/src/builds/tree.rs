//! Folders of code: measured, and joined to one.

use std::fs;
use std::io;
use std::path::Path;

/// Bytes of all files and their number, links counted as files.
pub(super) fn measure(folder: &Path) -> io::Result<(u64, usize)> {
    let (mut bytes, mut files) = (0, 0);
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            files += 1;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                bytes += entry.metadata()?.len();
            }
        }
    }
    Ok((bytes, files))
}

/// Adds the files of `from` to `to` as hard links (copies where that cannot be); what is there already stays. Nothing
/// but files, folders and links is taken.
pub(super) fn join(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            match fs::create_dir(&target) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made?,
            }
            if fs::symlink_metadata(&target)?.is_dir() {
                join(&source, &target)?;
            }
        } else if fs::symlink_metadata(&target).is_ok() {
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
        } else if kind.is_file() {
            fs::hard_link(&source, &target).or_else(|_| fs::copy(&source, &target).map(drop))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays_when_folders_are_joined() {
        let folder = tempfile::tempdir().expect("a folder");
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        for (path, text) in [
            ("a/x/one", "own"),
            ("b/x/one", "other"),
            ("b/x/two", "22"),
            ("b/three", "333"),
            ("a/y", "file"),
            ("b/y/z", "1"),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, text).expect("written");
        }
        std::os::unix::fs::symlink("three", b.join("link")).expect("linked");
        join(&b, &a).expect("joined");
        assert_eq!(fs::read_to_string(a.join("x/one")).expect("read"), "own");
        assert_eq!(fs::read_to_string(a.join("x/two")).expect("read"), "22");
        assert_eq!(fs::read_to_string(a.join("link")).expect("read"), "333");
        assert_eq!(fs::read_to_string(a.join("y")).expect("read"), "file");
        assert_eq!(measure(&a).expect("measured"), (3 + 2 + 3 + 4, 6));
    }
}

//! Packing a folder: the files that ignore files leave, in one zip whose bytes depend on nothing but names, contents and the executable bit.

use std::fs;
use std::io::{self, Cursor, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use weft_wire::sigv4;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The most that a packed folder may have: what the server takes as one request, and a little less.
const PACKED_BYTES_MAX: usize = 68 << 20;
/// Names that never travel, ignore files or not: they are made anew by builds, or are not code.
const NEVER: &[&str] = &[".git", "node_modules", "__pycache__", ".venv", "venv", ".weft", "target"];

/// A packed folder.
pub(crate) struct Packed {
    /// The SHA-256 of the bytes in hexadecimal.
    pub(crate) digest: String,
    /// The zip.
    pub(crate) bytes: Vec<u8>,
}

/// Why a folder cannot be packed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackError {
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("failed to list `{}`", path.display())]
    List { path: PathBuf, source: ignore::Error },
    #[error("the name of `{}` is not UTF-8", .0.display())]
    Name(PathBuf),
    #[error("`{}` packs to more than 68 MiB; list what is not code in a `.weftignore`", .0.display())]
    TooLarge(PathBuf),
    #[error("failed to pack `{}`", path.display())]
    Zip { path: PathBuf, source: zip::result::ZipError },
}

/// Packs a folder, or only some files and folders of it.
pub(crate) fn pack(folder: &Path, only: Option<&[String]>) -> Result<Packed, PackError> {
    let files = files(folder, only)?;
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for name in files {
        let path = folder.join(&name);
        let read = |source| PackError::Read { path: path.clone(), source };
        let executable = fs::metadata(&path).map_err(read)?.permissions().mode() & 0o111 != 0;
        let contents = fs::read(&path).map_err(read)?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(if executable { 0o755 } else { 0o644 });
        zip.start_file(&name, options).map_err(|source| PackError::Zip { path: path.clone(), source })?;
        zip.write_all(&contents).map_err(read)?;
    }
    let bytes =
        zip.finish().map_err(|source| PackError::Zip { path: folder.to_path_buf(), source })?.into_inner();
    if bytes.len() > PACKED_BYTES_MAX {
        return Err(PackError::TooLarge(folder.to_path_buf()));
    }
    Ok(Packed { digest: sigv4::hash(&bytes), bytes })
}

/// The files of a folder by name, sorted, with `/` between names. Symbolic links are followed within the folder only.
fn files(folder: &Path, only: Option<&[String]>) -> Result<Vec<String>, PackError> {
    let mut names = Vec::new();
    let mut walk = WalkBuilder::new(folder);
    walk.hidden(false).parents(false).require_git(false).add_custom_ignore_filename(".weftignore");
    walk.filter_entry(|entry| entry.depth() == 0 || !NEVER.iter().any(|name| entry.file_name() == *name));
    for entry in walk.build() {
        let entry = entry.map_err(|source| PackError::List { path: folder.to_path_buf(), source })?;
        let path = entry.path();
        let is_file = fs::metadata(path).is_ok_and(|m| m.is_file()) && stays_inside(folder, path);
        if !is_file {
            continue;
        }
        let relative = path.strip_prefix(folder).unwrap_or(path);
        let name = relative.to_str().ok_or_else(|| PackError::Name(path.to_path_buf()))?.to_owned();
        let wanted = |one: &String| {
            name == *one || name.strip_prefix(one.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        if only.is_none_or(|list| list.iter().any(wanted)) {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn stays_inside(folder: &Path, path: &Path) -> bool {
    if !path.is_symlink() {
        return true;
    }
    matches!((folder.canonicalize(), path.canonicalize()), (Ok(folder), Ok(path)) if path.starts_with(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_packs_to_the_same_bytes_whatever_its_times_and_without_what_is_ignored() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a parent's folder");
            fs::write(path, text).expect("a file");
        };
        for (name, text) in [
            ("a.py", "a"),
            ("b/c.py", "c"),
            (".gitignore", "*.log\n"),
            ("x.log", "x"),
            ("node_modules/m.js", "m"),
            (".weftignore", "secret\n"),
            ("secret", "s"),
        ] {
            write(name, text);
        }
        let first = pack(folder.path(), None).expect("a zip");
        assert_eq!(
            files(folder.path(), None).expect("names"),
            [".gitignore", ".weftignore", "a.py", "b/c.py"]
        );
        write("a.py", "a");
        write("new.log", "x");
        assert_eq!(pack(folder.path(), None).expect("a zip").digest, first.digest);
        write("a.py", "b");
        assert_ne!(pack(folder.path(), None).expect("a zip").digest, first.digest);
        assert_eq!(files(folder.path(), Some(&["b".to_owned()])).expect("names"), ["b/c.py"]);
    }
}

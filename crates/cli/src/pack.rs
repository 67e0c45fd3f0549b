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

/// Links that a note names; of more, the number is told.
const LINKS_NAMED_MAX: usize = 8;

/// A packed folder.
pub(crate) struct Packed {
    /// The SHA-256 of the bytes in hexadecimal.
    pub(crate) digest: String,
    /// The zip.
    pub(crate) bytes: Vec<u8>,
    /// What is said of symbolic links that were left out; nothing where none was.
    pub(crate) note: Option<String>,
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
    let Found { names, links } = find(folder, only)?;
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for name in names {
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
    Ok(Packed { digest: sigv4::hash(&bytes), bytes, note: note(&links) })
}

/// What a folder holds.
#[derive(Debug, Default)]
struct Found {
    /// Its files by name, sorted, with `/` between names.
    names: Vec<String>,
    /// Symbolic links that are not packed, and why, sorted.
    links: Vec<(String, Left)>,
}

/// Why a symbolic link is not packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    Outside,
    Folder,
    Nowhere,
}

/// Finds what is to be packed. Symbolic links to files are followed within the folder only.
fn find(folder: &Path, only: Option<&[String]>) -> Result<Found, PackError> {
    let mut found = Found::default();
    let mut walk = WalkBuilder::new(folder);
    walk.hidden(false).parents(false).require_git(false).add_custom_ignore_filename(".weftignore");
    walk.filter_entry(|entry| entry.depth() == 0 || !NEVER.iter().any(|name| entry.file_name() == *name));
    for entry in walk.build() {
        let entry = entry.map_err(|source| PackError::List { path: folder.to_path_buf(), source })?;
        let path = entry.path();
        let left = left_out(folder, path);
        if left.is_none() && !fs::metadata(path).is_ok_and(|m| m.is_file()) {
            continue;
        }
        let relative = path.strip_prefix(folder).unwrap_or(path);
        let name = relative.to_str().ok_or_else(|| PackError::Name(path.to_path_buf()))?.to_owned();
        let wanted = |one: &String| {
            name == *one || name.strip_prefix(one.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        if only.is_some_and(|list| !list.iter().any(wanted)) {
            continue;
        }
        match left {
            None => found.names.push(name),
            Some(why) => found.links.push((name, why)),
        }
    }
    found.names.sort_unstable();
    found.links.sort_unstable();
    Ok(found)
}

/// Why a path is a symbolic link that is not packed; none for every other path.
fn left_out(folder: &Path, path: &Path) -> Option<Left> {
    if !path.is_symlink() {
        return None;
    }
    match (folder.canonicalize(), path.canonicalize()) {
        (Ok(folder), Ok(target)) if !target.starts_with(&folder) => Some(Left::Outside),
        (Ok(_), Ok(target)) => target.is_dir().then_some(Left::Folder),
        _ => Some(Left::Nowhere),
    }
}

fn note(links: &[(String, Left)]) -> Option<String> {
    if links.is_empty() {
        return None;
    }
    let mut told: Vec<_> = links
        .iter()
        .take(LINKS_NAMED_MAX)
        .map(|(name, why)| match why {
            Left::Outside => format!("`{name}` leads out of the folder"),
            Left::Folder => format!("`{name}` leads to a folder"),
            Left::Nowhere => format!("`{name}` leads nowhere"),
        })
        .collect();
    if links.len() > LINKS_NAMED_MAX {
        told.push(format!("{} more", links.len() - LINKS_NAMED_MAX));
    }
    Some(format!(
        "symbolic links that are not packed: {}; put the files themselves there where the code needs them",
        told.join(", ")
    ))
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
        let names = |only| find(folder.path(), only).expect("names").names;
        assert_eq!(names(None), [".gitignore", ".weftignore", "a.py", "b/c.py"]);
        write("a.py", "a");
        write("new.log", "x");
        assert_eq!(pack(folder.path(), None).expect("a zip").digest, first.digest);
        write("a.py", "b");
        assert_ne!(pack(folder.path(), None).expect("a zip").digest, first.digest);
        assert_eq!(names(Some(&["b".to_owned()])), ["b/c.py"]);
    }

    #[test]
    fn links_that_are_not_packed_are_named() {
        let outer = tempfile::tempdir().expect("a folder");
        let (folder, other) = (outer.path().join("app"), outer.path().join("other"));
        fs::create_dir_all(folder.join("lib")).expect("made");
        fs::create_dir_all(&other).expect("made");
        fs::write(folder.join("lib/a.py"), "a").expect("written");
        fs::write(other.join("b.py"), "b").expect("written");
        fs::write(folder.join(".weftignore"), "ignored\n").expect("written");
        let check = |only: Option<&[String]>, expected: Option<&str>| {
            let packed = pack(&folder, only).expect("a zip");
            let expected = expected.map(|links| {
                format!("symbolic links that are not packed: {links}; put the files themselves there where the code needs them")
            });
            assert_eq!(packed.note, expected);
        };
        let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, folder.join(name)).expect("a link");
        check(None, None);
        link(Path::new("lib/a.py"), "inside.py");
        link(&other.join("b.py"), "ignored");
        check(None, None);
        assert!(find(&folder, None).expect("names").names.contains(&"inside.py".to_owned()));
        link(&other.join("b.py"), "out.py");
        link(&other, "shared");
        link(Path::new("lib"), "same");
        link(Path::new("nothing"), "void");
        let all = "`out.py` leads out of the folder, `same` leads to a folder, `shared` leads out of the folder, \
                   `void` leads nowhere";
        check(None, Some(all));
        check(Some(&["lib".to_owned()]), None);
        (0..6).for_each(|n| link(Path::new("nothing"), &format!("z{n}")));
        assert!(pack(&folder, None).expect("a zip").note.is_some_and(|note| note.contains(", 2 more; ")));
    }
}

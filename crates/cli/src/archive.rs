//! A folder as one zip that holds everything in it, and whose bytes depend on names, contents and the executable bit alone.

use std::fs;
use std::io::{self, Cursor, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::failure::Failure;

/// Zips a folder, without its entries of the names in `without` at any depth. Symbolic links are followed.
pub(crate) fn zip_folder(folder: &Path, without: &[&str]) -> Result<Vec<u8>, Failure> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for name in files(folder, without)? {
        let path = folder.join(&name);
        let metadata = fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
        let contents = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        let executable = metadata.permissions().mode() & 0o111 != 0;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(if executable { 0o755 } else { 0o644 });
        let packed = zip.start_file(&name, options).map_err(io::Error::from);
        packed.and_then(|()| zip.write_all(&contents)).map_err(|error| unreadable(&path, &error))?;
    }
    let done = zip.finish().map_err(|error| unreadable(folder, &error.into()))?;
    Ok(done.into_inner())
}

/// The files of a folder by their names with `/`, sorted.
pub(crate) fn files(folder: &Path, without: &[&str]) -> Result<Vec<String>, Failure> {
    let without: Vec<String> = without.iter().map(|name| (*name).to_owned()).collect();
    let mut walk = WalkBuilder::new(folder);
    walk.standard_filters(false).follow_links(true);
    walk.filter_entry(move |entry| {
        entry.depth() == 0 || !without.iter().any(|name| entry.file_name() == &**name)
    });
    let mut names = Vec::new();
    for entry in walk.build() {
        let entry = entry.map_err(|error| Failure::Told(format!("`{}`: {error}", folder.display())))?;
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let path = entry.path();
        let name = path.strip_prefix(folder).unwrap_or(path).to_str();
        let name =
            name.ok_or_else(|| Failure::Told(format!("the name of `{}` is not UTF-8", path.display())))?;
        names.push(name.to_owned());
    }
    names.sort_unstable();
    Ok(names)
}

/// What is said of a path that cannot be read.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::Told(format!("failed to read `{}`: {error}", path.display()))
}

/// Reads a file as text.
pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

/// Copies the files of a folder into another.
pub(crate) fn copy(from: &Path, to: &Path, without: &[&str]) -> Result<(), Failure> {
    for name in files(from, without)? {
        let (source, target) = (from.join(&name), to.join(&name));
        let parent: PathBuf = target.parent().map(Path::to_path_buf).unwrap_or_default();
        fs::create_dir_all(&parent).map_err(|error| unreadable(&parent, &error))?;
        fs::copy(&source, &target).map_err(|error| unreadable(&source, &error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zip_holds_everything_but_what_is_named_and_is_the_same_again() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a.py", "node_modules/m/index.js", ".hidden", ".gitignore", ".git/config"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, "*").expect("written");
        }
        let names = files(folder.path(), &[".git"]).expect("names");
        assert_eq!(names, [".gitignore", ".hidden", "a.py", "node_modules/m/index.js"]);
        let first = zip_folder(folder.path(), &[".git"]).expect("a zip");
        fs::write(folder.path().join("a.py"), "*").expect("written");
        assert_eq!(zip_folder(folder.path(), &[".git"]).expect("a zip"), first);
        fs::write(folder.path().join("a.py"), "+").expect("written");
        assert_ne!(zip_folder(folder.path(), &[".git"]).expect("a zip"), first);
    }
}

//! A folder of the machine as `weft-template` sees it.

use std::fs;
use std::path::{Path, PathBuf};

use weft_template::Listing;

/// The most text that is read of one file.
const TEXT_BYTES_MAX: u64 = 1 << 20;

/// A folder on disk. Paths that leave it do not exist.
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    fn inside(&self, path: &str) -> Option<PathBuf> {
        let climbs = Path::new(path).components().any(|c| !matches!(c, std::path::Component::Normal(_)));
        (!climbs).then(|| self.root.join(path))
    }
}

impl Listing for Folder {
    fn files(&self, folder: &str) -> Vec<String> {
        let entries = self.inside(folder).and_then(|path| fs::read_dir(path).ok());
        let files = entries.into_iter().flatten().flatten().filter(|entry| entry.path().is_file());
        files.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    fn has_folder(&self, folder: &str) -> bool {
        self.inside(folder).is_some_and(|path| path.is_dir())
    }

    fn read(&self, path: &str) -> Option<String> {
        let path = self.inside(path)?;
        let size = fs::metadata(&path).ok()?.len();
        if size > TEXT_BYTES_MAX { None } else { fs::read_to_string(path).ok() }
    }
}

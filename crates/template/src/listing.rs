//! Files as this crate sees them.

use std::collections::BTreeMap;

/// A folder's files, by paths relative to it with `/` between names. `""` is the folder itself.
pub trait Listing {
    /// The names of the files directly in `folder`, in any order; empty where there is no such folder.
    fn files(&self, folder: &str) -> Vec<String>;

    /// Whether there is such a folder.
    fn has_folder(&self, folder: &str) -> bool;

    /// A file's text; `None` where there is no such file, or it is no UTF-8 text, or it has more than 1 MiB.
    fn read(&self, path: &str) -> Option<String>;
}

/// Files in memory, by path.
impl Listing for BTreeMap<String, String> {
    fn files(&self, folder: &str) -> Vec<String> {
        let below = self.keys().filter_map(|path| below(path, folder));
        below.filter(|rest| !rest.contains('/')).map(ToOwned::to_owned).collect()
    }

    fn has_folder(&self, folder: &str) -> bool {
        folder.is_empty() || self.keys().any(|path| below(path, folder).is_some())
    }

    fn read(&self, path: &str) -> Option<String> {
        self.get(path).cloned()
    }
}

fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

/// The path of `name` in `folder`.
pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

//! Where a server keeps its data unless it is told.

use std::ffi::OsString;
use std::path::PathBuf;

/// The default data folder: `/var/lib/weft` for root; for others `weft` below `$XDG_DATA_HOME`, else below `$HOME/.local/share`.
/// `None` where neither is known. Server and command line both ask here, as they have to find each other.
pub fn default_data_folder(is_root: bool, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if is_root {
        return Some(PathBuf::from("/var/lib/weft"));
    }
    let named = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let below_home = || named("HOME").map(|home| home.join(".local/share"));
    named("XDG_DATA_HOME").or_else(below_home).map(|base| base.join("weft"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(is_root: bool, variables: &[(&str, &str)], expected: Option<&str>) {
        let find = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        };
        assert_eq!(default_data_folder(is_root, find), expected.map(PathBuf::from), "{variables:?}");
    }

    #[test]
    fn the_data_folder_depends_on_who_runs_the_server() {
        check(true, &[("HOME", "/root")], Some("/var/lib/weft"));
        check(false, &[("HOME", "/home/ada")], Some("/home/ada/.local/share/weft"));
        check(false, &[("HOME", "/home/ada"), ("XDG_DATA_HOME", "/data")], Some("/data/weft"));
        check(false, &[("HOME", "/home/ada"), ("XDG_DATA_HOME", "")], Some("/home/ada/.local/share/weft"));
        check(false, &[], None);
    }
}

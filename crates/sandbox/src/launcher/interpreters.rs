//! Which interpreters the machine has, looked for once by a child process of the launcher.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::channel;
use crate::protocol::{decode, encode};
use crate::spec::{Interpreter, Language};
use crate::sys;

/// The search and its result.
#[derive(Default)]
pub(super) struct Finder {
    found: Option<Vec<Interpreter>>,
    running: Option<OwnedFd>,
    askers: Vec<u64>,
}

impl Finder {
    /// Notes who asks and starts the search if nobody did; true if the result is there.
    pub(super) fn ask(&mut self, call: u64) -> bool {
        self.askers.push(call);
        if self.found.is_none() && self.running.is_none() {
            match search() {
                Ok(socket) => self.running = Some(socket),
                Err(_) => self.found = Some(Vec::new()),
            }
        }
        self.found.is_some()
    }

    /// Readable when the search has ended.
    pub(super) fn socket(&self) -> Option<&OwnedFd> {
        self.running.as_ref()
    }

    /// Reads the result; true if it is there.
    pub(super) fn read(&mut self) -> bool {
        let Some(socket) = self.running.take() else { return self.found.is_some() };
        let packet = channel::receive(&socket, false).ok().flatten();
        self.found = Some(packet.and_then(|packet| decode(&packet.bytes).ok()).unwrap_or_default());
        true
    }

    pub(super) fn found(&self) -> &[Interpreter] {
        self.found.as_deref().unwrap_or_default()
    }

    pub(super) fn take_askers(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.askers)
    }
}

fn search() -> io::Result<OwnedFd> {
    let (ours, theirs) = channel::pair()?;
    if sys::fork()?.is_none() {
        sys::default_signals();
        let _ = channel::send(&theirs, &encode(&find(&folders())), &[]);
        sys::exit_now(0);
    }
    Ok(ours)
}

/// Folders with programs: the path, the system's, and those of the usual version managers.
fn folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/bin", "/usr/local/bin"].map(PathBuf::from));
    let mut managed = vec![PathBuf::from("/opt")];
    if let Some(home) = std::env::var_os("HOME").map(PathBuf::from) {
        let below = [
            ".pyenv/versions",
            ".nvm/versions/node",
            ".local/share/uv/python",
            ".asdf/installs/python",
            ".asdf/installs/nodejs",
            ".local/share/mise/installs/python",
            ".local/share/mise/installs/node",
        ];
        managed.extend(below.map(|folder| home.join(folder)));
    }
    for folder in managed {
        let versions = fs::read_dir(folder).into_iter().flatten().flatten();
        folders.extend(versions.map(|version| version.path().join("bin")).take(64));
    }
    folders
}

fn find(folders: &[PathBuf]) -> Vec<Interpreter> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Some(language) = entry.file_name().to_str().and_then(language) else { continue };
            let Ok(path) = entry.path().canonicalize() else { continue };
            if is_program(&path)
                && seen.insert(path.clone())
                && let Some(interpreter) = describe(language, path)
            {
                found.push(interpreter);
            }
        }
    }
    found
}

/// `node`, `python3`, `python3.11`; not `python3-config`.
fn language(name: &str) -> Option<Language> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match name.strip_prefix("python3") {
        Some("") => Some(Language::Python),
        Some(minor) => minor.strip_prefix('.').is_some_and(digits).then_some(Language::Python),
        None => (name == "node" || name == "nodejs").then_some(Language::Node),
    }
}

/// Whether it is a binary rather than a version manager's script.
fn is_program(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == *b"\x7fELF" && fs::metadata(path).is_ok_and(|file| file.mode() & 0o111 != 0)
}

fn describe(language: Language, path: PathBuf) -> Option<Interpreter> {
    let prefix = path.parent()?.parent()?.to_owned();
    // A program directly below the root has no prefix that could be shown alone.
    prefix.parent()?;
    if !may_be_shown(&prefix, std::env::var_os("HOME").as_deref().map(Path::new)) {
        return None;
    }
    let version = headers_version(language, &prefix, &path).or_else(|| ask_version(&path))?;
    Some(Interpreter { language, version, path, prefix })
}

/// Whether a prefix can be shown to workers: a home, what holds one, and `~/.local`, where data folders are, cannot.
fn may_be_shown(prefix: &Path, home: Option<&Path>) -> bool {
    let holds_files_of_people =
        prefix == Path::new("/home") || prefix.join(".ssh").exists() || prefix.join("share/weft").exists();
    let Some(home) = home.filter(|home| home.parent().is_some()) else { return !holds_files_of_people };
    !holds_files_of_people && !home.starts_with(prefix) && prefix != home.join(".local")
}

/// The version that the prefix's C headers name; asking the program would cost up to 60 ms.
fn headers_version(language: Language, prefix: &Path, path: &Path) -> Option<String> {
    let include = prefix.join("include");
    match language {
        Language::Python => {
            let name = path.file_name()?.to_str()?;
            let header = fs::read_to_string(include.join(name).join("patchlevel.h")).ok()?;
            let line = header.lines().find_map(|line| line.strip_prefix("#define PY_VERSION"))?;
            Some(line.trim().trim_matches('"').to_owned())
        }
        Language::Node => {
            let header = fs::read_to_string(include.join("node/node_version.h")).ok()?;
            let number = |key: &str| {
                let line = header.lines().find_map(|line| line.strip_prefix(key));
                line.map(|value| value.trim().to_owned())
            };
            let parts =
                ["#define NODE_MAJOR_VERSION ", "#define NODE_MINOR_VERSION ", "#define NODE_PATCH_VERSION "];
            let parts: Option<Vec<String>> = parts.into_iter().map(number).collect();
            Some(parts?.join("."))
        }
    }
}

/// What the program says; only one that nobody but root and this user could have put there is run.
fn ask_version(path: &Path) -> Option<String> {
    let owner = fs::metadata(path).ok()?.uid();
    if owner != 0 && owner != sys::effective_ids().0 {
        return None;
    }
    let output = Command::new(path)
        .arg("--version")
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// The version in `Python 3.11.2` or `v20.20.2`.
fn parse_version(text: &str) -> Option<String> {
    let version = text.trim().trim_start_matches("Python ").trim_start_matches('v');
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_that_holds_what_is_somebodys_is_not_shown() {
        let home = Some(Path::new("/home/ada"));
        for (prefix, shown) in [
            ("/usr/local", true),
            ("/home/ada/.pyenv/versions/3.12.1", true),
            ("/home/ada/.local", false),
            ("/home/ada", false),
            ("/home", false),
        ] {
            assert_eq!(may_be_shown(Path::new(prefix), home), shown, "{prefix}");
        }
    }

    #[test]
    fn interpreters_are_told_by_their_names_and_versions() {
        let check = |name: &str, expected: Option<Language>| assert_eq!(language(name), expected, "{name}");
        check("python3", Some(Language::Python));
        check("python3.13", Some(Language::Python));
        check("python3.13-config", None);
        check("python2.7", None);
        check("node", Some(Language::Node));
        check("node-gyp", None);
        assert_eq!(parse_version("Python 3.11.2\n").as_deref(), Some("3.11.2"));
        assert_eq!(parse_version("v20.20.2\n").as_deref(), Some("20.20.2"));
        assert_eq!(parse_version("usage:"), None);
    }

    #[test]
    fn scripts_are_not_taken_for_interpreters() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let shim = folder.path().join("python3");
        fs::write(&shim, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&shim, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(find(&[folder.path().to_owned()]), []);
    }
}

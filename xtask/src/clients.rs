//! Clients of other makers that the black-box suites run, brought once into `target/tools`; nothing on the machine changes.

use std::fs;
use std::path::Path;

use crate::shell::{command, root, run, target};

/// Runs `make` in an empty `target/tools/<name>`, unless that was done for the same `wanted` before.
fn once(name: &str, wanted: &str, make: impl FnOnce(&Path) -> Result<(), String>) -> Result<(), String> {
    let folder = target().join("tools").join(name);
    let stamp = folder.join("brought");
    if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Ok(());
    }
    eprintln!("xtask: bringing {name} (once)");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("the old {name} stays: {error}"))?;
    }
    fs::create_dir_all(&folder)
        .map_err(|error| format!("`{}` could not be made: {error}", folder.display()))?;
    make(&folder)?;
    fs::write(&stamp, wanted).map_err(|error| format!("`{}` could not be written: {error}", stamp.display()))
}

/// `npm install` in a folder.
fn npm(folder: &Path, more: &[&str]) -> Result<(), String> {
    let mut npm = command("npm", &["install", "--no-audit", "--no-fund", "--loglevel=error"]);
    run(npm.args(more).current_dir(folder)).map_err(|error| format!("{error}; on Debian: `apt install npm`"))
}

/// The JavaScript SDK, in the versions of `tests/fixtures/javascript/package.json`.
pub(crate) fn javascript_sdk() -> Result<(), String> {
    let listed = root().join("tests/fixtures/javascript/package.json");
    let wanted = fs::read_to_string(&listed)
        .map_err(|error| format!("`{}` could not be read: {error}", listed.display()))?;
    once("javascript", &wanted, |folder| {
        fs::write(folder.join("package.json"), &wanted)
            .map_err(|error| format!("package.json could not be written: {error}"))?;
        npm(folder, &["--no-package-lock", "--ignore-scripts"])
    })
}

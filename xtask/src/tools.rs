//! What the chores need beside Rust: a Python environment, brought from the package index into `target/tools`.

use std::fs;
use std::path::PathBuf;

use crate::shell::{command, root, run, target};

/// The folder of a Python environment's programs, with everything in `tests/requirements.txt`. Made once per
/// content of that file.
pub(crate) fn python_environment() -> Result<PathBuf, String> {
    let wanted = fs::read_to_string(root().join("tests/requirements.txt"))
        .map_err(|error| format!("tests/requirements.txt could not be read: {error}"))?;
    let folder = target().join("tools/python");
    let stamp = folder.join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Ok(folder.join("bin"));
    }
    eprintln!("xtask: making a Python environment for the suites (once)");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("the old environment stays: {error}"))?;
    }
    let folder_text = folder.to_string_lossy().into_owned();
    run(&mut command("python3", &["-m", "venv", &folder_text]))
        .map_err(|error| format!("{error}; on Debian: `apt install python3-venv`"))?;
    let python = folder.join("bin/python");
    run(&mut command(python, &["-m", "pip", "install", "--quiet", "-r", "tests/requirements.txt"]))?;
    fs::write(&stamp, wanted)
        .map_err(|error| format!("`{}` could not be written: {error}", stamp.display()))?;
    Ok(folder.join("bin"))
}

//! What the chores need beside Rust, brought from the package indexes into `target/tools`: a Python environment, Node.js.

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

/// The versions of Node.js that Lambda's contracts are checked on beside the system's.
pub(crate) const NODE_VERSIONS: [&str; 2] = ["22.23.3", "24.21.0"];

/// The program of a version of Node.js, which `npm` brings as a package.
pub(crate) fn node(version: &str) -> Result<PathBuf, String> {
    let machine = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => return Err(format!("there is no Node.js {version} for {other}")),
    };
    let package = format!("node-linux-{machine}");
    let folder = target().join("tools").join(format!("node-{version}"));
    let program = folder.join("node_modules").join(&package).join("bin/node");
    if !program.exists() {
        eprintln!("xtask: bringing Node.js {version} (once)");
        fs::create_dir_all(&folder)
            .map_err(|error| format!("`{}` could not be made: {error}", folder.display()))?;
        let (folder, wanted) = (folder.to_string_lossy(), format!("{package}@{version}"));
        let quiet = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        let mut npm = command("npm", &["install", "--prefix", &folder]);
        run(npm.args(quiet).arg(wanted)).map_err(|error| format!("{error}; on Debian: `apt install npm`"))?;
    }
    Ok(program)
}

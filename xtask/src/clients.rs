//! Clients of other makers that the black-box suites run, brought once into `target/tools`; nothing on the machine changes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::shell::{command, output, root, run, target};

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

/// `npm install` in a folder. What it compiles takes the headers of the system's Node.js where they are.
fn npm(folder: &Path, more: &[&str]) -> Result<(), String> {
    let mut npm = command("npm", &["install", "--no-audit", "--no-fund", "--loglevel=error"]);
    if Path::new("/usr/include/node/node_api.h").is_file() {
        npm.env("npm_config_nodedir", "/usr");
    }
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

/// The runtime client of Node.js. It compiles curl and an extension when it is installed, for the system's Node.js.
pub(crate) fn node_runtime_client() -> Result<(), String> {
    const WANTED: &str = "aws-lambda-ric@3.3.0"; // the newest for Node.js 20; 4 wants 22
    const COMPILERS: [&str; 6] = ["cmake", "g++", "make", "autoconf", "automake", "libtoolize"];
    let missing: Vec<&str> = COMPILERS.into_iter().filter(|program| !on_path(program)).collect();
    if !missing.is_empty() {
        return Err(format!("it is compiled with {}, which are not here", missing.join(", ")));
    }
    once("aws-lambda-ric", WANTED, |folder| npm(folder, &["--prefix", ".", "--no-save", WANTED]))
}

/// The CDK's command line, and a Python environment with its library. `latest` of the former does not read what the latter writes.
pub(crate) fn cdk() -> Result<(), String> {
    const CLI: &str = "aws-cdk@2.1148.1";
    const LIBRARY: &str = "aws-cdk-lib==2.275.0";
    once("cdk", &format!("{CLI} {LIBRARY}"), |folder| {
        npm(folder, &["--prefix", ".", "--no-save", "--ignore-scripts", CLI])?;
        run(command("python3", &["-m", "venv", "python"]).current_dir(folder))?;
        let pip = ["-m", "pip", "install", "--quiet", LIBRARY, "constructs>=10,<11"];
        run(command(folder.join("python/bin/python"), &pip).current_dir(folder))
    })
}

/// Version 2 of the AWS CLI, as Debian packs it: its packages, and those of its dependencies that the machine does not
/// have, are unpacked beside each other.
pub(crate) fn aws_cli_2() -> Result<(), String> {
    if !on_path("apt-get") {
        return Err("it comes as Debian's package, and there is no apt-get here".to_owned());
    }
    once("awscli2", "awscli", |folder| {
        // Only asks what would be installed.
        let plan =
            output(&mut command("apt-get", &["install", "-qq", "-s", "--no-install-recommends", "awscli"]))?;
        let missing = plan.lines().filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next());
        let packages: BTreeSet<&str> = missing.chain(["awscli"]).collect();
        // Its own user for downloads cannot write here.
        let mut download = command("apt-get", &["download", "-qq", "-o", "APT::Sandbox::User=root"]);
        run(download.args(packages).current_dir(folder))?;
        let files =
            fs::read_dir(folder).map_err(|error| format!("what was brought could not be read: {error}"))?;
        for file in files
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|e| e == "deb"))
        {
            run(command("dpkg-deb", &["-x"]).arg(&file).arg(folder))?;
            fs::remove_file(&file).map_err(|error| format!("`{}` stays: {error}", file.display()))?;
        }
        Ok(())
    })
}

/// Whether there is a program of this name.
fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|paths| std::env::split_paths(&paths).any(|p| p.join(program).is_file()))
}

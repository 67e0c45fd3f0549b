//! Peers from their registries, each in a folder of its own, through the registries' ordinary clients.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::kinds::{Kind, Source};

/// How long one step of an installation may take.
const STEP_TIMEOUT: Duration = Duration::from_secs(400);

/// The folder of an installed peer; installs it where the version that is wanted is not there.
pub(super) async fn install(peer: &Kind, folder: &Path) -> Result<PathBuf, String> {
    let home = folder.join(peer.name);
    let mark = home.join(".installed");
    let wanted = peer.packages.join(" ");
    if std::fs::read_to_string(&mark).is_ok_and(|found| found == wanted) {
        return Ok(home);
    }
    eprintln!("  installing {wanted} in {}", home.display());
    std::fs::create_dir_all(&home).map_err(|error| format!("`{}`: {error}", home.display()))?;
    match peer.source {
        Source::Pip { dependencies } => pip(peer, &home, dependencies).await?,
        Source::Npm => npm(peer, &home).await?,
    }
    std::fs::write(&mark, wanted).map_err(|error| format!("`{}`: {error}", mark.display()))?;
    Ok(home)
}

async fn pip(peer: &Kind, home: &Path, dependencies: bool) -> Result<(), String> {
    run(Command::new("python3").args(["-m", "venv"]).arg(home)).await?;
    let mut command = Command::new(home.join("bin/pip"));
    command.args(["install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]);
    if !dependencies {
        command.arg("--no-deps");
    }
    run(command.args(peer.packages)).await
}

/// No package's own scripts are run: they could fetch more than the registry has.
async fn npm(peer: &Kind, home: &Path) -> Result<(), String> {
    std::fs::write(home.join("package.json"), "{\"private\":true}\n").map_err(|error| error.to_string())?;
    let mut command = Command::new("npm");
    command.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]);
    run(command.args(peer.packages).current_dir(home)).await
}

async fn run(command: &mut Command) -> Result<(), String> {
    let shown = command.as_std().get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(STEP_TIMEOUT, command.output()).await;
    let output = output.map_err(|_| format!("`{shown}` took more than {STEP_TIMEOUT:?}"))?;
    let output = output.map_err(|error| format!("`{shown}` cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    Err(format!("the installation with `{shown}` failed: {}", last.trim()))
}

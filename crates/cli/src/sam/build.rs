//! Building a function's code with its dependencies, on this machine, as `sam build` does.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::process::Command;

use crate::archive;
use crate::failure::Failure;

/// Entries of a folder that a build makes anew, or that are not code.
const WITHOUT: &[&str] = &[".git", ".aws-sam", ".weft", "__pycache__", ".venv", "venv", "node_modules"];

/// A folder for a build, removed at the end.
pub(super) struct Built(PathBuf);

impl Built {
    fn new() -> Result<Self, Failure> {
        use std::os::unix::fs::DirBuilderExt as _;
        let base = std::env::temp_dir();
        for n in 0_u32.. {
            let path = base.join(format!("weft-build-{}-{n}", std::process::id()));
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(archive::unreadable(&path, &error)),
            }
        }
        Err(Failure::Told(format!("no folder for a build can be made in `{}`", base.display())))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Builds a folder of code; none where there is nothing to build, or it is built already.
pub(super) async fn folder(
    path: &Path,
    id: &str,
    runtime: Option<&str>,
    method: Option<&str>,
) -> Result<Option<Built>, Failure> {
    let language = method.or(runtime).unwrap_or_default();
    let is_built_already = path.components().any(|part| part.as_os_str() == ".aws-sam");
    if is_built_already {
        return Ok(None);
    }
    if language.starts_with("python") && needs_python(path) {
        let built = copied(path)?;
        python(built.path(), id, language).await?;
        return Ok(Some(built));
    }
    if language.starts_with("nodejs") && needs_node(path) {
        let built = copied(path)?;
        node(built.path(), id).await?;
        return Ok(Some(built));
    }
    if let Some(method) = method.filter(|name| !name.starts_with("python") && !name.starts_with("nodejs")) {
        return Err(Failure::Told(format!(
            "`{id}` is built by `{method}`, which `weft up` does not know\n  help: `sam build`, then `weft up .aws-sam/build`"
        )));
    }
    Ok(None)
}

fn copied(path: &Path) -> Result<Built, Failure> {
    let built = Built::new()?;
    archive::copy(path, built.path(), WITHOUT)?;
    Ok(built)
}

/// Whether requirements.txt asks for anything.
fn needs_python(path: &Path) -> bool {
    let text = std::fs::read_to_string(path.join("requirements.txt")).unwrap_or_default();
    text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
}

/// Whether package.json has dependencies.
fn needs_node(path: &Path) -> bool {
    let text = std::fs::read_to_string(path.join("package.json")).unwrap_or_default();
    let package: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let has =
        |name: &str| package.get(name).and_then(|list| list.as_object()).is_some_and(|list| !list.is_empty());
    has("dependencies") || has("optionalDependencies")
}

/// Installs what requirements.txt names with the runtime's own version of Python where the machine has it.
async fn python(folder: &Path, id: &str, runtime: &str) -> Result<(), Failure> {
    let install = [
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-compile",
        "-r",
        "requirements.txt",
        "-t",
        ".",
    ];
    for interpreter in [runtime, "python3"] {
        let has_pip = run(folder, interpreter, &["-m", "pip", "--version"]).await;
        if !has_pip.is_ok_and(|done| done.status.success()) {
            continue;
        }
        eprintln!("  {id}: {interpreter} -m pip install -r requirements.txt");
        let arguments: Vec<&str> = ["-m", "pip"].into_iter().chain(install).collect();
        let done = run(folder, interpreter, &arguments).await;
        return finished(id, "pip install", done);
    }
    Err(Failure::Told(format!(
        "`{id}` has a requirements.txt, and there is no pip for {runtime} or python3 on this machine\n  help: install \
         python3-pip"
    )))
}

async fn node(folder: &Path, id: &str) -> Result<(), Failure> {
    eprintln!("  {id}: npm install --omit=dev");
    let verb = if folder.join("package-lock.json").is_file() { "ci" } else { "install" };
    let arguments = [verb, "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"];
    let done = run(folder, "npm", &arguments).await;
    // The lock file of npm itself tells of this build's folder and time.
    let _ = std::fs::remove_file(folder.join("node_modules/.package-lock.json"));
    finished(id, "npm install", done)
}

async fn run(folder: &Path, program: &str, arguments: &[&str]) -> std::io::Result<Output> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command.output().await
}

fn finished(id: &str, what: &str, done: std::io::Result<Output>) -> Result<(), Failure> {
    let done =
        done.map_err(|error| Failure::Told(format!("`{id}` needs `{what}`, which does not start: {error}")))?;
    if done.status.success() {
        return Ok(());
    }
    let mut text = format!("the build of `{id}` failed: {what} ended with {}", done.status);
    for line in String::from_utf8_lossy(&done.stderr).lines() {
        text.push_str("\n  ");
        text.push_str(line);
    }
    Err(Failure::Told(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_built_where_it_names_dependencies() {
        let folder = tempfile::tempdir().expect("a folder");
        let check = |file: &str, text: &str, of: fn(&Path) -> bool, expected: bool| {
            std::fs::write(folder.path().join(file), text).expect("written");
            assert_eq!(of(folder.path()), expected, "{text}");
        };
        assert!(!needs_python(folder.path()) && !needs_node(folder.path()));
        check("requirements.txt", "# nothing\n\n", needs_python, false);
        check("requirements.txt", "requests\n", needs_python, true);
        check("package.json", "{\"devDependencies\": {\"a\": \"1\"}}", needs_node, false);
        check("package.json", "{\"dependencies\": {\"a\": \"1\"}}", needs_node, true);
    }
}

//! Python: packages by pip, and a look at every file.

use std::path::Path;

use serde::Deserialize;

use super::job::Failure;

/// Compiles a folder's files, and says which are no Python.
pub(super) const COMPILE: &str = include_str!("compile.py");

/// What a folder's files say about the packages that it needs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// Whether there is a `requirements.txt`.
    pub(super) file: bool,
    /// Packages by name: of `pyproject.toml`, or read off the imports by the client.
    pub(super) packages: Vec<String>,
    /// The texts on which the result depends.
    pub(super) texts: Vec<String>,
    /// Whether packages are taken from the folder itself, so that the result depends on all of it.
    pub(super) local: bool,
    /// What the user should know.
    pub(super) notes: Vec<String>,
}

impl Needs {
    /// Reads a folder; `inferred` are packages beside those that it lists.
    pub(super) fn of(folder: &Path, inferred: &[String]) -> Result<Self, Failure> {
        let mut needs = Self { packages: inferred.to_vec(), ..Self::default() };
        needs.file = folder.join("requirements.txt").is_file();
        if needs.file {
            needs.read_requirement_files(folder);
        } else if let Some(text) = read(&folder.join("pyproject.toml")) {
            needs.packages.extend(project_dependencies(&text)?);
        }
        if !needs.file && folder.join("Pipfile").is_file() {
            needs.notes.push("Pipfile is not read; list the packages in a requirements.txt".to_owned());
        }
        Ok(needs)
    }

    pub(super) fn is_nothing(&self) -> bool {
        !self.file && self.packages.is_empty()
    }

    /// A requirements file may include others of any name, so that all texts beside it count.
    fn read_requirement_files(&mut self, folder: &Path) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "txt")) {
            let Some(text) = read(path) else { continue };
            let is_local = |line: &str| {
                let line = line.trim();
                line.starts_with('.')
                    || line.starts_with("-e")
                    || line.starts_with("--editable")
                    || line.contains("file:")
            };
            let includes_below =
                |line: &str| line.trim().starts_with('-') && line.contains('/') && !line.contains("://");
            self.local |= text.lines().any(|line| is_local(line) || includes_below(line));
            self.texts.push(text);
        }
    }
}

/// `[project] dependencies` of a `pyproject.toml`.
fn project_dependencies(text: &str) -> Result<Vec<String>, Failure> {
    let document = toml_edit::Document::parse(text).map_err(|error| {
        Failure::new("SourceInvalid", format!("pyproject.toml cannot be read: {}", error.message()))
    })?;
    let list = document.get("project").and_then(|project| project.get("dependencies"));
    let list = list.and_then(toml_edit::Item::as_array);
    Ok(list.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect())
}

fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// pip's arguments after the interpreter.
pub(super) fn pip(needs: &Needs, source: &str, target: &str) -> Vec<String> {
    let fixed = [
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--no-compile",
        "--no-cache-dir",
        "--no-warn-script-location",
        "--progress-bar",
        "off",
        "--target",
        target,
    ];
    let mut arguments: Vec<String> = fixed.iter().map(|argument| (*argument).to_owned()).collect();
    if needs.file {
        arguments.extend(["-r".to_owned(), format!("{source}/requirements.txt")]);
    }
    if !needs.packages.is_empty() {
        arguments.push("--".to_owned());
        arguments.extend(needs.packages.iter().cloned());
    }
    arguments
}

/// What pip's last lines mean, and what to do.
pub(super) fn explain_pip(output: Vec<String>, how: &str) -> Failure {
    let last_error = output.iter().rev().find(|line| line.starts_with("ERROR:"));
    let message = last_error
        .map_or_else(|| format!("pip failed ({how})"), |line| line["ERROR:".len()..].trim().to_owned());
    let whole = output.join("\n");
    let has = |text: &str| whole.contains(text);
    let help = if has("No module named pip") {
        "install pip for the server's Python; on Debian and Ubuntu: apt install python3-pip"
    } else if has("Temporary failure in name resolution")
        || has("Failed to establish a new connection")
        || has("Max retries exceeded")
    {
        "the server's machine does not reach the package index; check its network, or PIP_INDEX_URL where you run `weft up`"
    } else if has("CERTIFICATE_VERIFY_FAILED") || has("SSLError") {
        "the package index has a certificate that is not trusted; set PIP_CERT to your CA bundle where you run `weft up`"
    } else if has("No matching distribution found") || has("Could not find a version") {
        "check the package's name and version; list the packages in a requirements.txt where a name was read off an import"
    } else if has("error: command 'gcc' failed") || has("command 'cc' failed") || has("fatal error: Python.h")
    {
        "the package has to be compiled; install a compiler and Python's headers: apt install build-essential python3-dev"
    } else {
        "see pip's last lines above"
    };
    let message =
        if has("No module named pip") { "the server's Python has no pip".to_owned() } else { message };
    Failure { output, ..Failure::new("DependenciesFailed", message).with_help(help) }
}

/// One line of `compile.py`.
#[derive(Debug, Deserialize)]
struct BadFile {
    file: String,
    line: u64,
    column: u64,
    message: String,
    text: String,
}

/// What the lines of `compile.py` in strict mode mean; `None` where they name no file.
pub(super) fn explain_syntax(lines: &[String]) -> Option<Failure> {
    let bad: Vec<BadFile> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let first = bad.first()?;
    let mut failure = Failure::new(
        "SyntaxError",
        format!("{}:{}:{}: {}", first.file, first.line, first.column, first.message),
    );
    if !first.text.trim().is_empty() {
        failure.output.push(first.text.clone());
        let margin: String =
            " ".repeat(usize::try_from(first.column.saturating_sub(1)).unwrap_or(0).min(200));
        failure.output.push(format!("{margin}^"));
    }
    let more = bad.len() - 1;
    let help = if more == 0 {
        "mend the line; files that are not meant to run can be left out by a .weftignore".to_owned()
    } else {
        format!(
            "mend the line, and {more} more files; what is not meant to run can be left out by a .weftignore"
        )
    };
    Some(failure.with_help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_pip(lines: &[&str], message: &str, help: &str) {
        let failure = explain_pip(lines.iter().map(|line| (*line).to_owned()).collect(), "exit status 1");
        assert_eq!(failure.message, message);
        assert!(failure.help.as_deref().unwrap_or("").contains(help), "{failure:?}");
    }

    #[test]
    fn pips_last_words_become_a_message_and_a_next_step() {
        check_pip(
            &["/usr/bin/python3: No module named pip"],
            "the server's Python has no pip",
            "apt install python3-pip",
        );
        check_pip(
            &["Collecting nosuch", "ERROR: No matching distribution found for nosuch"],
            "No matching distribution found for nosuch",
            "check the package's name",
        );
        check_pip(
            &["WARNING: Retrying … Temporary failure in name resolution"],
            "pip failed (exit status 1)",
            "network",
        );
        check_pip(&["boom"], "pip failed (exit status 1)", "last lines");
    }

    #[test]
    fn syntax_errors_name_file_and_line() {
        let line =
            r#"{"file": "app.py", "line": 3, "column": 7, "message": "invalid syntax", "text": "def f(:"}"#;
        let failure = explain_syntax(&["noise".to_owned(), line.to_owned()]).expect("a failure");
        assert_eq!(failure.message, "app.py:3:7: invalid syntax");
        assert_eq!(failure.output, ["def f(:", "      ^"]);
        assert_eq!(explain_syntax(&["noise".to_owned()]), None);
    }

    #[test]
    fn needs_are_read_off_the_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        let needs = |inferred: &[String]| Needs::of(folder.path(), inferred).expect("readable");
        assert!(needs(&[]).is_nothing());
        write("pyproject.toml", "[project]\nname = 'x'\ndependencies = ['Flask>=3', 'requests']\n");
        assert_eq!(needs(&["uvicorn".to_owned()]).packages, ["uvicorn", "Flask>=3", "requests"]);
        write("requirements.txt", "-r more.txt\nFlask\n");
        write("more.txt", "requests\n");
        let found = needs(&[]);
        assert_eq!((found.file, found.texts.len(), found.local), (true, 2, false));
        write("more.txt", "-e ./lib\n");
        assert!(needs(&[]).local);
        write("pyproject.toml", "= nonsense");
        std::fs::remove_file(folder.path().join("requirements.txt")).expect("removed");
        assert_eq!(Needs::of(folder.path(), &[]).expect_err("unreadable").code, "SourceInvalid");
    }
}

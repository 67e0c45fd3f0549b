//! Node.js: packages by npm.

use std::path::Path;

use serde_json::Value;

use super::job::Failure;

/// What a folder's files say about the packages that it needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Needs {
    /// The files to show npm, by name.
    pub(super) files: Vec<(&'static str, String)>,
    /// Whether a lock file pins every package.
    pub(super) locked: bool,
}

impl Needs {
    /// Reads a folder; `None` where it needs nothing.
    pub(super) fn of(folder: &Path) -> Result<Option<Self>, Failure> {
        let Ok(text) = std::fs::read_to_string(folder.join("package.json")) else { return Ok(None) };
        let package: Value = serde_json::from_str(&text).map_err(|error| {
            Failure::new("SourceInvalid", format!("package.json cannot be read: {error}"))
                .with_help("mend package.json; `node -e \"require('./package.json')\"` shows the place")
        })?;
        let lists = |key: &str| package[key].as_object().is_some_and(|packages| !packages.is_empty());
        if !lists("dependencies") && !lists("optionalDependencies") {
            return Ok(None);
        }
        let mut files = vec![("package.json", text)];
        for name in ["package-lock.json", "npm-shrinkwrap.json"] {
            files.extend(std::fs::read_to_string(folder.join(name)).ok().map(|text| (name, text)));
        }
        Ok(Some(Self { locked: files.len() > 1, files }))
    }
}

/// npm's command line.
pub(super) fn npm(needs: &Needs) -> Vec<String> {
    let install: &[&str] = if needs.locked { &["ci"] } else { &["install", "--no-package-lock"] };
    let fixed = ["--omit=dev", "--no-audit", "--no-fund", "--no-update-notifier", "--progress=false"];
    ["npm"].iter().chain(install).chain(&fixed).map(|argument| (*argument).to_owned()).collect()
}

/// What npm's last lines mean, and what to do.
pub(super) fn explain_npm(output: Vec<String>, how: &str) -> Failure {
    let words =
        |line: &String| line.strip_prefix("npm error ").or(line.strip_prefix("npm ERR! ")).map(str::to_owned);
    let errors: Vec<String> = output.iter().filter_map(words).collect();
    let code = errors.iter().find_map(|line| line.strip_prefix("code ")).unwrap_or_default().to_owned();
    let said = errors.iter().find(|line| {
        !line.starts_with("code ") && !line.starts_with("errno ") && !line.starts_with("syscall ")
    });
    let message = said.map_or_else(|| format!("npm failed ({how})"), Clone::clone);
    let help = match code.as_str() {
        "E404" | "ETARGET" => "check the package's name and version in package.json",
        "EUSAGE" => "package.json and its lock file disagree; run `npm install` and commit the lock file",
        "ENOTFOUND" | "EAI_AGAIN" | "ECONNREFUSED" | "ETIMEDOUT" => {
            "the server's machine does not reach the npm registry; check its network, or your .npmrc"
        }
        "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" | "SELF_SIGNED_CERT_IN_CHAIN" => {
            "the registry has a certificate that is not trusted; set NODE_EXTRA_CA_CERTS where you run `weft up`"
        }
        _ => "see npm's last lines above",
    };
    Failure { output, ..Failure::new("DependenciesFailed", message).with_help(help) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npms_last_words_become_a_message_and_a_next_step() {
        let lines =
            ["npm error code E404", "npm error 404 Not Found - GET nosuch", "npm error A complete log …"];
        let failure = explain_npm(lines.iter().map(|line| (*line).to_owned()).collect(), "exit status 1");
        assert_eq!(failure.message, "404 Not Found - GET nosuch");
        assert!(failure.help.is_some_and(|help| help.contains("name and version")));
        assert_eq!(explain_npm(vec![], "signal 9").message, "npm failed (signal 9)");
    }

    #[test]
    fn a_lock_file_is_kept_to() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        let needs = || Needs::of(folder.path());
        assert_eq!(needs(), Ok(None));
        write("package.json", r#"{"devDependencies":{"x":"1"}}"#);
        assert_eq!(needs(), Ok(None));
        write("package.json", r#"{"dependencies":{"x":"1"}}"#);
        assert_eq!(npm(&needs().expect("readable").expect("needs"))[..2], ["npm", "install"]);
        write("package-lock.json", "{}");
        assert_eq!(npm(&needs().expect("readable").expect("needs"))[..2], ["npm", "ci"]);
        write("package.json", "{");
        assert_eq!(needs().expect_err("unreadable").code, "SourceInvalid");
    }
}

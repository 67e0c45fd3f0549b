//! Which installed interpreter runs code that names one.

use weft_sandbox::{Interpreter, Language};

/// The interpreter that serves a declared one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterpreterChoice {
    /// What runs the code.
    pub interpreter: Interpreter,
    /// Says so where another version was declared.
    pub note: Option<String>,
}

/// Chooses for a Lambda runtime's name (`python3.12`, `nodejs22.x`) or a language (`python`, `python3`, `node`): the
/// same version where it is installed, else the next higher, else the nearest lower; without a version the first
/// installed. The error is a sentence with the next step.
pub fn choose_interpreter(declared: &str, installed: &[Interpreter]) -> Result<InterpreterChoice, String> {
    let Some((language, version)) = parse(declared) else {
        return Err(format!(
            "the runtime `{declared}` is not supported; use a python or nodejs one, or `provided.al2023` with a \
             `bootstrap` of your own"
        ));
    };
    let known = installed.iter().filter(|interpreter| interpreter.language == language);
    let with_version = known.clone().map(|interpreter| (number(interpreter), interpreter));
    let best = match version {
        None => known.clone().next(),
        Some(wanted) => {
            with_version.min_by_key(|(found, _)| distance(wanted, *found)).map(|(_, found)| found)
        }
    };
    let Some(interpreter) = best else {
        let (name, package) = match language {
            Language::Python => ("Python 3", "python3"),
            Language::Node => ("Node.js", "nodejs"),
        };
        return Err(format!(
            "`{declared}` needs {name}, and none is installed; install it (`apt-get install {package}`) and start Weft again"
        ));
    };
    let differs = version.is_some_and(|wanted| wanted != number(interpreter));
    let note = differs.then(|| {
        let name = match language {
            Language::Python => "Python",
            Language::Node => "Node.js",
        };
        format!("{declared} is not installed on this machine; {name} {} runs it", interpreter.version)
    });
    Ok(InterpreterChoice { interpreter: interpreter.clone(), note })
}

/// The language and the part of the version that tells runtimes apart: Python's minor, Node.js's major.
fn parse(declared: &str) -> Option<(Language, Option<u32>)> {
    let version = |text: &str| match text {
        "" => Some(None),
        text => text.trim_end_matches(".x").split('.').next()?.parse().ok().map(Some),
    };
    if let Some(rest) = declared.strip_prefix("python") {
        let rest = rest.strip_prefix('3').unwrap_or(rest);
        return Some((Language::Python, version(rest.strip_prefix('.').unwrap_or(rest))?));
    }
    let rest = declared.strip_prefix("nodejs").or_else(|| declared.strip_prefix("node"))?;
    Some((Language::Node, version(rest)?))
}

fn number(interpreter: &Interpreter) -> u32 {
    let mut parts = interpreter.version.split('.').map(|part| part.parse().unwrap_or(0));
    let first = parts.next().unwrap_or(0);
    match interpreter.language {
        Language::Python => parts.next().unwrap_or(0),
        Language::Node => first,
    }
}

/// Orders by: the same, then higher ones upwards, then lower ones downwards.
fn distance(wanted: u32, found: u32) -> (bool, u32) {
    (found < wanted, found.abs_diff(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed() -> Vec<Interpreter> {
        let make = |language, version: &str| Interpreter {
            language,
            version: version.into(),
            path: format!("/opt/{version}/bin/x").into(),
            prefix: format!("/opt/{version}").into(),
        };
        vec![
            make(Language::Python, "3.11.2"),
            make(Language::Python, "3.9.18"),
            make(Language::Python, "3.13"),
            make(Language::Node, "20.20.2"),
            make(Language::Node, "24.1.0"),
        ]
    }

    fn check(declared: &str, expected: &str, noted: bool) {
        let choice = choose_interpreter(declared, &installed()).unwrap();
        assert_eq!(
            (choice.interpreter.version.as_str(), choice.note.is_some()),
            (expected, noted),
            "{declared}"
        );
    }

    #[test]
    fn the_nearest_installed_version_serves() {
        check("python3.11", "3.11.2", false);
        check("python3.12", "3.13", true);
        check("python3.8", "3.9.18", true);
        check("python3.14", "3.13", true);
        check("python", "3.11.2", false);
        check("python3", "3.11.2", false);
        check("nodejs20.x", "20.20.2", false);
        check("nodejs22.x", "24.1.0", true);
        check("nodejs26.x", "24.1.0", true);
        check("nodejs18.x", "20.20.2", true);
        check("node", "20.20.2", false);
    }

    #[test]
    fn what_cannot_run_says_what_to_do() {
        let fail = |declared, installed: &[Interpreter]| choose_interpreter(declared, installed).unwrap_err();
        assert!(fail("java21", &installed()).contains("provided.al2023"));
        assert!(fail("pythonic", &installed()).contains("not supported"));
        assert!(fail("python3.12", &[]).contains("apt-get install python3"));
        assert!(fail("nodejs22.x", &[]).contains("apt-get install nodejs"));
    }
}

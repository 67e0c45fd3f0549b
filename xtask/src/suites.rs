//! `test`: brings what the suites need, runs them, and closes with one line that counts.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::shell::{cargo, command, run as run_command, target};
use crate::{clients, tools};

/// Passed and failed tests, and what is known of those that failed.
#[derive(Default, Clone)]
struct Count {
    passed: u64,
    failed: u64,
    reasons: Vec<String>,
}

/// Runs the suites that are named, or all.
pub(crate) fn run(names: &[String]) -> Result<(), String> {
    let wanted = |name: &str| names.is_empty() || names.iter().any(|n| n == name);
    let mut total = Count::default();
    let mut failures = Vec::new();
    let mut suite = |name: &str, work: &dyn Fn() -> Result<Count, String>| {
        if !wanted(name) {
            return;
        }
        let began = Instant::now();
        eprintln!("xtask: suite {name} …");
        let count = work().unwrap_or_else(|error| {
            eprintln!("xtask: {error}");
            Count { failed: 1, reasons: vec![format!("{name}: {error}")], ..Count::default() }
        });
        let seconds = began.elapsed().as_secs();
        eprintln!("xtask: suite {name}: {} passed, {} failed, {seconds} s", count.passed, count.failed);
        if count.failed > 0 {
            failures.push(name.to_owned());
        }
        total.passed += count.passed;
        total.failed += count.failed;
        total.reasons.extend(count.reasons);
    };
    suite("unit", &unit);
    suite("node", &node);
    for name in black_box_suites()? {
        suite(&name, &|| black_box(&name));
    }
    // At the end, where also the tail of a long output has them.
    for reason in &total.reasons {
        println!("{reason}");
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    if failures.is_empty() { Ok(()) } else { Err(format!("these suites failed: {}", failures.join(", "))) }
}

/// The workspace's own tests, in debug.
fn unit() -> Result<Count, String> {
    count_lines(&mut cargo(&["test", "--workspace", "--no-fail-fast"]), count_results)
}

/// Lambda's contracts on the versions of Node.js that the unit tests, which take the system's, may have left out.
fn node() -> Result<Count, String> {
    let mut total = Count::default();
    for version in tools::NODE_VERSIONS {
        let mut tests = cargo(&["test", "--package", "weft-runtime", "--test", "contract", "node"]);
        tests.env("WEFT_TEST_NODE", tools::node(version)?);
        let count = count_lines(&mut tests, count_results)?;
        total.passed += count.passed;
        total.failed += count.failed;
        total.reasons.extend(count.reasons);
    }
    Ok(total)
}

/// Counts from "test result: ok. 3 passed; 0 failed; …".
fn count_results(line: &str, count: &mut Count) {
    if line.starts_with("test ") && line.ends_with(" ... FAILED") {
        count.reasons.push(line.to_owned());
    }
    let Some(rest) = line.strip_prefix("test result: ") else { return };
    for part in rest.split([';', '.']) {
        let mut words = part.split_whitespace();
        match (words.next().and_then(|n| n.parse::<u64>().ok()), words.next()) {
            (Some(n), Some("passed")) => count.passed += n,
            (Some(n), Some("failed")) => count.failed += n,
            _ => {}
        }
    }
}

/// One black-box suite: real clients against the release binary.
fn black_box(name: &str) -> Result<Count, String> {
    let bin = tools::python_environment()?;
    bring(name)?;
    run_command(&mut cargo(&["build", "--quiet", "--release", "--bin", "weft"]))?;
    let mut pytest =
        command(bin.join("python"), &["-m", "pytest", "-p", "no:cacheprovider", "-q", "-rA", "--no-header"]);
    pytest
        .arg(format!("tests/test_{name}.py"))
        .env("WEFT_BINARY", target().join("release/weft"))
        .env("WEFT_TEST_TOOLS", target().join("tools"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    count_lines(&mut pytest, |line, count| {
        // "PASSED tests/test_x.py::test_y", "FAILED …", "ERROR …"
        match line.split_whitespace().next() {
            Some("PASSED") => count.passed += 1,
            Some("FAILED" | "ERROR") => {
                count.failed += 1;
                count.reasons.push(line.to_owned());
            }
            _ => {}
        }
    })
}

/// Brings the clients that only one suite needs. Those that not every machine can have are missed by their own tests
/// alone, which skip and say why.
fn bring(suite: &str) -> Result<(), String> {
    let (what, brought) = match suite {
        "javascript" => return clients::javascript_sdk(),
        "cdk" => ("the CDK's command line", clients::cdk()),
        "logs" => ("version 2 of the AWS CLI", clients::aws_cli_2()),
        "runtime_api" => ("aws-lambda-ric", clients::node_runtime_client()),
        _ => return Ok(()),
    };
    if let Err(error) = brought {
        eprintln!("xtask: the tests of {what} skip: {error}");
    }
    Ok(())
}

fn black_box_suites() -> Result<Vec<String>, String> {
    let folder = crate::shell::root().join("tests");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("tests/ could not be read: {error}"))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let suites: BTreeSet<String> =
        names.filter_map(|n| Some(n.strip_prefix("test_")?.strip_suffix(".py")?.to_owned())).collect();
    Ok(suites.into_iter().collect())
}

/// Runs a command, shows its output line by line, and counts from it. A command that fails without a failed test counts as one failure.
fn count_lines(command: &mut Command, mut read: impl FnMut(&str, &mut Count)) -> Result<Count, String> {
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|error| format!("it did not start: {error}"))?;
    let mut count = Count::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            read(&line, &mut count);
            eprintln!("{line}");
        }
    }
    let status = child.wait().map_err(|error| format!("it could not be waited for: {error}"))?;
    if !status.success() && count.failed == 0 {
        count.failed = 1;
    }
    Ok(count)
}

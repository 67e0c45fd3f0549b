//! Figures about the sources.

use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::root;

/// One measured figure. Smaller is better.
pub(crate) struct Figure {
    /// Its name in the ratchet.
    pub(crate) name: &'static str,
    /// What was measured.
    pub(crate) value: f64,
    /// The bar of `docs/architecture.md`: at or below it nothing is asked.
    pub(crate) bar: f64,
    /// Where the worst of it is.
    pub(crate) detail: String,
}

/// Measures every figure over the hand-written Rust sources.
pub(crate) fn measure() -> Result<Vec<Figure>, String> {
    let mut files = Vec::new();
    let mut functions = Vec::new();
    let mut operations = Vec::new();
    let (mut panics, mut lines_total) = (0usize, 0usize);
    for path in rust_files()? {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if text.starts_with("// @generated") || text.lines().take(3).any(|l| l.contains("@generated")) {
            continue;
        }
        let label = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        let code = without_tests(&text);
        let is_test =
            label.contains("/tests/") || label.contains("/examples/") || label.ends_with("tests.rs");
        if !is_test {
            panics += code.matches(".unwrap()").count() + code.matches(".expect(\"").count();
            lines_total += code.lines().count();
        }
        if label.contains("/src/ops/") && !label.ends_with("mod.rs") {
            operations.push((code.lines().filter(|l| is_code(l)).count(), label.clone()));
        }
        functions.extend(function_lengths(code).map(|(name, length)| (length, format!("{label}: {name}"))));
        files.push((text.lines().count(), label));
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of lines")]
    let per_thousand = panics as f64 * 1000.0 / lines_total.max(1) as f64;
    Ok(vec![
        percentile("file_lines_p95", files, 95, 500.0),
        percentile("function_lines_p95", functions, 95, 45.0),
        percentile("operation_lines_median", operations, 50, 60.0),
        Figure {
            name: "panics_per_thousand_lines",
            value: per_thousand,
            bar: 1.5,
            detail: format!("{panics} in all"),
        },
    ])
}

/// Crates whose `lib.rs` or `main.rs` does not begin with documentation.
pub(crate) fn undocumented_crates() -> Result<Vec<String>, String> {
    let roots = rust_files()?.into_iter().filter(|p| p.ends_with("src/lib.rs") || p.ends_with("src/main.rs"));
    let undocumented = roots.filter(|p| !fs::read_to_string(p).is_ok_and(|text| text.starts_with("//!")));
    Ok(undocumented
        .map(|p| format!("`{}` does not begin with the crate's documentation", p.display()))
        .collect())
}

fn percentile(name: &'static str, mut values: Vec<(usize, String)>, percent: usize, bar: f64) -> Figure {
    values.sort();
    let at = (values.len() * percent / 100).min(values.len().saturating_sub(1));
    let worst: Vec<String> = values.iter().rev().take(3).map(|(n, label)| format!("{label} {n}")).collect();
    #[expect(clippy::cast_precision_loss, reason = "counts of lines")]
    let value = values.get(at).map_or(0.0, |(n, _)| *n as f64);
    Figure { name, value, bar, detail: worst.join(", ") }
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with("//")
}

/// The text before the unit tests, which stand last in a file.
fn without_tests(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod ").map_or(text, |at| &text[..at])
}

/// The lines of each function, by indentation: from the line with `fn` to the brace that closes at its depth. `rustfmt` has run.
fn function_lengths(code: &str) -> impl Iterator<Item = (String, usize)> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let words = line.trim_start();
        let is_function = !words.starts_with("//")
            && (words.starts_with("fn ")
                || (words.contains(" fn ") && words.starts_with(['p', 'a', 'c', 'u', 'e'])));
        if !is_function {
            continue;
        }
        let closing = format!("{}}}", " ".repeat(indent));
        let length = lines[start..].iter().position(|l| *l == closing);
        let name = words.split("fn ").nth(1).unwrap_or_default().split(['(', '<']).next().unwrap_or_default();
        found.extend(length.map(|n| (name.to_owned(), n + 1)));
    }
    found.into_iter()
}

fn rust_files() -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for folder in ["src", "crates", "xtask", "sim", "bench", "fuzz"] {
        collect(&root().join(folder), &mut files)?;
    }
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && name != "node_modules" {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_as_long_as_its_lines() {
        let code =
            "fn a() {\n    b();\n}\n\nimpl X {\n    pub fn c() {\n        d();\n        e();\n    }\n}\n";
        let lengths: Vec<_> = function_lengths(code).collect();
        assert_eq!(lengths, [("a".to_owned(), 3), ("c".to_owned(), 4)]);
    }

    #[test]
    fn tests_at_the_end_do_not_count() {
        assert_eq!(without_tests("fn a() {}\n\n#[cfg(test)]\nmod tests {}\n"), "fn a() {}\n");
    }
}

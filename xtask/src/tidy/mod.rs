//! `tidy`: what a program can check of the project's shape.
//!
//! From `cargo metadata`: that dependencies point down the layers, licences, sources, one version of each crate.
//! From the sources: sizes of files and functions, crate documentation, `unwrap` and `expect`. Figures only get better: the ratchet in
//! `xtask/ratchet.toml` holds the best so far.

mod packages;
mod sources;

use std::fs;

use toml_edit::DocumentMut;

use crate::shell::root;

/// Checks everything and reports all that is wrong at once.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let settings = read("xtask/tidy.toml")?;
    let mut wrong = packages::check(&settings)?;
    let figures = sources::measure()?;
    wrong.extend(sources::undocumented_crates()?);
    wrong.extend(ratchet(&figures, args.iter().any(|a| a == "--update"))?);
    if wrong.is_empty() {
        return Ok(());
    }
    wrong.sort();
    Err(format!("{} things are not tidy:\n  {}", wrong.len(), wrong.join("\n  ")))
}

fn read(path: &str) -> Result<DocumentMut, String> {
    let text = fs::read_to_string(root().join(path)).map_err(|error| format!("`{path}`: {error}"))?;
    text.parse().map_err(|error| format!("`{path}`: {error}"))
}

/// Compares each figure with the best so far and the bar; only the part above both is wrong.
fn ratchet(figures: &[sources::Figure], update: bool) -> Result<Vec<String>, String> {
    let mut document = read("xtask/ratchet.toml")?;
    let mut wrong = Vec::new();
    for figure in figures {
        let best = document.get(figure.name).and_then(toml_edit::Item::as_float).unwrap_or(f64::MAX);
        let allowed = best.max(figure.bar);
        if figure.value > allowed + 1e-9 {
            wrong.push(format!(
                "{}: {:.2}, allowed {allowed:.2} ({})",
                figure.name, figure.value, figure.detail
            ));
        }
        if update && (figure.value < best || best.is_nan()) {
            document[figure.name] = toml_edit::value((figure.value * 100.0).ceil() / 100.0);
        }
        eprintln!("xtask: tidy: {} {:.2} (bar {:.2})", figure.name, figure.value, figure.bar);
    }
    if update {
        fs::write(root().join("xtask/ratchet.toml"), document.to_string())
            .map_err(|error| error.to_string())?;
    }
    Ok(wrong)
}

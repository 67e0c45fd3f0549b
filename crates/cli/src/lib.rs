//! The command line: one file per subcommand, a client of the public API like any other.
//!
//! [`parse`] reads the arguments, [`run`] carries out every subcommand but `server`, which is the binary's own business.
//! Results go to standard output, progress and logs to standard error; `--json` gives one document. Exit codes: 0 done, 1 failed, 2 wrong usage.
//!
//! The crate deliberately does not know the server's insides: what it can do, anybody's program can do with the same key.

mod args;

pub use args::{
    Arguments, Command, CompletionsArgs, ConnectArgs, EnvArgs, InvokeArgs, LogsArgs, PsArgs, RmArgs,
    ServerArgs, StatusArgs, UpArgs,
};

/// Reads the process's arguments; a wrong usage prints why and ends the process with 2, `--help` with 0.
pub fn parse() -> Arguments {
    <Arguments as clap::Parser>::parse()
}

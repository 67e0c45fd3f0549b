//! Weft: your own cloud in one binary.

use std::process::ExitCode;

use weft_cli::Command;
use weft_node::{DataPlane, ServerOptions};

fn main() -> ExitCode {
    match weft_cli::parse().command {
        // Before any thread exists: the server forks its launcher first.
        Command::Server(args) => weft_node::serve(ServerOptions {
            data: args.data,
            listen: args.listen,
            edge: args.edge,
            admin_key: args.admin_key,
            store: args.store,
            data_plane: match args.data_plane {
                weft_cli::DataPlane::Shared => DataPlane::Shared,
                weft_cli::DataPlane::PerCore => DataPlane::PerCore,
            },
        }),
        command => weft_cli::run(command),
    }
}

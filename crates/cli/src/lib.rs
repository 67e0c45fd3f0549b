//! The command line: one file per subcommand, a client of the public API.

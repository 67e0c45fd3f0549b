//! weft.toml: parse, resolve, diff, plan.

//! Weft: your own cloud in one binary.

fn main() {}

//! `CloudFormation`'s templates: each table is one `check(input, expected)`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cloudformation {
    mod diffs;
    mod dynamic;
    mod errors;
    mod expansion;
    mod functions;
    mod hostile;
    mod parameters;
    mod properties;
    mod stacks;
    pub(crate) mod support;
    mod texts;
}

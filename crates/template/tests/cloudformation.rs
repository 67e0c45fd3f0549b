//! `CloudFormation`'s templates: each table is one `check(input, expected)`.

mod cloudformation {
    mod diffs;
    mod errors;
    mod expansion;
    mod functions;
    mod hostile;
    mod parameters;
    mod properties;
    pub(crate) mod support;
    mod texts;
}

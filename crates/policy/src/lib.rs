//! IAM policies: evaluate a request against policies to a decision with reasons.

/// A parsed policy document.
#[derive(Debug, Clone)]
pub struct Policy {}

//! IAM policies: evaluate a request against policies to a decision with reasons.

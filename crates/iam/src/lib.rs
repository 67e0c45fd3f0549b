//! IAM users, keys, roles and policies, and STS.

//! The AWS protocols and SigV4: one codec per protocol, walking schemas.

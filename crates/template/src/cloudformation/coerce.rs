//! coerce

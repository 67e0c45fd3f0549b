//! Which types of resources are whose.

/// Whether a type is our own: its handler knows its properties, no published schema does.
pub(super) fn is_own(kind: &str) -> bool {
    kind.starts_with("Weft::")
}

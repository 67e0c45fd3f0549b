//! The composition root: the only crate that names concrete types of every layer.

//! How many workers a pool should have: one pure function.

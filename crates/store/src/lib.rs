//! Transactions over ordered keys, change feed, blobs.

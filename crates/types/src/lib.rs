//! Names, ARNs, regions, accounts, units: parsed once, valid ever after.

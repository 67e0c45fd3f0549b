//! Operation, Access, Context, registry and dispatch: what every API of the platform shares.

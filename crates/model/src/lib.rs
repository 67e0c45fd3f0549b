//! AWS shapes generated from the published models, with the schema tables that the codecs walk.

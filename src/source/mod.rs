//! Source tables.

//! The native meaning of operators, functions and aggregates.
pub mod address;
pub mod compare;
pub mod missing;
pub mod number;
pub mod text;

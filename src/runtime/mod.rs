//! The native meaning of operators, functions and aggregates.
pub mod address;
pub mod arithmetic;
pub mod compare;
pub mod function;
pub mod missing;
pub mod number;
pub mod set;
pub mod text;

//! The native meaning of operators, functions and aggregates.

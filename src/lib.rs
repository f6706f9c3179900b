//! Tripline, a detection compiler: a rule is written once, run natively, and compiled to KQL,
//! Sentinel rules and Sigma.
//!
//! The language is described in `docs/language.md`. A program that only needs values, predicates and the alert type
//! depends on this crate with `default-features = false` and finds them in [`value`] and [`runtime`].
//!
#![doc = include_str!("../ARCHITECTURE.md")]

pub mod runtime;
pub mod value;

#[cfg(feature = "cli")]
pub mod agreement;
#[cfg(feature = "compiler")]
pub mod attack;
#[cfg(feature = "compiler")]
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "compiler")]
pub mod compile;
#[cfg(feature = "compiler")]
pub mod diagnostics;
#[cfg(feature = "compiler")]
pub mod evaluate;
#[cfg(feature = "templates")]
pub mod examples;
#[cfg(feature = "compiler")]
pub mod functions;
#[cfg(feature = "compiler")]
mod imports;
#[cfg(feature = "templates")]
pub mod index;
#[cfg(feature = "input")]
pub mod input;
#[cfg(feature = "compiler")]
pub mod kql;
#[cfg(feature = "cli")]
pub mod mutate;
#[cfg(feature = "compiler")]
pub mod plan;
#[cfg(feature = "compiler")]
pub mod resolve;
#[cfg(feature = "templates")]
pub mod settings;
#[cfg(feature = "compiler")]
pub mod source;
#[cfg(feature = "compiler")]
pub mod syntax;
#[cfg(feature = "templates")]
pub mod targets;
#[cfg(feature = "compiler")]
pub mod testing;
#[cfg(feature = "compiler")]
pub mod values;

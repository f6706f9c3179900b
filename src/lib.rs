//! Tripline, a detection compiler.

pub mod runtime;
pub mod value;

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
#[cfg(feature = "compiler")]
pub mod functions;
#[cfg(feature = "input")]
pub mod input;
#[cfg(feature = "compiler")]
pub mod kql;
#[cfg(feature = "compiler")]
pub mod plan;
#[cfg(feature = "compiler")]
pub mod resolve;
#[cfg(feature = "compiler")]
pub mod source;
#[cfg(feature = "compiler")]
pub mod syntax;
#[cfg(feature = "templates")]
pub mod targets;
#[cfg(feature = "compiler")]
pub mod testing;

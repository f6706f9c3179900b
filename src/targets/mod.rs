//! Targets: texts that say what a rule says, for other programs to run.

pub mod attack;
pub mod kql;
pub mod ledger;
pub mod sigma;
pub mod yaml;

//! Targets: texts that say what a rule says, for other programs to run.

pub mod arm;
pub mod attack;
pub mod kql;
pub mod ledger;
pub mod prose;
pub mod sentinel;
#[cfg(test)]
mod testing;
pub mod yaml;

//! Targets: texts that say what a rule says, for other programs to run.
//!
//! A target is a module here with one function from a plan to an [`Answer`], a folder `targets/<name>/` with its templates,
//! and a line in [`Target`]; [`emit`] and the compiler name every place that must think about it. What a target cannot say
//! exactly it refuses, or states as a difference in the [`ledger`].

pub mod arm;
pub mod attack;
pub mod capability;
pub mod kql;
pub mod ledger;
pub mod needs;
pub mod prose;
pub mod sentinel;
pub mod sigma;
#[cfg(test)]
mod testing;
pub mod yaml;

use crate::plan::Plan;
use crate::settings::Settings;
use crate::source::Catalog;
use ledger::{Answer, Text};

/// A target of `tripline build`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// The query alone.
    Kql,
    /// Analytics rules and hunting queries of Microsoft Sentinel, as YAML.
    Sentinel,
    /// The same as templates that can be deployed.
    Arm,
    /// Sigma rules and correlations.
    Sigma,
}

impl Target {
    /// Every target, in the order of output.
    pub const ALL: [Target; 4] = [Target::Kql, Target::Sentinel, Target::Arm, Target::Sigma];

    /// Its name: on the command line, as a folder, in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            Target::Kql => "kql",
            Target::Sentinel => "sentinel",
            Target::Arm => "arm",
            Target::Sigma => "sigma",
        }
    }

    /// The promise of a `targets` line that covers it.
    pub fn promise(self) -> &'static str {
        match self {
            Target::Kql | Target::Sentinel | Target::Arm => "sentinel",
            Target::Sigma => "sigma",
        }
    }

    /// How the names of its files end.
    pub fn extension(self) -> &'static str {
        match self {
            Target::Kql => "kql",
            Target::Sentinel => "yaml",
            Target::Arm => "json",
            Target::Sigma => "yml",
        }
    }
}

/// What a target makes of a rule.
///
/// # Errors
/// Every reason why it has no text for the rule.
pub fn emit(target: Target, plan: &Plan, catalog: &Catalog, settings: &Settings) -> Answer {
    match target {
        Target::Kql => kql::emit(plan, catalog).map(|query| Text {
            text: query.text,
            differences: Vec::new(),
            notes: Vec::new(),
        }),
        Target::Sentinel => sentinel::emit(plan, catalog, settings),
        Target::Arm => arm::emit(plan, catalog, settings),
        Target::Sigma => sigma::emit(plan, catalog, settings),
    }
}

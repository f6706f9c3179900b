//! Deployment settings: what a target needs that is no part of a detection. They stand in `tripline.toml` beside the rules;
//! `docs/deployment.md` describes the file.
//!
//! A setting holds for the folder of its file and the folders below it; the nearest file goes first, a `[rule.NAME]`
//! section before every plain one. [`read`] reads one file, [`Settings`] is what holds for one rule.

mod known;
mod merge;
mod read;
mod value;

pub use read::{File, read};

use crate::attack;
use crate::diagnostics::Span as Place;
use crate::source::Catalog;
use crate::value::Span;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The name of a settings file.
pub const FILE: &str = "tripline.toml";

/// What holds for one rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The folder of its files below the folder of a target; the rule's own folder where there is none.
    pub folder: Option<PathBuf>,
    /// Sentinel rules, as YAML and ARM.
    pub sentinel: Sentinel,
    /// What only ARM templates have.
    pub arm: Arm,
    /// Sigma rules.
    pub sigma: Sigma,
    /// Sources that this workspace keeps otherwise, by name.
    pub sources: BTreeMap<String, Source>,
    /// Where a setting was written, by its path: `sentinel.kind`. For messages.
    pub places: BTreeMap<String, Place>,
}

impl Settings {
    /// The sources as this workspace keeps them: with its tables, connectors and delays. Numbers of sources and fields stay.
    pub fn catalog<'c>(&self, catalog: &'c Catalog) -> Cow<'c, Catalog> {
        if self.sentinel.delay.is_none() && self.sources.is_empty() {
            return Cow::Borrowed(catalog);
        }
        Cow::Owned(catalog.changed(|source| {
            if let Some(ours) = self.sources.get(&source.name) {
                if let Some(table) = &ours.table {
                    source.table.clone_from(table);
                }
                if let Some(connector) = &ours.connector {
                    source.connector = Some(connector.clone());
                }
                source.delay = ours.delay.unwrap_or(source.delay);
            }
            source.delay = self.sentinel.delay.unwrap_or(source.delay);
        }))
    }
}

/// A scheduled or near-real-time rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentinel {
    /// How the service runs it.
    pub kind: Kind,
    /// Whether the deployed rule is switched on.
    pub enabled: bool,
    /// Whether each row is an alert.
    pub grouping: EventGrouping,
    /// How late events may come; the source's own where there is none.
    pub delay: Option<Span>,
    /// The version of ATT&CK that techniques and tactics are written in.
    pub attack: attack::Version,
    /// Incidents made of alerts.
    pub incident: Incident,
    /// No further run for so long after an alert.
    pub suppression: Option<Span>,
}

impl Default for Sentinel {
    fn default() -> Sentinel {
        Sentinel {
            kind: Kind::Scheduled,
            enabled: true,
            grouping: EventGrouping::AlertPerResult,
            delay: None,
            attack: attack::Version::V13,
            incident: Incident::default(),
            suppression: None,
        }
    }
}

/// How the service runs a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// At its frequency.
    Scheduled,
    /// Every minute, over what was ingested since.
    Nrt,
}

/// What becomes of the rows of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventGrouping {
    /// An alert for each row.
    AlertPerResult,
    /// One alert for all rows.
    SingleAlert,
}

/// Incidents.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Whether alerts make incidents.
    pub create: bool,
    /// How alerts are put together; each its own where there is nothing.
    pub grouping: Option<IncidentGrouping>,
}

impl Default for Incident {
    fn default() -> Incident {
        Incident {
            create: true,
            grouping: None,
        }
    }
}

/// How alerts are put into one incident.
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentGrouping {
    /// Whether a closed incident opens again.
    pub reopen_closed: bool,
    /// How far back; 5 minutes to 7 days.
    pub lookback: Span,
    /// By what.
    pub matching: Matching,
}

/// What alerts of one incident share.
#[derive(Clone, Debug, PartialEq)]
pub enum Matching {
    /// All entities.
    AllEntities,
    /// Nothing: any alert of the rule.
    AnyAlert,
    /// The selected.
    Selected {
        /// Sentinel's names of entities: `Account`.
        entities: Vec<String>,
        /// `DisplayName`, `Severity`
        details: Vec<String>,
        /// Keys of custom details.
        custom_details: Vec<String>,
    },
}

/// ARM templates.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// The version of the resource.
    pub api_version: String,
    /// The name of the parameter that names the workspace.
    pub workspace_parameter: String,
    /// Its default value.
    pub workspace: Option<String>,
}

impl Default for Arm {
    fn default() -> Arm {
        Arm {
            api_version: "2025-09-01".to_owned(),
            workspace_parameter: "workspace".to_owned(),
            workspace: None,
        }
    }
}

/// Sigma rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Sigma {
    /// The version of ATT&CK that tags are written in.
    pub attack: attack::Version,
}

impl Default for Sigma {
    fn default() -> Sigma {
        Sigma {
            attack: attack::Version::V17,
        }
    }
}

/// How a workspace keeps a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The table, where it has another name.
    pub table: Option<String>,
    /// The connector, where it is another.
    pub connector: Option<String>,
    /// How late its events may come.
    pub delay: Option<Span>,
}

#[cfg(test)]
mod tests;

//! Microsoft Sentinel: an analytics rule, or a hunting query where a rule has no severity, as the YAML that is published
//! and reviewed.
//!
//! Everything that the file says stands in one [`Model`], which the ARM template prints too. What the service would
//! refuse is refused here, with the place in the rule.
//!
//! | file | what it does |
//! |---|---|
//! | `model` | what a rule says, and how it is made of a plan, its query and the settings |
//! | `draft`, `entities` | entities, custom details, titles and messages |
//! | `limits` | what the service refuses |
//! | `notes` | what the ledger says |
//! | `yaml` | the file |

mod draft;
mod entities;
mod limits;
mod model;
mod notes;
pub(super) mod yaml;

pub use model::{
    AnalyticsRule, Connector, Content, Detail, EntityMapping, FieldMapping, HuntingQuery, Model, Schedule, model,
};

use crate::diagnostics::{Code, Diagnostic};
use crate::plan::Plan;
use crate::settings::Settings;
use crate::source::Catalog;
use crate::targets::Target;
use crate::targets::ledger::{Answer, Text};

/// The YAML of a rule. `catalog` has the tables, connectors and delays of the settings.
///
/// # Errors
/// Everything that KQL cannot say and the service does not take.
pub fn emit(plan: &Plan, catalog: &Catalog, settings: &Settings) -> Answer {
    let (model, mut notes) = model(plan, catalog, settings, Target::Sentinel)?;
    if matches!(model, Model::Analytics(_)) {
        notes.extend(notes::only_deployed(plan, settings));
    }
    let text = yaml::text(&model).map_err(|error| {
        vec![
            Diagnostic::new(
                Code::BrokenText,
                plan.rule.span,
                "the text of target `sentinel` does not say what it was made of",
            )
            .label(error)
            .help("correct the template under `sentinel/`"),
        ]
    })?;
    Ok(Text {
        text,
        differences: Vec::new(),
        notes,
    })
}

#[cfg(test)]
pub(in crate::targets) mod tests;

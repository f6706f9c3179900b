//! Azure Resource Manager: what Sentinel YAML says, and how it is deployed, as a template of one rule or of many.
//!
//! Rules are resources of the workspace in the classic form, which Sentinel's own deployment of a repository knows. What
//! they say comes from [`crate::targets::sentinel::model`].
//!
//! | file | what it does |
//! |---|---|
//! | `resource` | a rule or a hunting query as a resource |
//! | `limits` | settings that no rule fits |
//! | `json` | the template: texts that are no expressions, lengths, reading back |

mod json;
mod limits;
mod resource;

use crate::diagnostics::{Code, Diagnostic, FileId, Span as Place};
use crate::plan::Plan;
use crate::settings::Settings;
use crate::source::Catalog;
use crate::targets::Target;
use crate::targets::ledger::{Answer, Note, Text};
use crate::targets::sentinel::{self, Model};
use resource::Resource;

/// A rule for a template of many.
#[derive(Clone, Copy, Debug)]
pub struct Rule<'a> {
    /// What it means.
    pub plan: &'a Plan,
    /// Its sources, with the tables, connectors and delays of its settings.
    pub catalog: &'a Catalog,
    /// What holds for it.
    pub settings: &'a Settings,
}

/// The template of one rule. `catalog` has the tables, connectors and delays of the settings.
///
/// # Errors
/// Everything that KQL cannot say and the service does not take, and settings that do not fit the rule.
pub fn emit(plan: &Plan, catalog: &Catalog, settings: &Settings) -> Answer {
    folder(&[Rule {
        plan,
        catalog,
        settings,
    }])
}

/// One template of many rules, in their order.
///
/// # Errors
/// As [`emit`], of every rule; also where rules do not agree on the workspace that the template is for.
pub fn folder(rules: &[Rule<'_>]) -> Answer {
    let mut findings = limits::parameters(rules);
    let mut resources = Vec::new();
    let mut text = Text {
        text: String::new(),
        differences: Vec::new(),
        notes: Vec::new(),
    };
    for rule in rules {
        match sentinel::model(rule.plan, rule.catalog, rule.settings, Target::Arm) {
            Ok((model, notes)) => {
                findings.extend(limits::rule(rule, &model));
                text.notes.extend(notes);
                resources.push(made(rule, &model, &mut text));
            }
            Err(refusals) => findings.extend(refusals),
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    let parameters = resource::parameters(rules.first().map(|rule| &rule.settings.arm));
    let nowhere = Place {
        file: FileId(0),
        start: 0,
        end: 0,
    };
    text.text = json::text(&parameters, &resources).map_err(|error| {
        vec![
            Diagnostic::new(
                Code::BrokenText,
                rules.first().map_or(nowhere, |rule| rule.plan.rule.span),
                "the text of target `arm` does not say what it was made of",
            )
            .label(error)
            .help("correct `arm/template.json.j2`"),
        ]
    })?;
    Ok(text)
}

/// The resource of a rule; what is to be known of it goes into `text`.
fn made(rule: &Rule<'_>, model: &Model, text: &mut Text) -> Resource {
    let settings = rule.settings;
    let at = |path: &str| settings.places.get(path).copied().unwrap_or(rule.plan.rule.span);
    let parameter = &settings.arm.workspace_parameter;
    match model {
        Model::Analytics(analytics) => {
            let version = limits::api_version(settings, analytics);
            if version != settings.arm.api_version {
                text.notes.push(Note {
                    construct: "rule",
                    text: format!("only previews have rules near real time, so `apiVersion` is {version}"),
                    span: at("sentinel.kind"),
                });
            }
            let below: Vec<&str> = analytics.content.techniques.iter().map(String::as_str).collect();
            let below: Vec<&str> = below.into_iter().filter(|technique| technique.contains('.')).collect();
            if !below.is_empty() && !limits::has_sub_techniques(&version) {
                text.notes.push(Note {
                    construct: "attack",
                    text: format!(
                        "version {version} of the interface has no sub-techniques: {} as {}",
                        below.join(", "),
                        resource::parents(&below).join(", ")
                    ),
                    span: rule.plan.rule.place("attack"),
                });
            }
            if let Some(suppression) = analytics.suppression {
                text.notes.push(Note {
                    construct: "rule",
                    text: format!(
                        "after an alert the service does not run the rule for {suppression}, as the setting \
                         `sentinel.suppression` asks for: what it would find in that time is not reported"
                    ),
                    span: at("sentinel.suppression"),
                });
            }
            resource::alert_rule(analytics, &version, parameter)
        }
        Model::Hunting(hunting) => {
            if !hunting.content.entities.is_empty() {
                let entities = rule.plan.alert.entities.first();
                text.notes.push(Note {
                    construct: "alert",
                    text: "a saved search has no entities; the YAML of the hunting query carries them".to_owned(),
                    span: entities.map_or(rule.plan.alert.span, |entity| entity.span),
                });
            }
            resource::saved_search(hunting, parameter)
        }
    }
}

#[cfg(test)]
mod tests;

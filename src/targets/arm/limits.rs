//! Settings that do not fit a rule, or the rules of one template.

use super::Rule;
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::settings::{Matching, Settings};
use crate::targets::sentinel::{AnalyticsRule, Model};

/// The version of the interface that has rules near real time and sub-techniques.
const PREVIEW: &str = "2025-07-01-preview";
/// The first that has sub-techniques; previews only.
const SUB_TECHNIQUES_SINCE: &str = "2023-12-01";

fn is_preview(version: &str) -> bool {
    version.ends_with("-preview")
}

/// Whether a version of the interface has `subTechniques`.
pub(super) fn has_sub_techniques(version: &str) -> bool {
    is_preview(version) && version >= SUB_TECHNIQUES_SINCE
}

/// The version of the interface for a rule: that of the settings, and where nobody chose one, a preview for what only
/// previews have.
pub(super) fn api_version(settings: &Settings, rule: &AnalyticsRule) -> String {
    let version = &settings.arm.api_version;
    let chosen = settings.places.contains_key("arm.api_version");
    if rule.schedule.is_none() && !is_preview(version) && !chosen {
        return PREVIEW.to_owned();
    }
    version.clone()
}

/// Settings of one rule.
pub(super) fn rule(rule: &Rule<'_>, model: &Model) -> Vec<Diagnostic> {
    let Model::Analytics(analytics) = model else {
        return Vec::new();
    };
    let settings = rule.settings;
    let place = |path: &str| settings.places.get(path).copied().unwrap_or(rule.plan.rule.span);
    let mut findings = Vec::new();
    let version = api_version(settings, analytics);
    if analytics.schedule.is_none() && !is_preview(&version) {
        findings.push(
            Diagnostic::new(
                Code::NrtUnfit,
                place("arm.api_version"),
                format!("version {version} of the interface has no rules near real time"),
            )
            .label("only previews have them")
            .help(format!("write `api_version = \"{PREVIEW}\"`")),
        );
    }
    let Some(Matching::Selected {
        entities,
        custom_details,
        ..
    }) = analytics.incident.grouping.as_ref().map(|grouping| &grouping.matching)
    else {
        return findings;
    };
    let known_entities: Vec<&str> = analytics
        .content
        .entities
        .iter()
        .map(|entity| entity.entity_type)
        .collect();
    let known_details: Vec<&str> = analytics.details.iter().map(|detail| detail.key.as_str()).collect();
    for (path, what, wanted, known) in [
        ("sentinel.incident.entities", "entity", entities, known_entities),
        (
            "sentinel.incident.custom_details",
            "custom detail",
            custom_details,
            known_details,
        ),
    ] {
        for name in wanted.iter().filter(|name| !known.contains(&name.as_str())) {
            let finding = Diagnostic::new(
                Code::UnfitSetting,
                place(path),
                format!(
                    "alerts of `{}` have no {what} `{name}` to be put together by",
                    rule.plan.rule.name
                ),
            );
            findings.push(match nearest(name, known.iter().copied()) {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None if known.is_empty() => {
                    finding.help(format!("they have no {what} at all: leave it out for this rule"))
                }
                None => finding.help(format!("there are {}", known.join(", "))),
            });
        }
    }
    findings
}

/// The template is for one workspace: its parameter has one name and one default.
pub(super) fn parameters(rules: &[Rule<'_>]) -> Vec<Diagnostic> {
    let Some(first) = rules.first() else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for other in rules.iter().skip(1) {
        let (a, b) = (&first.settings.arm, &other.settings.arm);
        let (path, what) = if a.workspace_parameter != b.workspace_parameter {
            ("arm.workspace_parameter", "another parameter for the workspace")
        } else if a.workspace != b.workspace {
            ("arm.workspace", "another workspace")
        } else {
            continue;
        };
        let place = |rule: &Rule<'_>| rule.settings.places.get(path).copied().unwrap_or(rule.plan.rule.span);
        let (here, there) = (place(other), place(first));
        let mut finding = Diagnostic::new(
            Code::BadSetting,
            here,
            format!(
                "`{}` has {what} than `{}`, and both go into one template",
                other.plan.rule.name, first.plan.rule.name
            ),
        );
        if here != there {
            finding = finding.also(there, "the first one");
        }
        findings.push(finding.help(
            "write one `[arm]` section for both, or build them apart: `output.folder` puts rules into a folder of their own",
        ));
    }
    findings
}

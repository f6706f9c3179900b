//! Stand-ins for what is written elsewhere: metadata that a target needs, ATT&CK in a target's version.

use crate::diagnostics::{Code, Diagnostic};
use crate::plan::Plan;
use crate::targets::attack::Version;
use crate::targets::ledger::Note;

/// What is missing of what a target needs.
pub(super) fn needs(plan: &Plan) -> Vec<Diagnostic> {
    let rule = &plan.rule;
    let mut findings = Vec::new();
    if rule.id.is_none() {
        let id = uuid::Uuid::new_v5(
            &uuid::Uuid::NAMESPACE_URL,
            format!("tripline:rule:{}", rule.name).as_bytes(),
        );
        findings.push(
            Diagnostic::new(Code::MetadataNeeded, rule.span, "target `sentinel` needs an `id`")
                .help(format!("write `id \"{id}\"`")),
        );
    }
    if rule.version.is_none() {
        findings.push(
            Diagnostic::new(Code::MetadataNeeded, rule.span, "target `sentinel` needs a `version`")
                .help("write `version 1.0.0`"),
        );
    }
    findings
}

/// Tactics and techniques of a rule.
pub(super) struct Attack {
    pub(super) tactics: Vec<String>,
    pub(super) techniques: Vec<String>,
    /// What is called otherwise in this version.
    pub(super) notes: Vec<Note>,
}

/// In a version of ATT&CK.
pub(super) fn attack(plan: &Plan, _version: Version) -> Attack {
    let mut tactics: Vec<String> = Vec::new();
    for tactic in plan.rule.attack.iter().flat_map(|technique| &technique.tactics) {
        if !tactics.contains(tactic) {
            tactics.push(tactic.clone());
        }
    }
    Attack {
        tactics,
        techniques: plan.rule.attack.iter().map(|technique| technique.id.clone()).collect(),
        notes: Vec::new(),
    }
}

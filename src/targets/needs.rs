//! What targets need of a rule's metadata.

use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::plan::RuleInfo;
use crate::resolve::suggested_id;

/// A line of metadata without which a target has no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// `id`
    Id,
    /// `version`
    Version,
}

/// What Sentinel rules need, as YAML and as ARM templates.
pub const SENTINEL: &[Need] = &[Need::Id, Need::Version];
/// What Sigma rules need.
pub const SIGMA: &[Need] = &[Need::Id];

impl Need {
    fn met(self, rule: &RuleInfo) -> bool {
        match self {
            Need::Id => rule.id.is_some(),
            Need::Version => rule.version.is_some(),
        }
    }

    fn what(self) -> &'static str {
        match self {
            Need::Id => "an `id`",
            Need::Version => "a `version`",
        }
    }

    /// The line to write.
    fn line(self, rule: &RuleInfo) -> String {
        match self {
            Need::Id => format!("id \"{}\"", suggested_id(&rule.name)),
            Need::Version => "version 1.0.0".to_owned(),
        }
    }
}

/// An error (`T111`) at the rule's name where the rule lacks what a target needs, with the lines to paste.
pub fn missing(rule: &RuleInfo, target: &str, needs: &[Need]) -> Vec<Diagnostic> {
    let lacks: Vec<Need> = needs.iter().copied().filter(|need| !need.met(rule)).collect();
    if lacks.is_empty() {
        return Vec::new();
    }
    let what: Vec<&str> = lacks.iter().map(|need| need.what()).collect();
    let message = format!("target `{target}` needs {}", what.join(" and "));
    let mut finding = Diagnostic::new(Code::MetadataNeeded, rule.span, message);
    for need in lacks {
        finding = finding.help(format!("write `{}`", need.line(rule)));
    }
    vec![finding]
}

/// Warnings (`T111`) about what promised targets need and the rule lacks, each line once: nothing is wrong with the rule so
/// far, and the build of the target will refuse it.
pub fn of_promises(rule: &RuleInfo) -> Vec<Diagnostic> {
    let mut told: Vec<Need> = Vec::new();
    let mut findings = Vec::new();
    for promise in rule.targets.iter().flatten() {
        let needs = match promise.target.as_str() {
            "sentinel" => SENTINEL,
            "sigma" => SIGMA,
            _ => continue,
        };
        let new: Vec<Need> = needs.iter().copied().filter(|need| !told.contains(need)).collect();
        findings.extend(missing(rule, &promise.target, &new));
        told.extend(new);
    }
    for finding in &mut findings {
        finding.severity = Severity::Warning;
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{self, Files};
    use crate::source::Catalog;

    /// A rule with that metadata.
    fn rule(meta: &str) -> RuleInfo {
        let text = format!("rule stopped \"R\" {{ {meta} events e = aws.cloudtrail where readOnly alert e {{ }} }}");
        let catalog = Catalog::builtin().unwrap();
        let mut files = Files::default();
        files.add("rule.trip".as_ref(), text.as_bytes());
        let world = files.world(&catalog).unwrap();
        let mut findings = std::mem::take(&mut files.findings);
        let compiled = compile::compile(&files.trees, &world, &mut findings);
        assert!(findings.is_empty(), "{findings:#?}");
        let rule = compiled[0].plan.rule.clone();
        assert_eq!(files.sources.snippet(rule.span), "stopped");
        rule
    }

    fn found(meta: &str, target: &str, needs: &[Need]) -> Vec<Diagnostic> {
        let rule = rule(meta);
        let found = missing(&rule, target, needs);
        for finding in &found {
            assert_eq!(
                (finding.code, finding.severity),
                (Code::MetadataNeeded, Severity::Error)
            );
            assert_eq!(finding.primary.span, rule.span);
        }
        found
    }

    const ID: &str = "id \"77c72306-d717-5ea8-8a51-6652639f226d\"";

    #[test]
    fn what_is_missing_can_be_pasted() {
        let [finding] = found("", "arm", SENTINEL).try_into().unwrap();
        assert_eq!(finding.message, "target `arm` needs an `id` and a `version`");
        assert_eq!(finding.help.len(), 2);
        let lines: Vec<&str> = finding.help.iter().filter_map(|help| help.split('`').nth(1)).collect();
        assert!(found(&lines.join(" "), "arm", SENTINEL).is_empty());
        // The same line every time.
        assert_eq!(finding.help, found("", "arm", SENTINEL)[0].help);
    }

    #[test]
    fn targets_differ_in_what_they_need() {
        let messages = |meta: &str, target: &str, needs: &[Need]| -> Vec<String> {
            let findings = found(meta, target, needs);
            findings.into_iter().map(|finding| finding.message).collect()
        };
        assert_eq!(messages("", "sigma", SIGMA), ["target `sigma` needs an `id`"]);
        assert!(messages(ID, "sigma", SIGMA).is_empty());
        let version = ["target `sentinel` needs a `version`"];
        assert_eq!(messages(ID, "sentinel", SENTINEL), version);
        let id = ["target `sentinel` needs an `id`"];
        assert_eq!(messages("version 1.0.0", "sentinel", SENTINEL), id);
        assert!(messages(&format!("{ID} version 1.0.0"), "sentinel", SENTINEL).is_empty());
    }

    #[test]
    fn promises_are_warned_about_once() {
        let messages = |meta: &str| -> Vec<String> {
            let findings = of_promises(&rule(meta));
            assert!(findings.iter().all(|finding| finding.severity == Severity::Warning));
            findings.into_iter().map(|finding| finding.message).collect()
        };
        let both = ["target `sentinel` needs an `id` and a `version`"];
        assert_eq!(messages("targets native, sentinel"), both);
        assert_eq!(messages("targets sentinel, sigma"), both);
        let one_each = ["target `sigma` needs an `id`", "target `sentinel` needs a `version`"];
        assert_eq!(messages("targets sigma, sentinel"), one_each);
        assert!(messages("targets native, rust").is_empty());
        assert!(messages("").is_empty());
        assert!(messages(&format!("{ID} version 1.0.0 targets sentinel, sigma")).is_empty());
    }
}

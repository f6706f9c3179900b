//! ATT&CK in the version that a target asks for: what becomes of a rule's techniques, and what has to be said otherwise.

pub use crate::attack::{Version, parent};

use super::ledger::Note;
use crate::attack::tactic_name;
use crate::diagnostics::Span;
use crate::plan;

/// The techniques of a rule in a version.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// In the order of the rule, each once.
    pub techniques: Vec<Technique>,
    /// What the version cannot say as the rule does, in the order of the rule.
    pub changes: Vec<Change>,
}

/// A technique of a version, with at least one tactic that it serves there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Technique {
    /// `T1078.004`
    pub id: String,
    /// In their short form, `initial-access`; those that the rule chose, as far as the version has them.
    pub tactics: Vec<&'static str>,
}

/// A technique that a version says otherwise than the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// As the rule has it, with its tactics where these change: `T1112 (Persistence)`.
    pub written: String,
    /// What is written instead; nothing where the technique is left out.
    pub instead: Option<String>,
    /// Why.
    pub reason: String,
    /// Where in the rule.
    pub span: Span,
}

impl Change {
    /// For the ledger.
    pub fn note(&self) -> Note {
        let Change { written, reason, .. } = self;
        Note {
            construct: "attack",
            text: match &self.instead {
                Some(instead) => format!("`{written}` is written as `{instead}`: {reason}"),
                None => format!("`{written}` is left out: {reason}"),
            },
            span: self.span,
        }
    }
}

impl Mapping {
    /// The tactics of the techniques in the order of the rule, each once, in their short form.
    pub fn tactics(&self) -> Vec<&'static str> {
        let mut tactics = Vec::new();
        for technique in &self.techniques {
            add(&mut tactics, technique.tactics.iter().copied());
        }
        tactics
    }

    /// The tactics in Sentinel's words, each once. Every technique serves at least one of them.
    pub fn sentinel_tactics(&self) -> Vec<String> {
        let mut names = Vec::new();
        add(&mut names, self.tactics().into_iter().map(sentinel_tactic));
        names
    }

    /// The tags of a Sigma rule: its tactics, then its techniques.
    pub fn sigma_tags(&self) -> Vec<String> {
        let tactics = self.tactics().into_iter().map(str::to_owned);
        let techniques = self
            .techniques
            .iter()
            .map(|technique| technique.id.to_ascii_lowercase());
        tactics.chain(techniques).map(|name| format!("attack.{name}")).collect()
    }
}

/// `privilege-escalation` as Sentinel's enum has it: `PrivilegeEscalation`. The two parts into which v19 divides
/// `DefenseEvasion` go by that name still.
pub fn sentinel_tactic(short: &str) -> String {
    match short {
        "stealth" | "defense-impairment" => tactic_name("defense-evasion"),
        other => tactic_name(other),
    }
}

/// A rule's techniques in a version. A technique that was replaced becomes the one in its place, a sub-technique that is
/// not there its parent; one without either is left out. A tactic that the technique does not serve there goes, and where
/// none is left, all that it serves stand in their place.
pub fn map(written: &[plan::Technique], version: Version) -> Mapping {
    let mut mapping = Mapping::default();
    for technique in written {
        let (found, change) = one(technique, version);
        mapping.changes.extend(change);
        let Some(found) = found else { continue };
        match mapping.techniques.iter_mut().find(|known| known.id == found.id) {
            Some(known) => add(&mut known.tactics, found.tactics),
            None => mapping.techniques.push(found),
        }
    }
    mapping
}

fn one(written: &plan::Technique, version: Version) -> (Option<Technique>, Option<Change>) {
    let word = version.word();
    let mut reasons = Vec::new();
    let (id, served) = match find(&written.id, version) {
        Some(found) => found,
        None => {
            let change = Change {
                written: written.id.clone(),
                instead: None,
                reason: format!("ATT&CK {word} has no such technique"),
                span: written.span,
            };
            return (None, Some(change));
        }
    };
    if version.successor(&written.id) == Some(id) {
        reasons.push(format!("ATT&CK {word} has `{id}` in its place"));
    } else if id != written.id {
        reasons.push(format!("ATT&CK {word} has no such sub-technique"));
    }
    let mut tactics = Vec::new();
    for name in &written.tactics {
        let stand = served.iter().copied().filter(|tactic| stands_for(tactic, name));
        if !served.iter().any(|tactic| tactic_name(tactic) == *name) {
            reasons.push(match version.tactics().any(|tactic| tactic_name(tactic) == *name) {
                true => format!("`{id}` does not serve `{name}` in ATT&CK {word}"),
                false => format!("ATT&CK {word} has no tactic `{name}`"),
            });
        }
        add(&mut tactics, stand);
    }
    if tactics.is_empty() {
        tactics.extend_from_slice(served);
    }
    let names: Vec<String> = tactics.iter().map(|tactic| tactic_name(tactic)).collect();
    let shown = |id: &str, tactics: &[String]| match names == written.tactics {
        true => id.to_owned(),
        false => format!("{id} ({})", tactics.join(", ")),
    };
    let change = (!reasons.is_empty()).then(|| Change {
        written: shown(&written.id, &written.tactics),
        instead: Some(shown(id, &names)),
        reason: reasons.join("; "),
        span: written.span,
    });
    let id = id.to_owned();
    (Some(Technique { id, tactics }), change)
}

/// What a version has for a technique, and the tactics it serves there.
fn find(written: &str, version: Version) -> Option<(&str, &'static [&'static str])> {
    let successor = version.successor(written);
    [Some(written), successor, Some(parent(written))]
        .into_iter()
        .flatten()
        .find_map(|id| Some((id, version.tactics_of(id)?)))
}

/// Whether a tactic of a version is what a rule calls `name`: the same, or a part of `DefenseEvasion`, which v19 divides.
fn stands_for(tactic: &str, name: &str) -> bool {
    tactic_name(tactic) == name || sentinel_tactic(tactic) == name
}

/// Adds what is not there yet.
fn add<T: PartialEq>(list: &mut Vec<T>, more: impl IntoIterator<Item = T>) {
    for item in more {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::FileId;

    /// The tactics that the API of Sentinel takes.
    const SENTINEL: [&str; 17] = [
        "Reconnaissance",
        "ResourceDevelopment",
        "InitialAccess",
        "Execution",
        "Persistence",
        "PrivilegeEscalation",
        "DefenseEvasion",
        "CredentialAccess",
        "Discovery",
        "LateralMovement",
        "Collection",
        "Exfiltration",
        "CommandAndControl",
        "Impact",
        "PreAttack",
        "ImpairProcessControl",
        "InhibitResponseFunction",
    ];

    fn place(start: u32) -> Span {
        Span {
            file: FileId(0),
            start,
            end: start + 1,
        }
    }

    /// `T1078.004 (InitialAccess)`
    fn written(text: &str) -> plan::Technique {
        let (id, tactics) = text.split_once(" (").unwrap();
        plan::Technique {
            id: id.to_owned(),
            tactics: tactics.trim_end_matches(')').split(", ").map(str::to_owned).collect(),
            span: place(7),
        }
    }

    /// What becomes of techniques, and the notes.
    fn mapped(techniques: &[&str], version: Version) -> (Mapping, Vec<String>) {
        let techniques: Vec<plan::Technique> = techniques.iter().map(|text| written(text)).collect();
        let mapping = map(&techniques, version);
        let notes = mapping.changes.iter().map(|change| change.note().text).collect();
        (mapping, notes)
    }

    fn tags(techniques: &[&str], version: Version) -> (String, Vec<String>) {
        let (mapping, notes) = mapped(techniques, version);
        (mapping.sigma_tags().join(" ").replace("attack.", ""), notes)
    }

    /// Every choice of tactics that a rule can make of a technique.
    fn choices(technique: &str) -> Vec<plan::Technique> {
        let served = Version::OF_RULES.tactics_of(technique).unwrap();
        let choices = 1..1_u32 << served.len();
        let chosen = |choice: u32| {
            let kept = served.iter().enumerate().filter(move |(at, _)| choice >> at & 1 == 1);
            kept.map(|(_, tactic)| tactic_name(tactic)).collect()
        };
        choices
            .map(|choice| plan::Technique {
                id: technique.to_owned(),
                tactics: chosen(choice),
                span: place(0),
            })
            .collect()
    }

    /// What the checks of Azure-Sentinel ask: the technique without its sub-technique serves a tactic of the list, and no
    /// tactic is without a technique.
    fn fits(mapping: &Mapping, version: Version) {
        let listed = mapping.sentinel_tactics();
        let served = |technique: &Technique| -> Vec<String> {
            let served = version.tactics_of(parent(&technique.id)).unwrap();
            served.iter().map(|tactic| sentinel_tactic(tactic)).collect()
        };
        for technique in &mapping.techniques {
            assert!(
                served(technique).iter().any(|tactic| listed.contains(tactic)),
                "{mapping:?}"
            );
        }
        for (at, tactic) in listed.iter().enumerate() {
            assert!(
                mapping.techniques.iter().any(|t| served(t).contains(tactic)),
                "{mapping:?}"
            );
            assert!(SENTINEL.contains(&tactic.as_str()), "{tactic}");
            assert!(!listed[..at].contains(tactic), "{tactic} twice");
        }
    }

    #[test]
    fn every_technique_fits_in_every_version() {
        for version in Version::ALL {
            let (mut left_out, mut changed) = (0, 0);
            let mut all = Vec::new();
            for technique in Version::OF_RULES.techniques() {
                for choice in choices(technique) {
                    let mapping = map(std::slice::from_ref(&choice), version);
                    fits(&mapping, version);
                    match (mapping.techniques.as_slice(), mapping.changes.as_slice()) {
                        ([], [change]) => {
                            assert_eq!((&change.written, &change.instead), (&choice.id, &None));
                            left_out += 1;
                        }
                        ([one], changes) => {
                            let names: Vec<String> = one.tactics.iter().map(|t| tactic_name(t)).collect();
                            let served: Vec<String> = version
                                .tactics_of(&one.id)
                                .unwrap()
                                .iter()
                                .map(|t| tactic_name(t))
                                .collect();
                            let kept = choice.tactics.iter().filter(|name| served.contains(name));
                            assert!(kept.into_iter().all(|name| names.contains(name)), "{choice:?}: {one:?}");
                            assert!(names.iter().all(|name| served.contains(name)), "{choice:?}: {one:?}");
                            let same = one.id == choice.id && names == choice.tactics;
                            assert_eq!(changes.len(), usize::from(!same), "{choice:?}");
                            changed += changes.len();
                        }
                        _ => panic!("{choice:?}: {mapping:?}"),
                    }
                    all.push(choice);
                }
            }
            fits(&map(&all, version), version);
            match version {
                Version::V13 => assert!(left_out > 0 && changed > 0),
                Version::V17 => assert_eq!((left_out, changed), (0, 0)),
                Version::V19 => assert!(left_out == 0 && changed > 0),
            }
        }
    }

    #[test]
    fn tactics_have_names_in_sentinel() {
        for version in [Version::V13, Version::V17] {
            let mut names = Vec::new();
            add(&mut names, version.tactics().map(sentinel_tactic));
            assert_eq!(names.len(), 14);
            assert!(names.iter().all(|name| SENTINEL.contains(&name.as_str())), "{names:?}");
        }
        assert_eq!(sentinel_tactic("command-and-control"), "CommandAndControl");
    }

    #[test]
    fn the_version_of_rules_changes_nothing() {
        let rule = [
            "T1078.004 (PrivilegeEscalation, InitialAccess)",
            "T1110 (CredentialAccess)",
            "T1078 (InitialAccess)",
        ];
        let (mapping, notes) = mapped(&rule, Version::V17);
        assert!(notes.is_empty());
        let tactics = ["PrivilegeEscalation", "InitialAccess", "CredentialAccess"];
        assert_eq!(mapping.sentinel_tactics(), tactics);
        let tags = [
            "attack.privilege-escalation",
            "attack.initial-access",
            "attack.credential-access",
            "attack.t1078.004",
            "attack.t1110",
            "attack.t1078",
        ];
        assert_eq!(mapping.sigma_tags(), tags);
    }

    #[test]
    fn a_sub_technique_that_is_not_there_becomes_its_parent() {
        let (tags, notes) = tags(
            &[
                "T1562 (DefenseEvasion)",
                "T1562.012 (DefenseEvasion)",
                "T1098.006 (PrivilegeEscalation)",
            ],
            Version::V13,
        );
        assert_eq!(tags, "defense-evasion persistence t1562 t1098");
        let expected = [
            "`T1562.012` is written as `T1562`: ATT&CK v13 has no such sub-technique",
            "`T1098.006 (PrivilegeEscalation)` is written as `T1098 (Persistence)`: ATT&CK v13 has no such sub-technique; \
             `T1098` does not serve `PrivilegeEscalation` in ATT&CK v13",
        ];
        assert_eq!(notes, expected);
    }

    #[test]
    fn techniques_that_become_one_keep_the_tactics_of_both() {
        let rule = ["T1548.005 (PrivilegeEscalation)", "T1548.006 (DefenseEvasion)"];
        let (tags, notes) = tags(&rule, Version::V13);
        assert_eq!(tags, "privilege-escalation defense-evasion t1548");
        assert_eq!(notes.len(), 2);
    }

    #[test]
    fn a_technique_that_is_not_there_is_left_out() {
        let (mapping, notes) = mapped(&["T1656 (DefenseEvasion)", "T1110 (CredentialAccess)"], Version::V13);
        assert_eq!(mapping.sentinel_tactics(), ["CredentialAccess"]);
        assert_eq!(notes, ["`T1656` is left out: ATT&CK v13 has no such technique"]);
        assert_eq!(mapping.changes[0].span, place(7));
    }

    #[test]
    fn a_tactic_that_is_not_served_goes() {
        let (tags, notes) = tags(&["T1098 (Persistence, PrivilegeEscalation)"], Version::V13);
        assert_eq!(tags, "persistence t1098");
        let expected = "`T1098 (Persistence, PrivilegeEscalation)` is written as `T1098 (Persistence)`: \
                        `T1098` does not serve `PrivilegeEscalation` in ATT&CK v13";
        assert_eq!(notes, [expected]);
    }

    #[test]
    fn defense_evasion_has_two_parts() {
        let rule = [
            "T1562.008 (DefenseEvasion)",
            "T1070.004 (DefenseEvasion)",
            "T1112 (DefenseEvasion)",
            "T1574 (Persistence)",
            "T1562.006 (DefenseEvasion)",
        ];
        let (mapping, notes) = mapped(&rule, Version::V19);
        let tags = "attack.defense-impairment attack.stealth attack.execution attack.t1685.002 attack.t1070.004 \
                    attack.t1112 attack.t1574 attack.t1685";
        assert_eq!(mapping.sigma_tags().join(" "), tags);
        assert_eq!(mapping.sentinel_tactics(), ["DefenseEvasion", "Execution"]);
        let expected = [
            "`T1562.008 (DefenseEvasion)` is written as `T1685.002 (DefenseImpairment)`: ATT&CK v19 has `T1685.002` in its \
             place; ATT&CK v19 has no tactic `DefenseEvasion`",
            "`T1070.004 (DefenseEvasion)` is written as `T1070.004 (Stealth)`: ATT&CK v19 has no tactic `DefenseEvasion`",
        ];
        assert_eq!(notes[..2], expected);
        assert_eq!(notes.len(), 5);
    }
}

//! What holds for one rule, out of the files of the folders that it stands in.

use super::known::{By, OfSource, Setting};
use super::read::{File, Written};
use super::{IncidentGrouping, Matching, Settings};
use crate::diagnostics::{Code, Diagnostic, Span as Place};
use crate::value::Span;
use std::collections::BTreeMap;

/// How far back alerts are put together where nothing says it.
const LOOKBACK: Span = Span::hours(5);

const CREATE: &str = "sentinel.incident.create";
const MATCHING: &str = "sentinel.incident.matching";
/// What grouping alone makes use of.
const OF_GROUPING: [&str; 5] = [
    "sentinel.incident.lookback",
    "sentinel.incident.reopen_closed",
    "sentinel.incident.entities",
    "sentinel.incident.details",
    "sentinel.incident.custom_details",
];
/// What grouping by what is selected alone makes use of.
const OF_SELECTED: [&str; 3] = [
    "sentinel.incident.entities",
    "sentinel.incident.details",
    "sentinel.incident.custom_details",
];

/// The setting that holds, and how near it stands: the nearer, the more.
struct Held<'f> {
    written: &'f Written<Setting>,
    layer: usize,
}

type HeldSettings<'f> = BTreeMap<&'f str, Held<'f>>;

impl Settings {
    /// What holds for a rule, out of the files of its folder and those above it, the nearest first.
    ///
    /// A `[rule.NAME]` section goes before every plain section; among equals the nearer file goes first. Settings that have
    /// no effect because of another one, or for want of it, are pushed to `findings`; rules that share them give a finding each.
    pub fn of(files: &[&File], rule: &str, findings: &mut Vec<Diagnostic>) -> Settings {
        let mut settings = Settings::default();
        let plain = files.iter().rev().map(|file| &file.plain);
        let of_rule = files.iter().rev().filter_map(|file| file.rules.get(rule));
        let layers = plain.chain(of_rule.map(|section| &section.settings));
        let mut held: HeldSettings<'_> = BTreeMap::new();
        for (layer, section) in layers.enumerate() {
            for written in section {
                held.insert(&written.path, Held { written, layer });
            }
        }
        for (path, Held { written, .. }) in &held {
            settings.places.insert((*path).to_owned(), written.place);
            settings.set(&written.setting);
        }
        settings.sentinel.incident.grouping = grouping(&held);
        if !files.iter().any(|file| file.doubtful) {
            findings.extend(without_effect(&held, rule));
            findings.extend(nothing_selected(&held, settings.sentinel.incident.grouping.as_ref()));
        }
        for file in files.iter().rev() {
            for (name, section) in &file.sources {
                for written in section {
                    settings.places.insert(written.path.clone(), written.place);
                    let source = settings.sources.entry(name.clone()).or_default();
                    match &written.setting {
                        OfSource::Table(table) => source.table = Some(table.clone()),
                        OfSource::Connector(connector) => source.connector = Some(connector.clone()),
                        OfSource::Delay(delay) => source.delay = Some(*delay),
                    }
                }
            }
        }
        settings
    }

    fn set(&mut self, setting: &Setting) {
        let sentinel = &mut self.sentinel;
        match setting {
            Setting::Folder(folder) => self.folder = Some(folder.clone()),
            Setting::Kind(kind) => sentinel.kind = *kind,
            Setting::Enabled(enabled) => sentinel.enabled = *enabled,
            Setting::Delay(delay) => sentinel.delay = Some(*delay),
            Setting::EventGrouping(grouping) => sentinel.grouping = *grouping,
            Setting::SentinelAttack(version) => sentinel.attack = *version,
            Setting::Suppression(suppression) => sentinel.suppression = *suppression,
            Setting::CreateIncident(create) => sentinel.incident.create = *create,
            Setting::ApiVersion(version) => self.arm.api_version.clone_from(version),
            Setting::WorkspaceParameter(name) => self.arm.workspace_parameter.clone_from(name),
            Setting::Workspace(name) => self.arm.workspace = Some(name.clone()),
            Setting::SigmaAttack(version) => self.sigma.attack = *version,
            // These make a grouping together.
            Setting::Matching(_)
            | Setting::Lookback(_)
            | Setting::ReopenClosed(_)
            | Setting::Entities(_)
            | Setting::Details(_)
            | Setting::CustomDetails(_) => {}
        }
    }
}

fn matching(held: &HeldSettings<'_>) -> Option<By> {
    match held.get(MATCHING).map(|held| &held.written.setting) {
        Some(Setting::Matching(by)) => *by,
        _ => None,
    }
}

/// The setting that says that no incidents are made.
fn no_incidents<'h, 'f>(held: &'h HeldSettings<'f>) -> Option<&'h Held<'f>> {
    held.get(CREATE)
        .filter(|held| held.written.setting == Setting::CreateIncident(false))
}

fn grouping(held: &HeldSettings<'_>) -> Option<IncidentGrouping> {
    let by = matching(held)?;
    if no_incidents(held).is_some() {
        return None;
    }
    let (mut lookback, mut reopen_closed) = (LOOKBACK, false);
    let (mut entities, mut details, mut custom_details) = (Vec::new(), Vec::new(), Vec::new());
    for path in OF_GROUPING {
        match held.get(path).map(|held| &held.written.setting) {
            Some(Setting::Lookback(span)) => lookback = *span,
            Some(Setting::ReopenClosed(reopen)) => reopen_closed = *reopen,
            Some(Setting::Entities(list)) => entities.clone_from(list),
            Some(Setting::Details(list)) => details.clone_from(list),
            Some(Setting::CustomDetails(list)) => custom_details.clone_from(list),
            _ => {}
        }
    }
    Some(IncidentGrouping {
        reopen_closed,
        lookback,
        matching: match by {
            By::AllEntities => Matching::AllEntities,
            By::AnyAlert => Matching::AnyAlert,
            By::Selected => Matching::Selected {
                entities,
                details,
                custom_details,
            },
        },
    })
}

/// Settings that another one makes useless. A nearer switch turns farther settings off; one that is no nearer than they
/// are is a mistake.
fn without_effect(held: &HeldSettings<'_>, rule: &str) -> Option<Diagnostic> {
    let present = |paths: &[&'static str], layer: usize| -> Vec<(&'static str, Place)> {
        let found = paths.iter().filter_map(|path| Some((*path, held.get(path)?)));
        let here = found.filter(|(_, held)| held.layer >= layer);
        here.map(|(path, held)| (path, held.written.place)).collect()
    };
    let (useless, why, switch, help) = if let Some(switch) = no_incidents(held) {
        let mut useless = present(&OF_GROUPING, switch.layer);
        if matching(held).is_some() {
            useless.extend(present(&[MATCHING], switch.layer));
        }
        let help = "take it out, or write `create = true`";
        (useless, "no incidents are made", Some(switch), help)
    } else {
        let switch = held.get(MATCHING);
        match matching(held) {
            Some(By::Selected) => return None,
            Some(By::AllEntities | By::AnyAlert) => {
                let useless = present(&OF_SELECTED, switch?.layer);
                let help = "take it out, or write `matching = \"Selected\"`";
                (useless, "nothing is selected", switch, help)
            }
            None => {
                let useless = present(&OF_GROUPING, switch.map_or(0, |switch| switch.layer));
                let help = "write `matching = \"AllEntities\"` beside it, or take it out";
                (useless, "alerts are not put together", switch, help)
            }
        }
    };
    let mut useless = useless;
    useless.sort_by_key(|(_, place)| *place);
    let mut useless = useless.into_iter();
    let (path, place) = useless.next()?;
    let name = path.rsplit('.').next().unwrap_or(path);
    let mut finding = Diagnostic::new(
        Code::UnfitSetting,
        place,
        format!("`{name}` has no effect on rule `{rule}`"),
    )
    .label(why);
    for (_, place) in useless {
        finding = finding.also(place, "nor has this one");
    }
    if let Some(switch) = switch {
        finding = finding.also(switch.written.place, "because of this");
    }
    Some(finding.help(help))
}

fn nothing_selected(held: &HeldSettings<'_>, grouping: Option<&IncidentGrouping>) -> Option<Diagnostic> {
    let Matching::Selected {
        entities,
        details,
        custom_details,
    } = &grouping?.matching
    else {
        return None;
    };
    if !(entities.is_empty() && details.is_empty() && custom_details.is_empty()) {
        return None;
    }
    let place = held.get(MATCHING)?.written.place;
    Some(
        Diagnostic::new(Code::BadSetting, place, "`Selected` compares what is selected")
            .label("and nothing is")
            .help("write `entities = [\"Account\"]`, `details = [\"Severity\"]` or `custom_details = [..]` beside it"),
    )
}

//! Every setting there is: what it takes, and how its value is read.

use super::value::{
    Length, Wrong, api_version, connector, custom_detail, duration, folder, one_of, parameter, table, text, texts,
    truth, version, word, workspace,
};
use super::{EventGrouping, Kind};
use crate::attack::Version;
use crate::value::Span;
use std::path::PathBuf;
use toml::de::DeValue;

/// A setting that a section gives, except those of sources.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Setting {
    Folder(PathBuf),
    Kind(Kind),
    Enabled(bool),
    Delay(Span),
    EventGrouping(EventGrouping),
    SentinelAttack(Version),
    /// Off where there is none.
    Suppression(Option<Span>),
    CreateIncident(bool),
    /// Off where there is none.
    Matching(Option<By>),
    Lookback(Span),
    ReopenClosed(bool),
    Entities(Vec<String>),
    Details(Vec<String>),
    CustomDetails(Vec<String>),
    ApiVersion(String),
    WorkspaceParameter(String),
    Workspace(String),
    SigmaAttack(Version),
}

/// What alerts of one incident share, without the lists of what is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    AllEntities,
    AnyAlert,
    Selected,
}

/// A setting of a source.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum OfSource {
    Table(String),
    Connector(String),
    Delay(Span),
}

/// A setting, and how it is read.
pub(super) struct Known<S: 'static> {
    /// Its section: `sentinel.incident`; for those of a source nothing.
    pub(super) section: &'static str,
    pub(super) name: &'static str,
    /// What it takes, for messages.
    pub(super) takes: &'static str,
    /// A value to paste.
    pub(super) write: &'static str,
    pub(super) read: fn(&DeValue<'_>) -> Result<S, Wrong>,
}

impl<S> Known<S> {
    /// `sentinel.incident.lookback`
    pub(super) fn is(&self, path: &str) -> bool {
        path.strip_prefix(self.section)
            .and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|name| name == self.name)
    }
}

const BOOL: &str = "`true` or `false`";

/// The settings, by section.
pub(super) const KNOWN: &[Known<Setting>] = &[
    Known {
        section: "output",
        name: "folder",
        takes: "a folder below that of the target",
        write: r#""prod""#,
        read: |value| folder(value).map(Setting::Folder),
    },
    Known {
        section: "sentinel",
        name: "kind",
        takes: "`scheduled` or `nrt`",
        write: r#""scheduled""#,
        read: |value| word(value, &[("scheduled", Kind::Scheduled), ("nrt", Kind::Nrt)]).map(Setting::Kind),
    },
    Known {
        section: "sentinel",
        name: "enabled",
        takes: BOOL,
        write: "true",
        read: |value| truth(value).map(Setting::Enabled),
    },
    Known {
        section: "sentinel",
        name: "delay",
        takes: DELAY.takes,
        write: DELAY.write,
        read: |value| duration(value, &DELAY).map(Setting::Delay),
    },
    Known {
        section: "sentinel",
        name: "event_grouping",
        takes: "`AlertPerResult` or `SingleAlert`",
        write: r#""AlertPerResult""#,
        read: |value| {
            let known = [
                ("AlertPerResult", EventGrouping::AlertPerResult),
                ("SingleAlert", EventGrouping::SingleAlert),
            ];
            word(value, &known).map(Setting::EventGrouping)
        },
    },
    Known {
        section: "sentinel",
        name: "attack",
        takes: "`v13` or `v17`",
        write: r#""v13""#,
        read: |value| version(value, OF_SENTINEL).map(Setting::SentinelAttack),
    },
    Known {
        section: "sentinel",
        name: "suppression",
        takes: "whole minutes from 5m to 24h, or `off`",
        write: SUPPRESSION.write,
        read: |value| match value {
            DeValue::String(text) if text == "off" => Ok(Setting::Suppression(None)),
            _ => duration(value, &SUPPRESSION).map(|span| Setting::Suppression(Some(span))),
        },
    },
    Known {
        section: "sentinel.incident",
        name: "create",
        takes: BOOL,
        write: "true",
        read: |value| truth(value).map(Setting::CreateIncident),
    },
    Known {
        section: "sentinel.incident",
        name: "matching",
        takes: "`AllEntities`, `AnyAlert`, `Selected` or `off`",
        write: r#""AllEntities""#,
        read: |value| {
            let known = [
                ("AllEntities", Some(By::AllEntities)),
                ("AnyAlert", Some(By::AnyAlert)),
                ("Selected", Some(By::Selected)),
                ("off", None),
            ];
            word(value, &known).map(Setting::Matching)
        },
    },
    Known {
        section: "sentinel.incident",
        name: "lookback",
        takes: LOOKBACK.takes,
        write: LOOKBACK.write,
        read: |value| duration(value, &LOOKBACK).map(Setting::Lookback),
    },
    Known {
        section: "sentinel.incident",
        name: "reopen_closed",
        takes: BOOL,
        write: "false",
        read: |value| truth(value).map(Setting::ReopenClosed),
    },
    Known {
        section: "sentinel.incident",
        name: "entities",
        takes: "a list of entities, as Sentinel calls them",
        write: r#"["Account"]"#,
        read: |value| texts(value, |text| one_of(text, ENTITIES)).map(Setting::Entities),
    },
    Known {
        section: "sentinel.incident",
        name: "details",
        takes: "a list of `DisplayName` and `Severity`",
        write: r#"["DisplayName", "Severity"]"#,
        read: |value| texts(value, |text| one_of(text, &["DisplayName", "Severity"])).map(Setting::Details),
    },
    Known {
        section: "sentinel.incident",
        name: "custom_details",
        takes: "a list of names of custom details",
        write: r#"["bucket"]"#,
        read: |value| texts(value, custom_detail).map(Setting::CustomDetails),
    },
    Known {
        section: "arm",
        name: "api_version",
        takes: "a version of the resource",
        write: r#""2025-09-01""#,
        read: |value| text(value, api_version).map(Setting::ApiVersion),
    },
    Known {
        section: "arm",
        name: "workspace_parameter",
        takes: "the name of a parameter",
        write: r#""workspace""#,
        read: |value| text(value, parameter).map(Setting::WorkspaceParameter),
    },
    Known {
        section: "arm",
        name: "workspace",
        takes: "the name of a workspace",
        write: r#""soc-prod""#,
        read: |value| text(value, workspace).map(Setting::Workspace),
    },
    Known {
        section: "sigma",
        name: "attack",
        takes: "`v13`, `v17` or `v19`",
        write: r#""v17""#,
        read: |value| version(value, &Version::ALL).map(Setting::SigmaAttack),
    },
];

/// The settings of a source.
pub(super) const OF_SOURCE: &[Known<OfSource>] = &[
    Known {
        section: "",
        name: "table",
        takes: "the name of a table",
        write: r#""AWSCloudTrail_CL""#,
        read: |value| text(value, table).map(OfSource::Table),
    },
    Known {
        section: "",
        name: "connector",
        takes: "Sentinel's identifier of a data connector",
        write: r#""AWS""#,
        read: |value| text(value, connector).map(OfSource::Connector),
    },
    Known {
        section: "",
        name: "delay",
        takes: DELAY.takes,
        write: DELAY.write,
        read: |value| duration(value, &DELAY).map(OfSource::Delay),
    },
];

/// Names of the service's own, and where what they say stands here.
pub(super) const SERVICE: &[(&str, &str)] = &[
    ("queryFrequency", OF_SCHEDULE),
    ("queryPeriod", OF_SCHEDULE),
    ("triggerOperator", OF_TRIGGER),
    ("triggerThreshold", OF_TRIGGER),
    ("severity", OF_RULE),
    ("tactics", OF_RULE),
    ("techniques", OF_RULE),
    ("relevantTechniques", OF_RULE),
    ("version", OF_RULE),
    ("displayName", OF_RULE),
    ("description", OF_RULE),
    ("entityMappings", OF_RULE),
    ("eventGroupingSettings", "write `event_grouping = \"AlertPerResult\"`"),
    ("aggregationKind", "write `event_grouping = \"AlertPerResult\"`"),
    (
        "suppressionEnabled",
        "write `suppression = \"1h\"`, or `suppression = \"off\"`",
    ),
    ("suppressionDuration", "write `suppression = \"1h\"`"),
    ("incidentConfiguration", "write `[sentinel.incident]`"),
    ("createIncident", "write `create = true` below `[sentinel.incident]`"),
    (
        "groupingConfiguration",
        "write `matching = \"AllEntities\"` below `[sentinel.incident]`",
    ),
    (
        "matchingMethod",
        "write `matching = \"AllEntities\"` below `[sentinel.incident]`",
    ),
    (
        "lookbackDuration",
        "write `lookback = \"5h\"` below `[sentinel.incident]`",
    ),
    (
        "reopenClosedIncident",
        "write `reopen_closed = false` below `[sentinel.incident]`",
    ),
    (
        "groupByEntities",
        "write `entities = [\"Account\"]` below `[sentinel.incident]`",
    ),
    (
        "groupByAlertDetails",
        "write `details = [\"Severity\"]` below `[sentinel.incident]`",
    ),
    (
        "groupByCustomDetails",
        "write `custom_details = [\"bucket\"]` below `[sentinel.incident]`",
    ),
];

const OF_SCHEDULE: &str = "take it out: it follows from the rule's `every` and from how far the rule looks back";
const OF_TRIGGER: &str = "take it out: any row that the query finds is an alert";
const OF_RULE: &str = "take it out: it stands in the rule, and is the same wherever the rule runs";

const DELAY: Length = Length {
    takes: "whole seconds from 0s to 14d",
    write: r#""10m""#,
    least: Span(0),
    most: Span::days(14),
    unit: Span::seconds(1),
    unit_name: "seconds",
};

const SUPPRESSION: Length = Length {
    takes: "whole minutes from 5m to 24h",
    write: r#""1h""#,
    least: Span::minutes(5),
    most: Span::hours(24),
    unit: Span::minutes(1),
    unit_name: "minutes",
};

const LOOKBACK: Length = Length {
    takes: "whole minutes from 5m to 7d",
    write: r#""5h""#,
    least: Span::minutes(5),
    most: Span::days(7),
    unit: Span::minutes(1),
    unit_name: "minutes",
};

/// Sentinel's names of what a rule can say that an alert is about.
const ENTITIES: &[&str] = &["Account", "AzureResource", "File", "Host", "IP", "Process", "URL"];

/// The versions of ATT&CK that Sentinel's rules may be written in: what its documents name, and what rules here name.
/// Later ones have tactics that the service does not know.
const OF_SENTINEL: &[Version] = &[Version::V13, Version::V17];

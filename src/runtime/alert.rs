//! Alerts: what a rule found, as one line of JSON.
//!
//! The line's keys stand in one order: `rule`, `ruleId`, `alertId`, `time`, `start`, `end`, `severity`, `title`,
//! `message`, `entities`, `columns`, `attack`, `events`. What is missing is left out, sets are sorted, times are RFC
//! 3339 in UTC. Nothing in it depends on the order in which events were read.

use super::set::element;
use crate::value::{Time, Value};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;
use uuid::Uuid;

/// The most ids of events that an alert carries.
pub const MAX_EVENTS: usize = 100;

/// The namespace of alert ids: the v5 UUID of `tripline:alert` among URLs. It never changes.
pub const ALERT_NAMESPACE: Uuid = Uuid::from_u128(0xa160_fce2_16a6_581d_ab9b_d6e2_e643_eabc);

/// One alert.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// The rule's name.
    pub rule: Arc<str>,
    /// The rule's id, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<Arc<str>>,
    /// What [`alert_id`] gives.
    #[serde(serialize_with = "as_display")]
    pub alert_id: Uuid,
    /// When it is due: the event's time, the end of the window, the later time of a match.
    #[serde(serialize_with = "as_display")]
    pub time: Time,
    /// The earliest event behind it.
    #[serde(serialize_with = "as_display")]
    pub start: Time,
    /// The latest event behind it.
    #[serde(serialize_with = "as_display")]
    pub end: Time,
    /// How severe: `informational`, `low`, `medium`, `high`.
    pub severity: Arc<str>,
    /// The title, rendered.
    pub title: String,
    /// The message, rendered.
    pub message: String,
    /// What it is about. An entity without an identifier is not written.
    #[serde(serialize_with = "present_entities")]
    pub entities: Vec<Entity>,
    /// The keys and shown columns in their order. Missing ones are not written.
    #[serde(serialize_with = "present_members")]
    pub columns: Vec<(Arc<str>, Value)>,
    /// The ATT&CK techniques of the rule.
    pub attack: Vec<Technique>,
    /// The ids of the events behind it; no more than [`MAX_EVENTS`] are written. [`event_ids`] chooses them.
    #[serde(serialize_with = "first_events")]
    pub events: Vec<Arc<str>>,
    /// The values that tell this alert from others of the rule at the same time; they order alerts and are not
    /// written.
    #[serde(skip)]
    pub keys: Vec<Value>,
}

/// A thing that an alert is about, written as `{"type": …}` and its identifiers.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// `account`, `ip`, `host`, `resource`, `url`, `file`, `process`.
    pub kind: Arc<str>,
    /// The target's names of the identifiers, with their values. Missing ones are not written.
    pub identifiers: Vec<(Arc<str>, Value)>,
}

/// A technique of ATT&CK under one of its tactics.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Technique {
    /// As `T1078.004`.
    pub technique: Arc<str>,
    /// As `InitialAccess`.
    pub tactic: Arc<str>,
}

impl Alert {
    /// The alert as one line of JSON, without a line break.
    ///
    /// # Errors
    /// None that is known: every key is text.
    pub fn to_line(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// The order in which alerts are printed: by time, rule and keys, then by what tells them apart at all.
    #[must_use]
    pub fn in_order(&self, other: &Alert) -> Ordering {
        (self.time, &self.rule, &self.keys)
            .cmp(&(other.time, &other.rule, &other.keys))
            .then_with(|| self.alert_id.cmp(&other.alert_id))
            .then_with(|| self.columns.cmp(&other.columns))
            .then_with(|| (self.start, self.end).cmp(&(other.start, other.end)))
            .then_with(|| self.message.cmp(&other.message))
            .then_with(|| self.events.cmp(&other.events))
    }
}

/// The id of an alert: the same for the same rule (its id, or its name where it has none), time and keys, in every run.
///
/// It is the v5 UUID, under [`ALERT_NAMESPACE`], of a chain of fields, each written as `length:bytes,` (length in
/// decimal, of the bytes): the rule; the time in ticks, in decimal; then for every key a letter for its type and its
/// text:
///
/// | letter | type | text |
/// |---|---|---|
/// | `t` | text, and json read as text | the text |
/// | `i` | int | decimal |
/// | `r` | real | its 64 bits as 16 hexadecimal digits |
/// | `b` | bool | `true` or `false` |
/// | `d` | time | ticks in decimal |
/// | `s` | set | the chain of its sorted elements |
/// | `-` | missing | nothing |
///
/// Keys are those that tell one alert of the rule from another at the same time: a group's or match's keys; for an
/// alert on single events the event's id.
///
/// ```
/// use tripline::runtime::alert::alert_id;
/// use tripline::value::{Time, Value};
/// let id = alert_id("cloudtrail_stopped", Time(0), &[Value::text("eve")]);
/// assert_eq!(id.to_string(), "88cd91ad-6690-5978-873f-ad0339a86266");
/// ```
#[must_use]
pub fn alert_id(rule: &str, time: Time, keys: &[Value]) -> Uuid {
    let mut chain = String::new();
    link(&mut chain, rule);
    link(&mut chain, &time.0.to_string());
    for key in keys {
        link(&mut chain, &key_text(key));
    }
    Uuid::new_v5(&ALERT_NAMESPACE, chain.as_bytes())
}

fn link(chain: &mut String, field: &str) {
    // Writing into a String cannot fail.
    let _ = write!(chain, "{}:{field},", field.len());
}

fn key_text(key: &Value) -> String {
    match element(key) {
        Value::Missing => "-".to_owned(),
        Value::Bool(b) => format!("b{b}"),
        Value::Int(n) => format!("i{n}"),
        Value::Real(n) => format!("r{:016x}", n.to_bits()),
        Value::Text(text) => format!("t{text}"),
        Value::Time(time) => format!("d{}", time.0),
        // `element` leaves no json value; its text it would be.
        Value::Json(json) => format!("t{}", json.as_text().unwrap_or_default()),
        Value::Set(set) => {
            let mut chain = "s".to_owned();
            set.iter().for_each(|element| link(&mut chain, &key_text(element)));
            chain
        }
    }
}

/// The ids that an alert carries out of those of all events behind it: distinct, sorted, the first [`MAX_EVENTS`]; so
/// they depend on the events alone, not on the order in which these were read.
#[must_use]
pub fn event_ids(ids: impl IntoIterator<Item = Arc<str>>) -> Vec<Arc<str>> {
    let mut kept = BTreeSet::new();
    for id in ids {
        kept.insert(id);
        if kept.len() > MAX_EVENTS {
            kept.pop_last();
        }
    }
    kept.into_iter().collect()
}

impl Serialize for Entity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &*self.kind)?;
        for (name, value) in self.identifiers.iter().filter(|(_, value)| value.is_present()) {
            map.serialize_entry(&**name, value)?;
        }
        map.end()
    }
}

fn as_display<T: std::fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn present_entities<S: Serializer>(entities: &[Entity], serializer: S) -> Result<S::Ok, S::Error> {
    let named = |entity: &&Entity| entity.identifiers.iter().any(|(_, value)| value.is_present());
    serializer.collect_seq(entities.iter().filter(named))
}

fn present_members<S: Serializer>(members: &[(Arc<str>, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    let present = members.iter().filter(|(_, value)| value.is_present());
    serializer.collect_map(present.map(|(name, value)| (&**name, value)))
}

fn first_events<S: Serializer>(events: &[Arc<str>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(events.iter().take(MAX_EVENTS).map(|id| &**id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Json, Set};
    use proptest::prelude::*;

    fn alert() -> Alert {
        let time = Time::parse("2025-08-15T10:00:00Z").unwrap();
        let keys = vec![Value::text("eve")];
        Alert {
            rule: "rule_a".into(),
            rule_id: None,
            alert_id: alert_id("rule_a", time, &keys),
            time,
            start: Time::parse("2025-08-15T09:30:00Z").unwrap(),
            end: Time::parse("2025-08-15T09:59:59.5Z").unwrap(),
            severity: "medium".into(),
            title: "A \"title\"".into(),
            message: "eve\n".into(),
            entities: vec![
                Entity {
                    kind: "account".into(),
                    identifiers: vec![("FullName".into(), Value::text("eve")), ("Sid".into(), Value::Missing)],
                },
                Entity {
                    kind: "ip".into(),
                    identifiers: vec![("Address".into(), Value::Missing)],
                },
            ],
            columns: vec![
                ("user".into(), Value::text("eve")),
                (
                    "unseen".into(),
                    Value::Set(Set::new([Value::text("b"), Value::text("a")])),
                ),
                ("gone".into(), Value::Missing),
                ("a_first".into(), Value::Int(3)),
                ("seen".into(), Value::Time(Time(0))),
                ("raw".into(), Value::Json(Json::parse("{\"z\":1,\"a\":null}").unwrap())),
            ],
            attack: vec![Technique {
                technique: "T1651".into(),
                tactic: "Execution".into(),
            }],
            events: vec!["e1".into(), "e2".into()],
            keys,
        }
    }

    #[test]
    fn a_line_has_its_keys_in_order_and_nothing_missing() {
        let line = alert().to_line().unwrap();
        let id = alert().alert_id;
        assert_eq!(
            line,
            format!(
                concat!(
                    r#"{{"rule":"rule_a","alertId":"{}","time":"2025-08-15T10:00:00Z","start":"2025-08-15T09:30:00Z","#,
                    r#""end":"2025-08-15T09:59:59.5Z","severity":"medium","title":"A \"title\"","message":"eve\n","#,
                    r#""entities":[{{"type":"account","FullName":"eve"}}],"columns":{{"user":"eve","unseen":["a","b"],"#,
                    r#""a_first":3,"seen":"1970-01-01T00:00:00Z","raw":{{"a":null,"z":1}}}},"#,
                    r#""attack":[{{"technique":"T1651","tactic":"Execution"}}],"events":["e1","e2"]}}"#
                ),
                id
            )
        );
        let with_id = Alert {
            rule_id: Some("r-1".into()),
            ..alert()
        };
        assert!(
            with_id
                .to_line()
                .unwrap()
                .starts_with(r#"{"rule":"rule_a","ruleId":"r-1","alertId":"#)
        );
    }

    #[test]
    fn empty_lists_are_written() {
        let bare = Alert {
            entities: vec![],
            columns: vec![],
            attack: vec![],
            events: vec![],
            ..alert()
        };
        let line = bare.to_line().unwrap();
        assert!(
            line.ends_with(r#""entities":[],"columns":{},"attack":[],"events":[]}"#),
            "{line}"
        );
    }

    #[test]
    fn ids_are_stable_and_tell_keys_apart() {
        assert_eq!(ALERT_NAMESPACE, Uuid::new_v5(&Uuid::NAMESPACE_URL, b"tripline:alert"));
        let keys = |keys: &[Value]| alert_id("r", Time(5), keys);
        let t = |text: &str| Value::text(text);
        assert_eq!(
            Uuid::new_v5(
                &ALERT_NAMESPACE,
                "1:r,1:5,2:ta,2:i7,1:-,5:btrue,2:d9,11:s2:ta,2:tb,,3:té,".as_bytes()
            ),
            keys(&[
                t("a"),
                Value::Int(7),
                Value::Missing,
                Value::Bool(true),
                Value::Time(Time(9)),
                Value::Set(Set::new([t("b"), t("a")])),
                t("é"),
            ])
        );
        let all = [
            keys(&[]),
            keys(&[Value::Missing]),
            keys(&[t("a"), t("b")]),
            keys(&[t("a,2:tb")]),
            keys(&[t("ab")]),
            keys(&[t("b"), t("a")]),
            keys(&[t("7")]),
            keys(&[Value::Int(7)]),
            keys(&[Value::Real(7.0)]),
            keys(&[Value::Set(Set::new([t("7")]))]),
            alert_id("r", Time(6), &[]),
            alert_id("r5", Time(6), &[]),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!(
            keys(&[t("7")]),
            keys(&[Value::Json(Json::Int(7))]),
            "json is a key as text"
        );
        assert_eq!(keys(&[Value::Real(0.0)]), keys(&[Value::Real(-0.0)]));
    }

    #[test]
    fn at_most_a_hundred_events() {
        let many: Vec<Arc<str>> = (0..150).map(|i| format!("e{i:03}").into()).collect();
        let line = Alert {
            events: many.clone(),
            ..alert()
        }
        .to_line()
        .unwrap();
        assert!(line.contains("e099") && !line.contains("e100"));
        let chosen = event_ids(many.iter().rev().chain(&many).cloned());
        assert_eq!(chosen, many[..MAX_EVENTS]);
    }

    #[test]
    fn alerts_are_ordered_by_time_rule_and_keys() {
        let base = alert();
        let later = Alert {
            time: Time(base.time.0 + 1),
            rule: "a".into(),
            ..alert()
        };
        let other_rule = Alert {
            rule: "rule_b".into(),
            keys: vec![],
            ..alert()
        };
        let other_key = Alert {
            keys: vec![Value::text("mallory")],
            ..alert()
        };
        let mut all = [later.clone(), other_rule.clone(), other_key.clone(), base.clone()];
        all.sort_by(Alert::in_order);
        assert_eq!(all, [base, other_key, other_rule, later]);
    }

    proptest! {
        #[test]
        fn event_ids_do_not_depend_on_order(ids in proptest::collection::vec("[ab]{0,7}", 0..200)) {
            let forth = event_ids(ids.iter().map(|id| id.as_str().into()));
            let back = event_ids(ids.iter().rev().map(|id| id.as_str().into()));
            prop_assert!(forth.is_sorted() && forth.len() <= MAX_EVENTS);
            prop_assert_eq!(forth, back);
        }

        #[test]
        fn keys_of_text_are_told_apart(
            a in proptest::collection::vec("[t1:,]{0,4}", 0..3),
            b in proptest::collection::vec("[t1:,]{0,4}", 0..3),
        ) {
            let id = |keys: &[String]| {
                let keys: Vec<Value> = keys.iter().map(|key| Value::text(key.as_str())).collect();
                alert_id("r", Time(0), &keys)
            };
            prop_assert_eq!(a == b, id(&a) == id(&b));
        }
    }
}

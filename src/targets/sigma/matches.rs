//! A match as a temporal correlation of its parts.

use super::context::{Context, Site, place_of, refusal};
use super::correlation::{Correlation, Document};
use super::detection::slug;
use super::field::FieldName;
use super::scope::{Class, Scope, classes};
use super::selection::{Demand, demands};
use crate::diagnostics::Span as Place;
use crate::plan::{Expr, ExprKind, Link, Operator, Origin, RelationId};
use crate::targets::ledger::{Cause, State};
use crate::targets::yaml::Node;
use std::collections::BTreeSet;

/// A key of the match: what `group-by` calls it, and its field in each part.
struct JoinedKey<'a> {
    name: String,
    /// Whether the name is an alias.
    alias: bool,
    /// In the order of the parts.
    fields: Vec<(&'a Expr, FieldName)>,
}

impl<'a> Context<'a> {
    /// The alert on a match.
    pub(super) fn match_alert(&self, id: RelationId) -> Option<Vec<Document>> {
        let relation = self.relation(id)?;
        let Operator::Join {
            parts,
            link,
            keys,
            within,
            ..
        } = &relation.operator
        else {
            return None;
        };
        let timespan = self.timespan(*within, relation.span);
        let keys = self.joined_keys(&classes(keys), parts, relation.span);
        let demands = self.distributed(id, parts);
        let names: Vec<_> = parts.iter().map(|part| self.part_name(*part)).collect();
        let mut documents = Vec::new();
        let mut whole = true;
        for (n, part) in parts.iter().enumerate() {
            let of_part = demands
                .iter()
                .flatten()
                .filter(|(of, _)| *of == n)
                .map(|(_, demand)| *demand);
            let of_part: Vec<Demand<'a>> = of_part.collect();
            let more = match self.relation(*part).map(|relation| &relation.operator) {
                Some(Operator::Scan { .. }) => self.event_part(n, *part, &of_part, keys.as_deref()),
                Some(Operator::Aggregate { .. }) => self.group_part(id, n, *part, of_part, keys.as_deref()),
                Some(Operator::History { .. } | Operator::Join { .. } | Operator::AntiJoin { .. }) | None => None,
            };
            match more {
                Some(more) => documents.extend(more),
                None => whole = false,
            }
        }
        let (keys, timespan) = (keys?, timespan?);
        demands.as_ref()?;
        if !whole {
            return None;
        }
        let (kind, condition) = match link {
            Link::Then => {
                let open = "whether events of one instant are in order is left to the engine; here they are, both ways";
                self.note("match", open, relation.span);
                ("temporal_ordered", Vec::new())
            }
            // Said aloud: some engines take less than all for enough.
            Link::With | Link::Without => {
                let all = i64::try_from(parts.len()).unwrap_or(i64::MAX);
                ("temporal", vec![("gte".to_owned(), Node::Int(all))])
            }
        };
        let aliases = keys.iter().filter(|key| key.alias).map(|key| {
            let fields = names
                .iter()
                .zip(&key.fields)
                .zip(parts)
                .map(|((name, (_, field)), part)| {
                    let is_group = matches!(
                        self.relation(*part).map(|r| &r.operator),
                        Some(Operator::Aggregate { .. })
                    );
                    // A group is joined by what it groups by, which is the alias.
                    let field = if is_group { key.name.clone() } else { field.name.clone() };
                    (name.reference.clone(), field)
                });
            (key.name.clone(), fields.collect())
        });
        documents.push(Document::Outer(Correlation {
            kind,
            rules: names.iter().map(|name| name.reference.clone()).collect(),
            aliases: aliases.collect(),
            group_by: keys.iter().map(|key| key.name.clone()).collect(),
            timespan,
            condition,
        }));
        Some(documents)
    }

    fn event_part(
        &self,
        n: usize,
        id: RelationId,
        demands: &[Demand<'a>],
        keys: Option<&[JoinedKey<'a>]>,
    ) -> Option<Vec<Document>> {
        let fields = keys.unwrap_or_default().iter().filter_map(|key| key.fields.get(n));
        let guarded: Vec<(&Expr, String)> = fields
            .filter(|(_, field)| !field.always)
            .map(|(value, field)| (*value, field.name.clone()))
            .collect();
        let steps = self.relation(id)?.steps.iter();
        let detection = self.detection(id, steps, demands, &guarded)?;
        Some(vec![Document::Rule(self.selection(id, detection)?)])
    }

    fn group_part(
        &self,
        join: RelationId,
        n: usize,
        id: RelationId,
        moved: Vec<Demand<'a>>,
        keys: Option<&[JoinedKey<'a>]>,
    ) -> Option<Vec<Document>> {
        let relation = self.relation(id)?;
        let Operator::Aggregate { keys: own, .. } = &relation.operator else {
            return None;
        };
        let mut asked = demands(relation.steps.iter(), Scope::of(id));
        asked.extend(moved);
        let mut aliases = Vec::new();
        let mut joined = vec![false; own.len()];
        for key in keys.unwrap_or_default() {
            let Some(index) = key
                .fields
                .get(n)
                .and_then(|(value, _)| self.key_index(value, Scope::of(id)))
            else {
                continue;
            };
            if let Some(joined) = joined.get_mut(index) {
                *joined = true;
            }
            if key.alias {
                aliases.push((index, key.name.clone()));
            }
        }
        let group = self.group(id, asked, &aliases);
        if keys.is_some() && joined.contains(&false) {
            let reason = "a group that is joined must have the keys of the match, and no more";
            let help = format!(
                "group `{}` by the keys of the match, or join on all of its keys",
                relation.name
            );
            self.refuse(
                Site::at(relation.span),
                "this group inside of a match",
                reason,
                Some(help),
            );
            return None;
        }
        let group = group?;
        let reason = format!(
            "the time of `{}` is the end of its window here, and that of its last event in Sigma, whose window slides",
            relation.name
        );
        let cause = Cause::GroupInMatch {
            join,
            part: n,
            threshold: group.threshold,
        };
        self.differs(State::Differs, "match", reason, relation.span, cause);
        let part = Document::Part(self.part_name(id), group.correlation);
        Some(vec![Document::Rule(group.base), part])
    }

    /// Which key of a group an expression is.
    fn key_index(&self, value: &'a Expr, scope: Scope) -> Option<usize> {
        let relation = self.relation(scope.relation)?;
        match &value.kind {
            ExprKind::Convert(inner) => self.key_index(inner, scope),
            ExprKind::Column(slot) => match (relation.columns.get(*slot)?.origin, &relation.operator) {
                (Origin::Key(_), Operator::Aggregate { keys, .. }) => keys.iter().position(|key| key.slot == *slot),
                (Origin::Extend | Origin::Computed(_), _) => match self.meaning(scope, *slot)? {
                    super::scope::Meaning::Value(value, scope, _) => self.key_index(value, scope),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// The keys with their fields; every one must reach every part.
    fn joined_keys(&self, classes: &[Class<'a>], parts: &[RelationId], place: Place) -> Option<Vec<JoinedKey<'a>>> {
        let mut keys: Vec<JoinedKey<'a>> = Vec::new();
        let mut whole = true;
        for class in classes {
            match self.joined_key(class, parts, place) {
                Some(fields) => keys.push(JoinedKey {
                    name: String::new(),
                    alias: false,
                    fields,
                }),
                None => whole = false,
            }
        }
        if !whole {
            return None;
        }
        // Fields of one name everywhere first: an alias must not hide one.
        let mut taken = Vec::new();
        for key in &mut keys {
            if let Some((_, first)) = key.fields.first()
                && key.fields.iter().all(|(_, field)| field.name == first.name)
            {
                key.name.clone_from(&first.name);
                taken.push(key.name.clone());
            }
        }
        for key in keys.iter_mut().filter(|key| key.name.is_empty()) {
            let last = key.fields.last().map_or("", |(_, field)| field.name.as_str());
            let word = slug(last.rsplit('.').next().unwrap_or(last));
            let mut name = word.clone();
            let mut n = 2;
            while taken.contains(&name) {
                name = format!("{word}_{n}");
                n += 1;
            }
            taken.push(name.clone());
            key.name = name;
            key.alias = true;
        }
        let mut seen = BTreeSet::new();
        keys.retain(|key| seen.insert(key.name.clone()));
        Some(keys)
    }

    fn joined_key(&self, class: &Class<'a>, parts: &[RelationId], place: Place) -> Option<Vec<(&'a Expr, FieldName)>> {
        const WHAT: &str = "this key of a match";
        let mut fields = Vec::new();
        let mut whole = true;
        for (n, part) in parts.iter().enumerate() {
            let mut sides = class.sides.iter().filter(|side| side.0 == n).map(|side| side.1);
            let Some(value) = sides.next() else {
                let at = class.sides.first().map_or(place, |side| side.1.span);
                let reason = format!(
                    "it does not reach `{}`, and Sigma joins all parts on every key",
                    self.name(*part)
                );
                self.refuse(Site::at(at), WHAT, &reason, None);
                return None;
            };
            if let Some(other) = sides.next() {
                let help = format!("compare the two in `{}`: `where .. == ..`", self.name(*part));
                let reason = "it joins two fields of one part";
                self.report_with_way_out(refusal(Site::at(other.span), WHAT, reason).help(help));
                return None;
            }
            match self.key_field(value, Scope::of(*part), value.span) {
                Some(field) => fields.push((value, field)),
                None => whole = false,
            }
        }
        whole.then_some(fields)
    }

    /// The demands on the rows of a match, each in the one part that it is about.
    fn distributed(&self, id: RelationId, parts: &[RelationId]) -> Option<Vec<(usize, Demand<'a>)>> {
        let is_events = |part: &RelationId| self.source(*part).is_some();
        let any = parts.iter().position(is_events).unwrap_or(0);
        let mut found = Vec::new();
        let mut whole = true;
        let mut rest = demands(self.steps(id), Scope::of(id));
        rest.reverse();
        while let Some(demand) = rest.pop() {
            let reads = self.reads_of(demand.expr, demand.scope);
            let part = match reads.parts.as_slice() {
                _ if reads.clock || reads.refused => None,
                [] => Some(any),
                [one] => Some(*one),
                _ => None,
            };
            if let Some(part) = part {
                let scope = Scope { relation: id, part };
                found.push((part, Demand { scope, ..demand }));
            } else if let Some(more) = demand.split() {
                rest.extend(more.into_iter().rev());
            } else {
                whole = false;
                let site = Site::at(demand.place).near(place_of(demand.expr));
                if reads.clock {
                    self.refuse(
                        site,
                        "this condition on a match",
                        "Sigma compares no times of events",
                        None,
                    );
                } else if !reads.refused {
                    self.across(&demand, site, &reads.parts, parts);
                }
            }
        }
        whole.then_some(found)
    }

    fn across(&self, demand: &Demand<'a>, site: Site, read: &[usize], parts: &[RelationId]) {
        let names: Vec<String> = read
            .iter()
            .filter_map(|part| parts.get(*part))
            .map(|part| format!("`{}`", self.name(*part)))
            .collect();
        let reason = format!(
            "it compares {}, and Sigma only joins parts on equal fields",
            names.join(" with ")
        );
        let help = match &demand.expr.kind {
            ExprKind::Equal { fold: false, .. } if !demand.negated => {
                Some("make it a key of the match: `on .., a.x == b.y`".to_owned())
            }
            _ => None,
        };
        self.refuse(site, "a condition across the parts of a match", &reason, help);
    }
}

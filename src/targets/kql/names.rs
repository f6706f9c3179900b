//! Names: of columns, constants, tables that a `let` holds. A column is called as the rule or the source's table calls it.

use super::keywords::needs_brackets;
use super::literal;
use crate::plan::{ExprKind, FIRST, LAST, Operator, Origin, Plan, Relation, RelationId, Slot, TIME};
use crate::source::Catalog;
use std::collections::BTreeSet;

/// Columns of a result that have these names by design.
pub(super) const TIME_COLUMN: &str = "TimeGenerated";
pub(super) const START_COLUMN: &str = "StartTime";
pub(super) const END_COLUMN: &str = "EndTime";
const RESERVED: [&str; 4] = [TIME_COLUMN, START_COLUMN, END_COLUMN, "windowStart"];

/// Words that are no keywords, but mean something where a table is named.
const TABLE_WORDS: [&str; 4] = ["table", "database", "cluster", "workspace"];

/// The names of a query.
pub(super) struct Names {
    /// By relation and slot.
    columns: Vec<Vec<String>>,
    /// By their index in the plan.
    pub(super) constants: Vec<String>,
    /// By relation: the `let` of its rows, and whether that is written already.
    tables: Vec<(String, bool)>,
    /// The arguments of a function over a range of time.
    pub(super) bounds: (String, String),
    /// The rows that an absence leaves out.
    pub(super) covered: String,
    /// The events of several streams.
    pub(super) events: String,
    /// Whatever a `let` of ours must not be called.
    taken: BTreeSet<String>,
    /// Names of `let`s, which no column of ours may have.
    lets: BTreeSet<String>,
}

/// A name as it is written: in brackets where it is a keyword.
pub(super) fn ident(name: &str) -> String {
    if needs_brackets(name) {
        format!("[{}]", literal::text(name).replace('"', "'"))
    } else {
        name.to_owned()
    }
}

/// Whether a table can have this name and a query name it without brackets.
pub fn is_table_name(name: &str) -> bool {
    !needs_brackets(name) && !TABLE_WORDS.contains(&name)
}

/// A name of letters, digits and `_`, made of a path: `resources[0].ARN` is `resources_0_ARN`.
pub(super) fn flat(path: &str) -> String {
    let mut out = String::new();
    for c in path.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('_') && c != ']' && c != '"' {
            out.push('_');
        }
    }
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) {
        format!("_{out}")
    } else {
        out
    }
}

/// The name, or the name with the first number that makes it new; it is taken then.
pub(super) fn fresh(name: &str, taken: &mut BTreeSet<String>) -> String {
    if taken.insert(name.to_owned()) {
        return name.to_owned();
    }
    let mut n = 2_u64;
    loop {
        let numbered = format!("{name}{n}");
        if taken.insert(numbered.clone()) {
            return numbered;
        }
        n += 1;
    }
}

impl Names {
    pub(super) fn new(plan: &Plan, catalog: &Catalog) -> Names {
        let mut taken: BTreeSet<String> = RESERVED.iter().chain(&TABLE_WORDS).map(|n| (*n).to_owned()).collect();
        for relation in &plan.relations {
            if let Operator::Scan { source } = relation.operator {
                let source = catalog.get(source);
                taken.insert(source.table.clone());
                taken.extend(source.fields.iter().map(|field| field.column.clone()));
            }
        }
        let constants: Vec<String> = plan
            .constants
            .iter()
            .map(|c| free_let(&c.name, "List", &mut taken))
            .collect();
        let mut names = Names {
            columns: Vec::new(),
            lets: constants
                .iter()
                .cloned()
                .chain(RESERVED.iter().map(|n| (*n).to_owned()))
                .collect(),
            constants,
            tables: Vec::new(),
            bounds: <(String, String)>::default(),
            covered: String::new(),
            events: String::new(),
            taken,
        };
        for id in 0..plan.relations.len() {
            let columns = names.relation(plan, catalog, id);
            names.columns.push(columns);
        }
        names.taken.extend(names.columns.iter().flatten().cloned());
        for relation in &plan.relations {
            let suffix = if matches!(relation.operator, Operator::Scan { .. }) {
                "Events"
            } else {
                "Rows"
            };
            let name = names.new_let(&relation.name, suffix);
            names.tables.push((name, false));
        }
        names.bounds = (names.new_let("startTime", "Of"), names.new_let("endTime", "Of"));
        names.covered = names.new_let("covered", "Rows");
        names.events = names.new_let("events", "Rows");
        names
    }

    /// What a slot is called where it is a column.
    pub(super) fn column(&self, relation: RelationId, slot: Slot) -> &str {
        self.columns
            .get(relation)
            .and_then(|c| c.get(slot))
            .map_or("", String::as_str)
    }

    /// A name for a `let` that nothing else has; `suffix` is put behind a name that is taken.
    pub(super) fn new_let(&mut self, name: &str, suffix: &str) -> String {
        let name = free_let(name, suffix, &mut self.taken);
        self.lets.insert(name.clone());
        name
    }

    /// A name for a column that nothing else has.
    pub(super) fn new_column(&mut self, name: &str) -> String {
        free_let(name, "Value", &mut self.taken)
    }

    /// The `let` of a relation's rows; another one where it is written twice.
    pub(super) fn table(&mut self, relation: RelationId) -> String {
        let (name, again) = match self.tables.get_mut(relation) {
            Some((name, written)) => (name.clone(), std::mem::replace(written, true)),
            None => ("rows".to_owned(), true),
        };
        if again { self.new_let(&name, "") } else { name }
    }

    /// The names of `let`s.
    pub(super) fn lets(&self) -> impl Iterator<Item = &String> {
        self.lets.iter()
    }

    fn relation(&self, plan: &Plan, catalog: &Catalog, id: RelationId) -> Vec<String> {
        let Some(relation) = plan.relations.get(id) else {
            return Vec::new();
        };
        let mut taken: BTreeSet<String> = RESERVED.iter().map(|n| (*n).to_owned()).collect();
        taken.extend(self.constants.iter().cloned());
        if let Operator::Scan { source } = relation.operator {
            taken.extend(catalog.get(source).fields.iter().map(|field| field.column.clone()));
        }
        // Columns of the table that two parts of a match share carry the name of their part.
        let fields: Vec<Option<String>> = (0..relation.columns.len())
            .map(|s| self.field(plan, catalog, id, s))
            .collect();
        let mut out = Vec::with_capacity(relation.columns.len());
        for (column, field) in relation.columns.iter().zip(&fields) {
            let name = match (&column.origin, field) {
                (Origin::Clock, _) => String::new(),
                (Origin::Part(_), _) if is_time_of_part(relation, out.len()) => String::new(),
                (Origin::Field(_), Some(field)) => field.clone(),
                (Origin::Part(_), Some(field)) if fields.iter().filter(|f| f.as_ref() == Some(field)).count() > 1 => {
                    let part = column.name.split('.').next().unwrap_or_default();
                    fresh(&format!("{}_{field}", flat(part)), &mut taken)
                }
                (_, Some(field)) if field != TIME_COLUMN => fresh(field, &mut taken),
                (Origin::BaselinePresent(baseline), _) => {
                    let baseline = plan.relations.get(*baseline).map_or("", |r| r.name.as_str());
                    fresh(&format!("{}_present", flat(baseline)), &mut taken)
                }
                _ => fresh(&flat(&column.name), &mut taken),
            };
            out.push(name);
        }
        out
    }

    /// The table's column that a slot holds unchanged and unrenamed.
    fn field(&self, plan: &Plan, catalog: &Catalog, id: RelationId, slot: Slot) -> Option<String> {
        let relation = plan.relations.get(id)?;
        let column = relation.columns.get(slot)?;
        let from = |part: RelationId, value: &crate::plan::Expr| match value.kind {
            ExprKind::Column(inner) => self.field(plan, catalog, part, inner),
            _ => None,
        };
        match (&column.origin, &relation.operator) {
            (Origin::Field(field), Operator::Scan { source }) => Some(catalog.get(*source).get(*field).column.clone()),
            (Origin::Key(_), Operator::Aggregate { inputs, keys, .. }) => {
                let key = keys.iter().find(|key| key.slot == slot)?;
                let mut found = None;
                for (input, value) in inputs.iter().zip(&key.values) {
                    let field = from(*input, value)?;
                    // A key with a name of its own keeps it.
                    let ExprKind::Column(inner) = value.kind else {
                        return None;
                    };
                    let original = &plan.relations.get(*input)?.columns.get(inner)?.name;
                    if *original != column.name || found.as_ref().is_some_and(|f| *f != field) {
                        return None;
                    }
                    found = Some(field);
                }
                found
            }
            (Origin::Key(_), Operator::History { group, .. }) => self.field(plan, catalog, *group, slot),
            (Origin::Key(_), Operator::Join { parts, keys, .. }) => {
                let key = keys.iter().find(|key| key.slot == slot)?;
                let left = from(*parts.get(key.left.0)?, &key.left.1)?;
                let right = from(*parts.get(key.right.0)?, &key.right.1)?;
                (left == right).then_some(left)
            }
            (Origin::Key(_), Operator::AntiJoin { left, keys, .. }) => {
                let key = keys.iter().find(|key| key.slot == slot)?;
                from(*left, &key.left.1)
            }
            (Origin::Part(_), Operator::Join { parts, columns, .. }) => {
                let taken = columns.iter().find(|taken| taken.slot == slot)?;
                from(*parts.get(taken.part)?, &taken.value)
            }
            (Origin::Part(_), Operator::AntiJoin { left, columns, .. }) => {
                let taken = columns.iter().find(|taken| taken.slot == slot)?;
                from(*left, &taken.value)
            }
            _ => None,
        }
    }

    /// Whether a slot is a table's column under the table's name.
    pub(super) fn is_field(&self, plan: &Plan, catalog: &Catalog, id: RelationId, slot: Slot) -> bool {
        self.field(plan, catalog, id, slot)
            .is_some_and(|field| self.column(id, slot).ends_with(&field))
    }
}

/// Whether a match's slot is the time of one of its parts, which has a column anyway.
fn is_time_of_part(relation: &Relation, slot: Slot) -> bool {
    let (Operator::Join { columns, .. } | Operator::AntiJoin { columns, .. }) = &relation.operator else {
        return false;
    };
    let taken = columns.iter().find(|column| column.slot == slot);
    taken.is_some_and(|column| matches!(column.value.kind, ExprKind::Column(TIME | FIRST | LAST)))
}

fn free_let(name: &str, suffix: &str, taken: &mut BTreeSet<String>) -> String {
    let name = flat(name);
    if !needs_brackets(&name) && taken.insert(name.clone()) {
        return name;
    }
    fresh(&format!("{name}{suffix}"), taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_flat_and_bracketed() {
        assert_eq!(flat("upload.owner"), "upload_owner");
        assert_eq!(flat(r#"a.items[0]["x y"]"#), "a_items_0_x_y");
        assert_eq!(flat("0"), "_0");
        assert_eq!(ident("title"), "['title']");
        assert_eq!(ident("user"), "user");
        let mut taken = BTreeSet::new();
        assert_eq!(fresh("a", &mut taken), "a");
        assert_eq!(fresh("a", &mut taken), "a2");
    }
}

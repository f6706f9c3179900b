//! From sample events: the fields that they have.

use super::super::Misuse;
use super::draft::{self, Draft, Field, Shape};
use crate::diagnostics::FileId;
use crate::kql::{Database, Table};
use crate::source::{ColumnType, FieldType, parse_time};
use crate::value::Json;
use std::collections::BTreeSet;

/// Fields deeper than this stay in an open record.
const DEEPEST: usize = 4;

/// Names that the time of an event often has, the likeliest first.
const TIMES: [&str; 12] = [
    "eventtime",
    "timestamp",
    "time",
    "timegenerated",
    "creationtime",
    "createddatetime",
    "eventtimestamp",
    "activitydatetime",
    "published",
    "date",
    "datetime",
    "ts",
];

/// Names that the identifier of an event often has, the likeliest first.
const IDS: [&str; 6] = ["eventid", "id", "uuid", "guid", "eventuuid", "recordid"];

/// Names of members that tell kinds of records apart.
const KINDS: [&str; 6] = ["category", "type", "kind", "channel", "logtype", "eventsource"];

/// What was seen at a place of the records.
#[derive(Default)]
struct Seen {
    keys: Vec<String>,
    count: usize,
    types: BTreeSet<FieldType>,
    /// Its different texts, as long as there are few.
    texts: BTreeSet<String>,
    /// The keys of an object, and how many each record had on average.
    members: Vec<String>,
    member_count: usize,
}

/// The draft of a source with a field for each place of the records.
pub(super) fn draft(
    name: &str,
    table: &str,
    records: &[Json],
    made_from: &str,
    tables: &Database,
) -> Result<Draft, Misuse> {
    let mut all: Vec<Seen> = Vec::new();
    let objects: Vec<&Json> = records.iter().collect();
    walk(&[], &objects, &mut all);
    let known = tables.get(table);
    let mut taken = BTreeSet::new();
    let mut columns: BTreeSet<String> = BTreeSet::new();
    let (mut fields, mut left_out) = (Vec::new(), Vec::new());
    let mut places: Vec<(String, usize)> = Vec::new();
    let time_at = likeliest(&all, records.len(), FieldType::Time, &TIMES);
    let Some(time_at) = time_at else {
        return Err(Misuse(format!(
            "{made_from}: no member is a time in every record (RFC 3339, such as 2025-08-15T10:00:00Z), and without one there are \
             no events; numbers since 1970 are not read as times"
        )));
    };
    for (at, seen) in all.iter().enumerate() {
        let path = path_of(&seen.keys);
        let ty = seen.ty();
        let alone = all.iter().filter(|other| other.last() == seen.last()).count() == 1;
        let Some((column, column_type)) = column(seen, ty, at == time_at, alone, known) else {
            left_out.push(format!("{path} ({ty}): the table has no such column"));
            continue;
        };
        if !columns.insert(column.clone()) {
            left_out.push(format!("{path} ({ty}): another field has the column {column}"));
            continue;
        }
        // A field is of the type that its column has.
        let (ty, column_type) = match known {
            Some(_) => fitting(ty, column_type),
            None => (ty, column_type),
        };
        let name = free(&seen.keys.join("."), &mut taken);
        places.push((name.clone(), at));
        let missing = records.len() - seen.count;
        fields.push(Field {
            path: (name != path).then_some(path),
            name,
            ty,
            column,
            column_type,
            always: at == time_at,
            remark: (missing > 0).then(|| format!("in {} of {} records", seen.count, records.len())),
        });
    }
    let named = |wanted: usize| {
        places
            .iter()
            .find(|(_, at)| *at == wanted)
            .map(|(name, _)| name.clone())
    };
    let Some(time) = named(time_at) else {
        return Err(Misuse(format!(
            "{made_from}: the table `{table}` has no column for the time of an event"
        )));
    };
    let always = |seen: &Seen| seen.count == records.len();
    let other_times = places
        .iter()
        .filter(|(_, at)| {
            *at != time_at
                && all
                    .get(*at)
                    .is_some_and(|seen| always(seen) && seen.ty() == FieldType::Time)
        })
        .map(|(name, _)| name.clone())
        .collect();
    let id = likeliest(&all, records.len(), FieldType::Text, &IDS)
        .filter(|at| {
            all.get(*at)
                .is_some_and(|seen| seen.texts.len() == records.len().min(MANY))
        })
        .and_then(named);
    // Columns that something is known of come first.
    let mut own: Vec<&str> = fields.iter().map(|field| field.column.as_str()).collect();
    own.extend(
        known
            .iter()
            .flat_map(|table| &table.columns)
            .map(|column| &*column.name),
    );
    let (table_has, table_lacks) = draft::telling(table, &own, tables);
    let columns = fields
        .iter()
        .map(|field| (field.column.clone(), field.column_type.to_string()));
    Ok(Draft {
        columns: columns.collect(),
        name: name.to_owned(),
        table: table.to_owned(),
        made_from: made_from.to_owned(),
        shape: Some(shape(&all, records.len(), time_at)),
        fields,
        time,
        other_times,
        id,
        left_out,
        table_has,
        table_lacks,
    })
}

/// So many different texts of a member are kept.
const MANY: usize = 1000;

impl Seen {
    fn ty(&self) -> FieldType {
        let types: Vec<FieldType> = self.types.iter().copied().collect();
        match types.as_slice() {
            [] => FieldType::Text,
            [one] => *one,
            [FieldType::Int, FieldType::Real] => FieldType::Real,
            types if types.contains(&FieldType::Json) => FieldType::Json,
            _ => FieldType::Text,
        }
    }

    fn last(&self) -> String {
        let last = self.keys.last().map_or("", String::as_str);
        folded(last)
    }
}

fn folded(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// Looks at what stands at a place, and at what stands below it.
fn walk(keys: &[String], values: &[&Json], all: &mut Vec<Seen>) {
    let mut seen = Seen {
        keys: keys.to_vec(),
        ..Seen::default()
    };
    let mut below: Vec<(String, Vec<&Json>)> = Vec::new();
    let mut objects = 0;
    for value in values.iter().filter(|value| !value.is_missing()) {
        seen.count += 1;
        match value {
            Json::Object(members) => {
                objects += 1;
                for (key, value) in members.iter().filter(|(_, value)| !value.is_missing()) {
                    seen.member_count += 1;
                    match below.iter_mut().find(|(known, _)| **known == **key) {
                        Some((_, values)) => values.push(value),
                        None => below.push((key.to_string(), vec![value])),
                    }
                }
            }
            _ => {
                seen.types.insert(type_of(value));
                if let Json::Text(text) = value
                    && seen.texts.len() < MANY
                {
                    seen.texts.insert(text.to_string());
                }
            }
        }
    }
    seen.members = below.iter().map(|(key, _)| key.clone()).collect();
    let root = keys.is_empty();
    if objects > 0 && (root || is_record(&seen, objects, keys.len())) {
        for (key, values) in below {
            let mut keys = keys.to_vec();
            keys.push(key);
            walk(&keys, &values, all);
        }
        return;
    }
    if objects > 0 {
        seen.types.insert(FieldType::Json);
    }
    if seen.count > 0 && !root {
        all.push(seen);
    }
}

/// Whether objects are records with members of their own, and no open ones: always objects, not too deep, and the same
/// members in most of them.
fn is_record(seen: &Seen, objects: usize, depth: usize) -> bool {
    objects == seen.count
        && depth < DEEPEST
        && !seen.members.is_empty()
        && seen.members.len() <= 40
        && seen.members.iter().all(|key| is_word(key))
        // At least half of all members are in a record, on average.
        && 2 * seen.member_count >= objects * seen.members.len()
}

fn type_of(value: &Json) -> FieldType {
    match value {
        Json::Bool(_) => FieldType::Bool,
        Json::Int(_) => FieldType::Int,
        Json::Real(_) => FieldType::Real,
        Json::Array(_) | Json::Object(_) => FieldType::Json,
        Json::Text(text) if is_time(text) => FieldType::Time,
        Json::Text(_) | Json::Null => FieldType::Text,
    }
}

/// A date with a clock; a bare date or a number may be anything.
fn is_time(text: &str) -> bool {
    text.len() >= 16 && text.contains(':') && text.contains('-') && parse_time(text, None).is_ok()
}

/// The place of a type in all records that looks most like what is wanted by its name; for a time, else the first.
fn likeliest(all: &[Seen], records: usize, ty: FieldType, names: &[&str]) -> Option<usize> {
    let mut fit: Vec<(usize, usize, usize)> = Vec::new();
    for (at, seen) in all.iter().enumerate() {
        if seen.count == records && seen.ty() == ty {
            let rank = names.iter().position(|name| *name == seen.last());
            match rank {
                Some(rank) => fit.push((seen.keys.len(), rank, at)),
                None if ty == FieldType::Time => fit.push((seen.keys.len(), names.len(), at)),
                None => {}
            }
        }
    }
    fit.sort_unstable();
    fit.first().map(|(_, _, at)| *at)
}

/// What tells these records: members that all of them have, and kinds that all of them are of.
fn shape(all: &[Seen], records: usize, time_at: usize) -> Shape {
    let mut there: Vec<(usize, &Seen)> = all
        .iter()
        .enumerate()
        .filter(|(at, seen)| *at != time_at && seen.count == records)
        .collect();
    // Names that many logs have say little.
    let common = |seen: &Seen| {
        matches!(
            seen.last().as_str(),
            "id" | "type" | "version" | "name" | "time" | "message" | "level"
        )
    };
    there.sort_by_key(|(at, seen)| (common(seen), seen.ty() == FieldType::Time, seen.keys.len(), *at));
    let mut has: Vec<String> = there.iter().take(3).map(|(_, seen)| path_of(&seen.keys)).collect();
    if has.is_empty() {
        has.extend(all.get(time_at).map(|seen| path_of(&seen.keys)));
    }
    let kind = |(_, seen): &&(usize, &Seen)| {
        records > 1
            && seen.keys.len() == 1
            && seen.ty() == FieldType::Text
            && seen.texts.len() == 1
            && KINDS.contains(&seen.last().as_str())
    };
    let one_of = there.iter().filter(kind).filter_map(|(_, seen)| {
        let text = seen.texts.first()?;
        Some((path_of(&seen.keys), text.clone()))
    });
    Shape {
        one_of: one_of.take(2).collect(),
        has,
    }
}

/// The column of a place: that of a known table which is called alike, or a new one.
fn column(seen: &Seen, ty: FieldType, time: bool, alone: bool, known: Option<&Table>) -> Option<(String, ColumnType)> {
    let whole = folded(&seen.keys.concat());
    let Some(table) = known else {
        let name = if time {
            "TimeGenerated".to_owned()
        } else {
            pascal(&seen.keys)
        };
        let ty = match ty {
            FieldType::Json => ColumnType::Dynamic,
            FieldType::Text | FieldType::Bool | FieldType::Int | FieldType::Real | FieldType::Time => ty.usual_column(),
        };
        return Some((name, ty));
    };
    let last = seen.last();
    let platform = |name: &str| name.starts_with('_') || matches!(name, "Type" | "TenantId" | "SourceSystem" | "MG");
    let columns = || table.columns.iter().filter(|column| !platform(&column.name));
    // The older interface for custom logs ends a name with its type.
    let typed = |name: &str| {
        let (name, end) = name.rsplit_once('_')?;
        matches!(end, "s" | "d" | "b" | "t" | "g").then(|| folded(name))
    };
    let found = if time {
        columns().find(|column| &*column.name == "TimeGenerated")
    } else {
        None
    };
    let found = found
        .or_else(|| columns().find(|column| folded(&column.name) == whole))
        .or_else(|| columns().find(|column| typed(&column.name).is_some_and(|name| name == whole)))
        .or_else(|| columns().find(|column| alone && folded(&column.name) == last))?;
    Some((found.name.to_string(), column_type(&found.ty.to_string())?))
}

fn column_type(word: &str) -> Option<ColumnType> {
    Some(match word {
        "string" => ColumnType::String,
        "bool" => ColumnType::Bool,
        "long" => ColumnType::Long,
        "int" => ColumnType::Int,
        "real" => ColumnType::Real,
        "datetime" => ColumnType::Datetime,
        "dynamic" => ColumnType::Dynamic,
        _ => return None,
    })
}

/// The type of a field in a column of that type.
fn fitting(ty: FieldType, column: ColumnType) -> (FieldType, ColumnType) {
    let ty = match column {
        ColumnType::String if ty == FieldType::Json => FieldType::Json,
        ColumnType::String => FieldType::Text,
        ColumnType::Bool => FieldType::Bool,
        ColumnType::Long | ColumnType::Int => FieldType::Int,
        ColumnType::Real => FieldType::Real,
        ColumnType::Datetime => FieldType::Time,
        ColumnType::Dynamic => FieldType::Json,
    };
    (ty, column)
}

/// `user.name` as a column: `UserName`.
fn pascal(keys: &[String]) -> String {
    let mut name = String::new();
    for word in keys
        .iter()
        .flat_map(|key| key.split(|c: char| !c.is_ascii_alphanumeric()))
    {
        let mut letters = word.chars();
        name.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    if name.starts_with(|c: char| !c.is_ascii_alphabetic()) {
        name.insert(0, 'C');
    }
    if name.is_empty() { "Column".to_owned() } else { name }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A path as source files write it.
fn path_of(keys: &[String]) -> String {
    let mut path = String::new();
    for key in keys {
        if is_word(key) {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(key);
        } else {
            path.push_str(&format!("[\"{key}\"]"));
        }
    }
    path
}

/// A name that rules can write and that no other field has.
pub(super) fn free(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let fit = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' || c == '.' {
            c
        } else {
            '_'
        }
    };
    let mut words: Vec<String> = wanted
        .chars()
        .map(fit)
        .collect::<String>()
        .split('.')
        .map(|word| word.trim_start_matches('_').to_owned())
        .filter(|word| !word.is_empty())
        .collect();
    for word in &mut words {
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            word.insert(0, '_');
        }
    }
    let mut name = words.join(".");
    // Words of the language, and what every row has.
    let used = format!("{name} is present and not {name} is missing and x == {name}");
    let word = matches!(name.as_str(), "" | "time" | "first" | "last" | "true" | "false");
    if word || crate::syntax::parse_expression(FileId(0), &used).is_err() {
        name = if words.is_empty() {
            "field".to_owned()
        } else {
            format!("its_{name}")
        };
    }
    let mut free = name.clone();
    let mut number = 2;
    while !taken.insert(free.clone()) {
        free = format!("{name}_{number}");
        number += 1;
    }
    free
}

/// The table of a source that has none yet: `my.trail` is `MyTrail_CL`.
pub(super) fn table_of(name: &str) -> String {
    let words: Vec<String> = name.split('.').map(str::to_owned).collect();
    format!("{}_CL", pascal(&words))
}

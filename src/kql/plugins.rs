//! `evaluate`: the plugins `bag_unpack`, `pivot` and `narrow`.

use super::ast::{Evaluate, Expr, ExprKind, Item};
use super::bind::{Env, Machine};
use super::compare::kind;
use super::error::{KqlError, Place};
use super::eval::At;
use super::ops::{limited, scope_of};
use super::table::{Column, Row, Table};
use super::value::{Type, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What happens to a column of the source that a bag has too.
#[derive(Clone, Copy, PartialEq)]
enum Conflict {
    Error,
    ReplaceSource,
    KeepSource,
}

/// The rows of a group by the column of `pivot` that they go to.
type Cells = BTreeMap<Arc<str>, Vec<usize>>;

/// The arguments of `bag_unpack`.
struct Unpack {
    column: usize,
    prefix: Arc<str>,
    conflict: Conflict,
    ignored: BTreeSet<Arc<str>>,
}

/// The most columns that data may name.
const MOST_COLUMNS: usize = 10_000;

impl Machine<'_> {
    pub(super) fn evaluate(
        &self,
        table: Table,
        evaluate: &Evaluate,
        env: &Env,
        place: Place,
    ) -> Result<Table, KqlError> {
        match &*evaluate.plugin {
            "bag_unpack" => self.bag_unpack(&table, evaluate, env, place),
            "pivot" => self.pivot(&table, evaluate, env, place),
            "narrow" if evaluate.args.is_empty() && evaluate.schema.is_none() => self.narrow(&table, place),
            "narrow" => Err(KqlError::at(place, "`narrow` takes no arguments")),
            other => Err(KqlError::at(place, format!("the plugin `{other}` is not supported"))),
        }
    }

    fn unpack_arguments(&self, table: &Table, args: &[Item], env: &Env, place: Place) -> Result<Unpack, KqlError> {
        let Some((first, rest)) = args.split_first() else {
            return Err(KqlError::at(place, "`bag_unpack` takes a column"));
        };
        let column = match &first.expr.kind {
            ExprKind::Name(name) => table.column(name),
            _ => None,
        };
        let column = match column {
            Some(column) => column,
            None if table.open => usize::MAX,
            None => {
                self.bind(&first.expr, scope_of(table, env))?;
                return Err(KqlError::at(first.expr.place, "`bag_unpack` takes a column"));
            }
        };
        if let Some(own) = table.columns.get(column)
            && !own.ty.is_loose()
        {
            return Err(KqlError::at(
                first.expr.place,
                format!("`bag_unpack` takes a dynamic column, this is {}", own.ty),
            ));
        }
        let mut found = Unpack {
            column,
            prefix: "".into(),
            conflict: Conflict::Error,
            ignored: BTreeSet::new(),
        };
        for (index, arg) in rest.iter().enumerate() {
            let (_, value) = self.constant(&arg.expr, env, "an argument of `bag_unpack`")?;
            let name = match (&arg.name, index) {
                (Some((name, _)), _) => Arc::clone(name),
                (None, 0) => "OutputColumnPrefix".into(),
                (None, 1) => "columnsConflict".into(),
                (None, 2) => "ignoredProperties".into(),
                (None, _) => {
                    return Err(KqlError::at(
                        arg.expr.place,
                        "`bag_unpack` takes at most four arguments",
                    ));
                }
            };
            match (&*name, &value) {
                ("OutputColumnPrefix", Value::String(prefix)) => found.prefix = Arc::clone(prefix),
                ("columnsConflict", Value::String(word)) => {
                    found.conflict = match &**word {
                        "error" => Conflict::Error,
                        "replace_source" => Conflict::ReplaceSource,
                        "keep_source" => Conflict::KeepSource,
                        other => {
                            return Err(KqlError::at(
                                arg.expr.place,
                                format!("`{other}` is not `error`, `replace_source` or `keep_source`"),
                            ));
                        }
                    }
                }
                ("ignoredProperties", Value::Array(names)) => {
                    found.ignored = names.iter().map(Value::to_text).collect();
                }
                ("ignoredProperties", Value::Null) => {}
                _ => {
                    return Err(KqlError::at(
                        arg.expr.place,
                        format!("this is no `{name}` of `bag_unpack`"),
                    ));
                }
            }
        }
        Ok(found)
    }

    fn bag_unpack(&self, table: &Table, evaluate: &Evaluate, env: &Env, place: Place) -> Result<Table, KqlError> {
        let unpack = self.unpack_arguments(table, &evaluate.args, env, place)?;
        let rest = |row: &Row| -> Row {
            let kept = row.iter().enumerate().filter(|(at, _)| *at != unpack.column);
            kept.map(|(_, value)| value.clone()).collect()
        };
        let mut columns = table.columns.clone();
        if unpack.column < columns.len() {
            columns.remove(unpack.column);
        }
        // The slots of every bag, and the type that all values of a slot have.
        let mut slots: BTreeMap<Arc<str>, Option<Type>> = BTreeMap::new();
        for row in &table.rows {
            let members = match row.get(unpack.column) {
                Some(Value::Bag(members)) => members,
                None | Some(Value::Null) => continue,
                Some(other) => {
                    return Err(KqlError::at(
                        place,
                        format!("unpacking {}: the documents do not say what it gives", kind(other)),
                    ));
                }
            };
            self.budget.spend(members.len() as u64, place)?;
            for (name, value) in members.iter().filter(|(name, _)| !unpack.ignored.contains(name)) {
                let name: Arc<str> = format!("{}{name}", unpack.prefix).into();
                let own = type_of(value);
                slots
                    .entry(name)
                    .and_modify(|ty| match (*ty, own) {
                        (None, own) => *ty = own,
                        (Some(a), Some(b)) if a != b => *ty = Some(Type::Dynamic),
                        (Some(_), _) => {}
                    })
                    .or_insert(own);
            }
        }
        let mut result = Table {
            columns: columns.clone(),
            rows: Vec::new(),
            serialized: table.serialized,
            open: table.open,
        };
        let wanted: Vec<(Arc<str>, Type)> = match &evaluate.schema {
            Some(schema) => schema.columns.clone(),
            None => slots
                .iter()
                .map(|(name, ty)| (Arc::clone(name), ty.unwrap_or(Type::Dynamic)))
                .collect(),
        };
        match &evaluate.schema {
            None if self.checking => {
                result.open = true;
                if unpack.conflict == Conflict::ReplaceSource {
                    result.columns.iter_mut().for_each(|column| column.ty = Type::Unknown);
                }
                return Ok(result);
            }
            Some(schema) if !schema.all => {
                result.columns.clear();
                result.open = false;
            }
            Some(_) | None => {}
        }
        // Where a wanted column stands in the result, and whether the bag gives it.
        let mut targets = Vec::new();
        for (name, ty) in &wanted {
            let in_source = columns.iter().position(|column| column.name == *name);
            let of_bag = slots.contains_key(name) || in_source.is_none();
            if in_source.is_some() && slots.contains_key(name) && unpack.conflict == Conflict::Error {
                return Err(KqlError::at(
                    place,
                    format!(
                        "`{name}` is a column and a property of the bag; say `columnsConflict='keep_source'` or \
                             `'replace_source'`"
                    ),
                ));
            }
            let of_bag = of_bag && !(in_source.is_some() && unpack.conflict == Conflict::KeepSource);
            let at = match result.column(name) {
                Some(at) => {
                    if let Some(column) = result.columns.get_mut(at).filter(|_| of_bag) {
                        column.ty = *ty;
                    }
                    at
                }
                None => {
                    result.columns.push(Column {
                        name: Arc::clone(name),
                        ty: *ty,
                    });
                    result.columns.len() - 1
                }
            };
            targets.push((at, Arc::clone(name), *ty, of_bag, in_source));
        }
        let all = evaluate.schema.as_ref().is_none_or(|schema| schema.all);
        for row in &table.rows {
            self.budget.spend(result.columns.len() as u64, place)?;
            let bag = row.get(unpack.column).cloned().unwrap_or_default();
            let source = rest(row);
            let mut new = if all { source.clone() } else { Row::new() };
            new.resize(result.columns.len(), Value::Null);
            for (at, name, ty, of_bag, in_source) in &targets {
                let slot = name
                    .strip_prefix(&*unpack.prefix)
                    .filter(|slot| !unpack.ignored.contains(*slot));
                let value = match (of_bag, slot, in_source) {
                    (true, Some(slot), _) => bag.member(slot),
                    (true, None, _) => Value::Null,
                    (false, _, Some(at)) => source.get(*at).cloned().unwrap_or_default(),
                    (false, _, None) => Value::Null,
                };
                if let Some(cell) = new.get_mut(*at) {
                    *cell = as_type(value, *ty, name, place)?;
                }
            }
            result.rows.push(new);
        }
        Ok(result)
    }

    fn pivot(&self, table: &Table, evaluate: &Evaluate, env: &Env, place: Place) -> Result<Table, KqlError> {
        let scope = scope_of(table, env);
        let Some((pivot, rest)) = evaluate.args.split_first() else {
            return Err(KqlError::at(place, "`pivot` takes a column"));
        };
        let on = self.bind(&pivot.expr, scope)?;
        let count = Item {
            name: None,
            expr: Expr {
                kind: ExprKind::Call("count".into(), Vec::new()),
                place,
            },
        };
        let (aggregate, by) = match rest.split_first() {
            Some((first, by)) if matches!(first.expr.kind, ExprKind::Call(..)) => (first, by),
            _ => (&count, rest),
        };
        let aggregates = self.aggregates(std::slice::from_ref(aggregate), false, &[], scope)?;
        let [cell] = aggregates.columns() else {
            return Err(KqlError::at(
                aggregate.expr.place,
                "`pivot` takes an aggregate of one column",
            ));
        };
        let mut used = names(&pivot.expr);
        used.extend(names(&aggregate.expr));
        let mut columns: Vec<usize> = Vec::new();
        for item in by {
            let ExprKind::Name(name) = &item.expr.kind else {
                return Err(KqlError::at(item.expr.place, "`pivot` groups by columns"));
            };
            match table.column(name) {
                Some(at) => columns.push(at),
                None => {
                    self.bind(&item.expr, scope)?;
                }
            }
        }
        if by.is_empty() {
            columns = (0..table.columns.len())
                .filter(|at| {
                    table
                        .columns
                        .get(*at)
                        .is_some_and(|column| !used.contains(&column.name))
                })
                .collect();
        }
        let mut result = Table {
            columns: columns
                .iter()
                .filter_map(|at| table.columns.get(*at).cloned())
                .collect(),
            ..Table::default()
        };
        if self.checking {
            match &evaluate.schema {
                Some(schema) => result.columns = declared(&schema.columns),
                None => result.open = true,
            }
            return Ok(result);
        }
        let mut values: BTreeMap<Arc<str>, ()> = BTreeMap::new();
        let mut groups: Vec<(Row, Cells)> = Vec::new();
        let mut numbers: BTreeMap<Row, usize> = BTreeMap::new();
        for (index, row) in table.rows.iter().enumerate() {
            let value = on.eval(
                At {
                    rows: &table.rows,
                    index,
                },
                &self.budget,
            )?;
            if value.is_empty() {
                return Err(KqlError::at(
                    pivot.expr.place,
                    "a null or an empty text cannot name a column: filter it before `pivot`",
                ));
            }
            let value = value.to_text();
            values.insert(Arc::clone(&value), ());
            let key: Row = columns.iter().filter_map(|at| row.get(*at).cloned()).collect();
            let next = groups.len();
            let number = *numbers.entry(key.clone()).or_insert(next);
            if number == next {
                groups.push((key, Cells::new()));
            }
            if let Some((_, cells)) = groups.get_mut(number) {
                cells.entry(value).or_default().push(index);
            }
        }
        if values.len() > MOST_COLUMNS {
            let what = format!("`pivot` gives more than {MOST_COLUMNS} columns, which is the limit here");
            return Err(KqlError::at(place, what));
        }
        limited(groups.len().saturating_mul(values.len()), place, "`pivot`")?;
        for name in values.keys() {
            if result.column(name).is_some() {
                return Err(KqlError::at(place, format!("there would be two columns `{name}`")));
            }
            result.columns.push(Column {
                name: Arc::clone(name),
                ty: cell.ty,
            });
        }
        for (mut row, cells) in groups {
            for name in values.keys() {
                let group = cells.get(name).map_or(&[][..], Vec::as_slice);
                row.extend(aggregates.row(self, &table.rows, group, place)?);
            }
            result.rows.push(row);
        }
        if let Some(schema) = &evaluate.schema
            && declared(&schema.columns) != result.columns
        {
            return Err(KqlError::at(
                place,
                "the columns of this `pivot` are not those of its schema",
            ));
        }
        Ok(result)
    }

    fn narrow(&self, table: &Table, place: Place) -> Result<Table, KqlError> {
        let mut result = Table::new([("Row", Type::Long), ("Column", Type::String), ("Value", Type::String)]);
        for (number, row) in table.rows.iter().enumerate() {
            for (column, value) in table.columns.iter().zip(row) {
                if !matches!(value, Value::String(_) | Value::Long(_) | Value::Guid(_)) {
                    return Err(KqlError::at(
                        place,
                        format!(
                            "the text that `narrow` gives for {} is not documented; cast it before",
                            kind(value)
                        ),
                    ));
                }
                result.rows.push(vec![
                    Value::Long(i64::try_from(number).unwrap_or(i64::MAX)),
                    Value::String(Arc::clone(&column.name)),
                    Value::String(value.to_text()),
                ]);
                limited(result.rows.len(), place, "`narrow`")?;
            }
        }
        Ok(result)
    }
}

/// The columns of a schema that is written down.
fn declared(schema: &[(Arc<str>, Type)]) -> Vec<Column> {
    schema
        .iter()
        .map(|(name, ty)| Column {
            name: Arc::clone(name),
            ty: *ty,
        })
        .collect()
}

/// The names in an expression.
fn names(expr: &Expr) -> Vec<Arc<str>> {
    let mut found = Vec::new();
    if let ExprKind::Name(name) = &expr.kind {
        found.push(Arc::clone(name));
    }
    // Nothing is changed, so nothing can fail.
    let _ = expr.map(&mut |part| {
        found.extend(names(part));
        Ok(part.clone())
    });
    found
}

/// The type of a value in a bag; none for null.
fn type_of(value: &Value) -> Option<Type> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) => Type::Bool,
        Value::Long(_) => Type::Long,
        Value::Real(_) => Type::Real,
        Value::String(_) => Type::String,
        Value::Datetime(_) => Type::Datetime,
        Value::Timespan(_) => Type::Timespan,
        Value::Guid(_) => Type::Guid,
        Value::Array(_) | Value::Bag(_) => Type::Dynamic,
    })
}

/// A value of a bag in a column of a type.
fn as_type(value: Value, ty: Type, name: &str, place: Place) -> Result<Value, KqlError> {
    let fits = match (type_of(&value), ty) {
        (None, _) => return Ok(ty.null()),
        (_, Type::Dynamic | Type::Unknown) | (Some(Type::Long), Type::Int) => true,
        (Some(Type::Long), Type::Real) => return Ok(super::functions::cast(value, ty)),
        (Some(own), ty) => own == ty,
    };
    if fits {
        return Ok(value);
    }
    Err(KqlError::at(
        place,
        format!(
            "`{name}` holds {}, not {ty}: the documents do not say how it is converted",
            kind(&value)
        ),
    ))
}

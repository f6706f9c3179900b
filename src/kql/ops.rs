//! The operators that take one table.

use super::ast::{ExprKind, Item, Op, OpKind, SortKey};
use super::bind::{Env, Machine, Named, Scope};
use super::columns::{extended_name, item_name, matched, pick, rename};
use super::error::{KqlError, Place};
use super::eval::{At, Bound};
use super::results::spread;
use super::table::{Column, Row, Table};
use super::top::get_schema;
use super::value::{Type, Value};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most rows that any step may give.
pub(super) const MOST_ROWS: usize = 1_000_000;

/// Refuses a table that has become too large.
pub(super) fn limited(rows: usize, place: Place, what: &str) -> Result<(), KqlError> {
    if rows > MOST_ROWS {
        return Err(KqlError::at(
            place,
            format!("{what} gives more than {MOST_ROWS} rows, which is the limit here"),
        ));
    }
    Ok(())
}

impl Machine<'_> {
    pub(super) fn operator(&self, table: Table, op: &Op, env: &Env) -> Result<Table, KqlError> {
        match &op.kind {
            OpKind::Where(condition) => {
                let condition = self.condition(condition, scope_of(&table, env))?;
                let keep = self.flags(&table, &condition)?;
                let mut table = table;
                let mut flags = keep.into_iter();
                table.rows.retain(|_| flags.next().unwrap_or(false));
                Ok(table)
            }
            OpKind::Extend(items) => self.extend(table, items, env),
            OpKind::Serialize(items) => {
                let mut table = table;
                table.serialized = true;
                self.extend(table, items, env)
            }
            OpKind::Project(items) => self.project(table, items, env),
            OpKind::ProjectAway(patterns) => {
                let gone = matched(&table, patterns)?;
                let keep = (0..table.columns.len()).filter(|index| !gone.contains(index)).collect();
                Ok(pick(table, keep))
            }
            OpKind::ProjectKeep(patterns) => {
                let mut kept = matched(&table, patterns)?;
                kept.sort_unstable();
                Ok(pick(table, kept))
            }
            OpKind::ProjectReorder(patterns) => {
                let mut order = matched(&table, patterns)?;
                order.extend(
                    (0..table.columns.len())
                        .filter(|index| !order.contains(index))
                        .collect::<Vec<_>>(),
                );
                Ok(pick(table, order))
            }
            OpKind::ProjectRename(items) => rename(table, items),
            OpKind::Distinct(items) => {
                let mut table = if items.is_empty() {
                    table
                } else {
                    self.project(table, items, env)?
                };
                if let Some(column) = table.columns.iter().find(|column| column.ty == Type::Dynamic) {
                    return Err(KqlError::at(
                        op.place,
                        format!("`distinct` by the dynamic `{}`: cast it", column.name),
                    ));
                }
                let mut seen = BTreeSet::new();
                table.rows.retain(|row| seen.insert(row.clone()));
                table.serialized = false;
                Ok(table)
            }
            OpKind::Summarize(aggregates, by) => self.summarize(&table, aggregates, by.as_deref(), env, op.place),
            OpKind::Join(kind, right, on) => self.join(&table, *kind, right, on, env, op.place),
            OpKind::Lookup(kind, right, on) => self.lookup(&table, *kind, right, on, env, op.place),
            OpKind::Union(union) => self.union(Some(("union_arg0".into(), table)), union, env),
            OpKind::MvExpand(expansion) => self.mv_expand(&table, expansion, env, op.place),
            OpKind::MvApply(expansion, body) => self.mv_apply(&table, expansion, body, env, op.place),
            OpKind::Sort(keys) => self.sort(table, keys, env),
            OpKind::Top(count, key) => {
                let count = self.count(count, env, "the number of `top`")?;
                let mut table = self.sort(table, std::slice::from_ref(key), env)?;
                table.rows.truncate(count);
                Ok(table)
            }
            OpKind::Take(count) => {
                let count = self.count(count, env, "the number of `take`")?;
                let mut table = table;
                table.rows.truncate(count);
                Ok(table)
            }
            OpKind::Count(name) => {
                let mut counted = Table::new([(name.as_deref().unwrap_or("Count"), Type::Long)]);
                counted
                    .rows
                    .push(vec![Value::Long(i64::try_from(table.rows.len()).unwrap_or(i64::MAX))]);
                Ok(counted)
            }
            OpKind::Parse(parse) => self.parse(table, parse, env, op.place),
            OpKind::ParseKv(parse) => self.parse_kv(table, parse, env, op.place),
            OpKind::Invoke(call) => {
                let (name, args) = match &call.kind {
                    ExprKind::Call(name, args) => (name, args.as_slice()),
                    ExprKind::Name(name) => (name, &[][..]),
                    _ => return Err(KqlError::at(call.place, "`invoke` needs a function")),
                };
                match env.find(name) {
                    Some(Named::Function(function, inner)) => self.deeper(call.place, || {
                        self.call(name, function, inner, args, Some(table), env, call.place)
                    }),
                    // A function of Defender, which adds columns from its service.
                    _ if &**name == "FileProfile" && self.checking => {
                        let mut table = table;
                        table.open = true;
                        Ok(table)
                    }
                    _ if &**name == "FileProfile" => Err(KqlError::at(
                        call.place,
                        "`FileProfile` asks a service about files, which is not run",
                    )),
                    _ => Err(KqlError::at(
                        call.place,
                        format!(
                            "there is no function `{name}` to invoke{}",
                            super::names::hint(name, env.functions())
                        ),
                    )),
                }
            }
            OpKind::As(_) | OpKind::Render => Ok(table),
            OpKind::MakeSeries(series) => self.make_series(&table, series, env, op.place),
            OpKind::Scan(scan) => self.scan(&table, scan, env, op.place),
            OpKind::Partition(key, body) => self.partition(&table, key, body, env, op.place),
            OpKind::Evaluate(evaluate) => self.evaluate(table, evaluate, env, op.place),
            OpKind::Search(search) => self.search(Some(table), search, env, op.place),
            OpKind::Sample(count) => {
                // Any rows are a sample; here they are the first.
                let count = self.count(count, env, "the number of `sample`")?;
                let mut table = table;
                table.rows.truncate(count);
                Ok(table)
            }
            OpKind::SampleDistinct(count, item) => {
                let count = self.count(count, env, "the number of `sample-distinct`")?;
                let distinct = Op {
                    kind: OpKind::Distinct(vec![item.clone()]),
                    place: op.place,
                };
                let mut table = self.operator(table, &distinct, env)?;
                table.rows.truncate(count);
                Ok(table)
            }
            OpKind::TopHitters(count, of, by) => self.top_hitters(&table, count, of, by.as_ref(), env, op.place),
            OpKind::TopNested(levels) => self.top_nested(&table, levels, env, op.place),
            OpKind::GetSchema => get_schema(&table, op.place),
            OpKind::ProjectByNames(names) => self.project_by_names(table, names, env, op.place),
        }
    }

    /// For every row whether the condition holds.
    pub(super) fn flags(&self, table: &Table, condition: &Bound) -> Result<Vec<bool>, KqlError> {
        let at = |index| At {
            rows: &table.rows,
            index,
        };
        (0..table.rows.len())
            .map(|index| condition.holds(at(index), &self.budget))
            .collect()
    }

    /// All expressions read the values before the operator.
    fn extend(&self, table: Table, items: &[Item], env: &Env) -> Result<Table, KqlError> {
        let items = &spread(items)?;
        let mut columns = table.columns.clone();
        let mut places = Vec::new();
        let mut bound = Vec::new();
        let mut assigned: Vec<Arc<str>> = Vec::new();
        for item in items {
            let one = self.bind(&item.expr, scope_of(&table, env))?;
            let name = extended_name(&columns, item);
            if assigned.contains(&name) {
                return Err(KqlError::at(item.expr.place, format!("`{name}` is assigned twice")));
            }
            assigned.push(Arc::clone(&name));
            let column = Column { name, ty: one.ty };
            match columns.iter().position(|old| old.name == column.name) {
                Some(at) => {
                    if let Some(old) = columns.get_mut(at) {
                        *old = column;
                    }
                    places.push(at);
                }
                None => {
                    places.push(columns.len());
                    columns.push(column);
                }
            }
            bound.push(one);
        }
        let mut rows = Vec::with_capacity(table.rows.len());
        for (index, row) in table.rows.iter().enumerate() {
            let mut row = row.clone();
            row.resize(columns.len(), Value::Null);
            for (place, one) in places.iter().zip(&bound) {
                let value = one.eval(
                    At {
                        rows: &table.rows,
                        index,
                    },
                    &self.budget,
                )?;
                if let Some(cell) = row.get_mut(*place) {
                    *cell = value;
                }
            }
            rows.push(row);
        }
        Ok(Table {
            columns,
            rows,
            serialized: table.serialized,
            open: table.open,
        })
    }

    fn project(&self, table: Table, items: &[Item], env: &Env) -> Result<Table, KqlError> {
        let items = &spread(items)?;
        let mut columns: Vec<Column> = Vec::new();
        let mut bound = Vec::new();
        for item in items {
            let one = self.bind(&item.expr, scope_of(&table, env))?;
            let name = item_name(&columns, item);
            if columns.iter().any(|column| column.name == name) {
                return Err(KqlError::at(item.expr.place, format!("there are two columns `{name}`")));
            }
            columns.push(Column { name, ty: one.ty });
            bound.push(one);
        }
        let mut rows = Vec::with_capacity(table.rows.len());
        for index in 0..table.rows.len() {
            let at = At {
                rows: &table.rows,
                index,
            };
            let row: Result<Row, KqlError> = bound.iter().map(|one| one.eval(at, &self.budget)).collect();
            rows.push(row?);
        }
        Ok(Table {
            columns,
            rows,
            serialized: table.serialized,
            open: false,
        })
    }

    fn sort(&self, mut table: Table, keys: &[SortKey], env: &Env) -> Result<Table, KqlError> {
        let mut bound = Vec::new();
        for key in keys {
            let one = self.bind(&key.expr.expr, scope_of(&table, env))?;
            if one.ty == Type::Dynamic {
                return Err(KqlError::at(one.place, "sorting by a dynamic: cast it first"));
            }
            bound.push(one);
        }
        let mut order = Vec::with_capacity(table.rows.len());
        for index in 0..table.rows.len() {
            let at = At {
                rows: &table.rows,
                index,
            };
            let values: Result<Row, KqlError> = bound.iter().map(|one| one.eval(at, &self.budget)).collect();
            order.push((values?, index));
        }
        order.sort_by(|(a, _), (b, _)| {
            for ((key, a), b) in keys.iter().zip(a).zip(b) {
                let found = match (a.is_null(), b.is_null()) {
                    (true, true) => Ordering::Equal,
                    (true, false) if key.nulls_first => Ordering::Less,
                    (true, false) => Ordering::Greater,
                    (false, true) if key.nulls_first => Ordering::Greater,
                    (false, true) => Ordering::Less,
                    (false, false) if key.ascending => a.cmp(b),
                    (false, false) => b.cmp(a),
                };
                if found != Ordering::Equal {
                    return found;
                }
            }
            Ordering::Equal
        });
        let mut rows: BTreeMap<usize, Row> = table.rows.into_iter().enumerate().collect();
        table.rows = order.iter().filter_map(|(_, index)| rows.remove(index)).collect();
        table.serialized = true;
        Ok(table)
    }
}

/// The columns of a table as the scope of an expression.
pub(super) fn scope_of<'s>(table: &'s Table, env: &'s Env) -> Scope<'s> {
    Scope {
        columns: &table.columns,
        env,
        serialized: table.serialized,
        open: table.open,
    }
}

//! `search`, `find`, and `*` in the place of a column.

use super::ast::{Expr, ExprKind, Find, Op, OpKind, Search, Union};
use super::bind::{Env, Machine, Scope};
use super::error::{KqlError, Place};
use super::eval::{Bound, Code};
use super::ops::scope_of;
use super::table::{Column, Row, Table};
use super::value::{Type, Value};
use std::sync::Arc;

impl Machine<'_> {
    /// `* has "x"`: whether any column fits. Text columns are compared; whether others are is not documented, so a row
    /// is refused where that makes a difference.
    pub(super) fn any_column(
        &self,
        operator: &str,
        right: &Expr,
        place: Place,
        scope: Scope<'_>,
    ) -> Result<Bound, KqlError> {
        let right = self.bind(right, scope)?;
        if operator.starts_with('!') {
            return Err(KqlError::at(
                place,
                format!("`* {operator}`: whether all columns or any column counts is not documented"),
            ));
        }
        let mut sides = Vec::new();
        let mut doubts = Vec::new();
        for (index, column) in scope.columns.iter().enumerate() {
            let own = Bound::new(column.ty, Code::Column(index), place);
            if column.ty == Type::String || column.ty.is_loose() {
                sides.push(self.binary(operator, own, right.clone(), place)?);
            } else {
                let doubt = if operator == "matches regex" {
                    doubt_regex
                } else {
                    doubt_text
                };
                let code = Code::Call(doubt, true, vec![own, right.clone()]);
                doubts.push(Bound::new(Type::Bool, code, place));
            }
        }
        sides.extend(doubts);
        Ok(Bound::new(Type::Bool, Code::Or(sides), place))
    }

    pub(super) fn search(
        &self,
        table: Option<Table>,
        search: &Search,
        env: &Env,
        place: Place,
    ) -> Result<Table, KqlError> {
        let mut table = match (table, &search.tables) {
            (Some(_), Some(_)) => {
                return Err(KqlError::at(place, "`search` behind a pipe takes no `in (...)`"));
            }
            (Some(mut table), None) => {
                table.columns.insert(
                    0,
                    Column {
                        name: "$table".into(),
                        ty: Type::String,
                    },
                );
                // The name is made up by the service.
                let made_up = Value::text("search_arg0");
                for row in &mut table.rows {
                    row.insert(0, made_up.clone());
                }
                table
            }
            (None, Some(tables)) => {
                let union = Union {
                    withsource: Some("$table".into()),
                    ..tables.clone()
                };
                self.union(None, &union, env)?
            }
            (None, None) => return Err(everywhere("search", place)),
        };
        let predicate = terms(&search.predicate, search.exact_case)?;
        // `$table` is no column of the tables.
        let own = Table {
            columns: table.columns.iter().skip(1).cloned().collect(),
            rows: table
                .rows
                .iter()
                .map(|row| row.iter().skip(1).cloned().collect())
                .collect(),
            serialized: table.serialized,
            open: table.open,
        };
        let condition = self.condition(&predicate, scope_of(&own, env))?;
        let keep = self.flags(&own, &condition)?;
        let mut flags = keep.into_iter();
        table.rows.retain(|_| flags.next().unwrap_or(false));
        Ok(table)
    }

    pub(super) fn find(&self, find: &Find, env: &Env, place: Place) -> Result<Table, KqlError> {
        let Some(tables) = &find.tables else {
            return Err(everywhere("find", place));
        };
        let smart = find.columns.is_none();
        let all = self.union(None, tables, env)?;
        if !self.checking && (smart || find.pack) {
            return Err(KqlError::at(
                place,
                "`find` without `project` of columns, or with `pack_all()`, is not run: which columns are packed is not \
                 documented in full; name them with `project`",
            ));
        }
        let filter = Op {
            kind: OpKind::Where(terms(&find.predicate, false)?),
            place,
        };
        let all = self.operator(all, &filter, env)?;
        let mut result = Table {
            columns: all.columns.iter().take(1).cloned().collect(),
            rows: Vec::new(),
            serialized: false,
            open: smart,
        };
        let mut picked: Vec<Option<usize>> = Vec::new();
        for (name, ty, place) in find.columns.iter().flatten() {
            let at = all.column(name);
            let own = at.and_then(|at| all.columns.get(at)).map(|column| column.ty);
            let ty = match (own, ty) {
                (Some(own), Some(ty)) if own != *ty && own != Type::Unknown && !self.checking => {
                    return Err(KqlError::at(
                        *place,
                        format!("`project {name}:{ty}` of {own} converts it, which is not supported"),
                    ));
                }
                (_, Some(ty)) => *ty,
                (Some(own), None) => own,
                (None, None) if all.open => Type::Unknown,
                (None, None) => {
                    return Err(KqlError::at(
                        *place,
                        format!("none of the tables has a column `{name}`"),
                    ));
                }
            };
            result.columns.push(Column {
                name: Arc::clone(name),
                ty,
            });
            picked.push(at);
        }
        if find.pack || smart {
            result.columns.push(Column {
                name: "pack_".into(),
                ty: Type::Dynamic,
            });
        }
        for row in &all.rows {
            let mut new: Row = row.iter().take(1).cloned().collect();
            for (at, column) in picked.iter().zip(result.columns.iter().skip(1)) {
                let value = at.and_then(|at| row.get(at)).cloned();
                new.push(value.unwrap_or_else(|| column.ty.null()));
            }
            result.rows.push(new);
        }
        Ok(result)
    }
}

fn everywhere(operator: &str, place: Place) -> KqlError {
    KqlError::at(
        place,
        format!(
            "`{operator}` over all tables of a workspace, which are not known here, and which a scheduled rule may not \
             read: name them, `{operator} in (Table) ...`"
        ),
    )
}

/// The predicate of a search with its terms written out as comparisons.
fn terms(expr: &Expr, exact_case: bool) -> Result<Expr, KqlError> {
    let place = expr.place;
    let make = |kind| Expr { kind, place };
    let (column, text) = match &expr.kind {
        ExprKind::Literal(Type::String, text) => (make(ExprKind::Star), text),
        ExprKind::Binary(operator, column, text) if &**operator == ":" => match &text.kind {
            ExprKind::Literal(Type::String, text) => ((**column).clone(), text),
            _ => return Err(KqlError::at(place, "`:` takes a text")),
        },
        ExprKind::Star => return Ok(make(ExprKind::Literal(Type::Bool, Value::Bool(true)))),
        ExprKind::And(sides) => {
            let sides: Result<Vec<Expr>, KqlError> = sides.iter().map(|side| terms(side, exact_case)).collect();
            return Ok(make(ExprKind::And(sides?)));
        }
        ExprKind::Or(sides) => {
            let sides: Result<Vec<Expr>, KqlError> = sides.iter().map(|side| terms(side, exact_case)).collect();
            return Ok(make(ExprKind::Or(sides?)));
        }
        ExprKind::Call(name, args) if &**name == "not" && args.len() == 1 => {
            return expr.map(&mut |inner| terms(inner, exact_case));
        }
        ExprKind::Binary(operator, a, b) if exact_case => {
            let operator = match &**operator {
                "=~" => "==",
                "!~" => "!=",
                other => other,
            };
            let plain = operator.trim_start_matches('!');
            let worded = matches!(
                plain,
                "has" | "hasprefix" | "hassuffix" | "contains" | "startswith" | "endswith"
            );
            let operator = if worded {
                format!("{operator}_cs")
            } else {
                operator.to_owned()
            };
            return Ok(make(ExprKind::Binary(operator.into(), a.clone(), b.clone())));
        }
        _ => return Ok(expr.clone()),
    };
    let text = text.to_text();
    let bare = text.trim_matches('*');
    let (operator, needle) = match (text.starts_with('*'), text.ends_with('*')) {
        _ if bare.contains('*') => {
            let parts: Vec<String> = bare.split('*').map(regex::escape).collect();
            let case = if exact_case { "" } else { "(?i)" };
            let head = if text.starts_with('*') { "" } else { r"\b" };
            let tail = if text.ends_with('*') { "" } else { r"\b" };
            ("matches regex", format!("{case}{head}{}{tail}", parts.join(".*")))
        }
        (false, false) => ("has", bare.to_owned()),
        (true, false) => ("hassuffix", bare.to_owned()),
        (false, true) => ("hasprefix", bare.to_owned()),
        (true, true) => ("contains", bare.to_owned()),
    };
    let operator: Arc<str> = if exact_case && operator != "matches regex" {
        format!("{operator}_cs").into()
    } else {
        operator.into()
    };
    let needle = make(ExprKind::Literal(Type::String, Value::text(needle)));
    Ok(make(ExprKind::Binary(operator, Box::new(column), Box::new(needle))))
}

/// False, unless the text of a value that is no text would fit.
fn doubt_text(args: &[Value]) -> super::functions::Answer {
    let (Some(value), Some(needle)) = (args.first(), args.get(1)) else {
        return Ok(Value::Bool(false));
    };
    let inside = value
        .to_text()
        .to_lowercase()
        .contains(&needle.to_text().to_lowercase());
    doubt(value, inside && !value.is_null())
}

fn doubt_regex(args: &[Value]) -> super::functions::Answer {
    let (Some(value), Some(pattern)) = (args.first(), args.get(1)) else {
        return Ok(Value::Bool(false));
    };
    let fits = super::functions::regex(&pattern.to_text())?.is_match(&value.to_text());
    doubt(value, fits && !value.is_null())
}

fn doubt(value: &Value, fits: bool) -> super::functions::Answer {
    if fits {
        return Err(format!(
            "whether `*` looks into {} is not documented, and here it matters; name the columns",
            super::compare::kind(value)
        ));
    }
    Ok(Value::Bool(false))
}

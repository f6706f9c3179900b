//! Resolves function calls: the user's functions, those that look at types, rows or the clock, and all others.

use super::arithmetic;
use super::ast::{ExprKind, Function, Item};
use super::bind::{Env, Machine, Named, Scope};
use super::error::{KqlError, Place};
use super::eval::{Bound, Code};
use super::functions;
use super::value::{Type, Value};
use std::sync::Arc;

/// The column that stands for `ingestion_time()` in tables made of fixtures.
pub const INGESTION_TIME: &str = "_IngestionTime";

impl Machine<'_> {
    pub(super) fn bind_call(
        &self,
        name: &Arc<str>,
        args: &[Item],
        place: Place,
        scope: Scope<'_>,
    ) -> Result<Bound, KqlError> {
        if let Some(Named::Function(function, env)) = scope.env.find(name) {
            return self.deeper_by(4, place, || self.bind_own(name, function, env, args, place, scope));
        }
        match &**name {
            "toscalar" => return self.toscalar(args, place, scope),
            "column_ifexists" | "columnifexists" => return self.column_ifexists(args, place, scope),
            "extract" => return self.extract(args, place, scope),
            "column_names_of" => return self.column_names_of(args, place, scope),
            "tostring" => {
                if let Some(found) = self.text_of_split(args, place, scope)? {
                    return Ok(found);
                }
            }
            "materialize" | "table" => {
                return Err(KqlError::at(
                    place,
                    format!("`{name}` gives a table, which cannot stand here"),
                ));
            }
            _ => {}
        }
        let mut bound = Vec::with_capacity(args.len());
        for arg in args {
            if let Some((name, place)) = &arg.name {
                return Err(KqlError::at(
                    *place,
                    format!("the named argument `{name}` is not supported"),
                ));
            }
            bound.push(self.bind(&arg.expr, scope)?);
        }
        if let Some(found) = self.special(name, &bound, place, scope)? {
            return Ok(found);
        }
        let Some(function) = functions::find(name) else {
            let what = if super::aggregate::is_aggregate(name) {
                format!("the aggregate `{name}` only stands in `summarize`")
            } else if super::names::is_function(name) {
                format!("the function `{name}` is not supported")
            } else {
                let own = scope.env.functions();
                let hint = super::names::hint(name, own.into_iter().chain(super::names::functions()));
                format!("there is no function `{name}`{hint}")
            };
            return Err(KqlError::at(place, what));
        };
        let args = check(name, function.args, bound, place)?;
        Ok(Bound::new(
            function.ty,
            Code::Call(function.run, function.takes_null, args),
            place,
        ))
    }

    /// Functions that look at types, rows or the clock.
    fn special(&self, name: &str, args: &[Bound], place: Place, scope: Scope<'_>) -> Result<Option<Bound>, KqlError> {
        let make = |ty, code| Ok(Some(Bound::new(ty, code, place)));
        let now = Bound::constant(Type::Datetime, Value::Datetime(self.clock.now()), place);
        let wrong = |what: &str| Err(KqlError::at(place, format!("`{name}` takes {what}")));
        match (name, args) {
            ("now", []) => Ok(Some(now)),
            ("now", [offset]) if matches!(offset.ty, Type::Timespan | Type::Unknown) => {
                make(Type::Datetime, Code::Arithmetic('+', now, offset.clone()))
            }
            ("ago", [span]) if matches!(span.ty, Type::Timespan | Type::Unknown) => {
                make(Type::Datetime, Code::Arithmetic('-', now, span.clone()))
            }
            ("now" | "ago", _) => wrong("a timespan"),
            ("ingestion_time", []) => {
                let index = scope
                    .columns
                    .iter()
                    .position(|c| &*c.name == INGESTION_TIME && c.ty == Type::Datetime);
                match index {
                    Some(index) => make(Type::Datetime, Code::Column(index)),
                    None if self.checking => make(Type::Datetime, Code::Unknown),
                    None => Err(KqlError::at(
                        place,
                        format!("`ingestion_time()` needs a column `{INGESTION_TIME}` of type datetime here"),
                    )),
                }
            }
            ("not", [inner]) if matches!(inner.ty, Type::Bool | Type::Unknown) => {
                make(Type::Bool, Code::Not(inner.clone()))
            }
            ("not", _) => wrong("one bool"),
            ("isempty", [inner]) => make(Type::Bool, Code::IsEmpty(inner.clone())),
            ("isnotempty" | "notempty", [inner]) => {
                let empty = Bound::new(Type::Bool, Code::IsEmpty(inner.clone()), place);
                make(Type::Bool, Code::Not(empty))
            }
            ("isnull", [inner]) => make(Type::Bool, Code::IsNull(inner.clone())),
            ("isnotnull" | "notnull", [inner]) => {
                let null = Bound::new(Type::Bool, Code::IsNull(inner.clone()), place);
                make(Type::Bool, Code::Not(null))
            }
            ("isempty" | "isnotempty" | "notempty" | "isnull" | "isnotnull" | "notnull", _) => wrong("one argument"),
            ("iff" | "iif", [condition, a, b]) => Ok(Some(self.case(
                name,
                vec![(condition.clone(), a.clone())],
                b.clone(),
                place,
            )?)),
            ("iff" | "iif", _) => wrong("three arguments"),
            ("case", args) => {
                let [arms @ .., rest] = args else {
                    return wrong("conditions with values, and the rest");
                };
                if arms.is_empty() || arms.len() % 2 != 0 {
                    return wrong("conditions with values, and the rest");
                }
                let pairs = arms.chunks(2).filter_map(|pair| match pair {
                    [condition, value] => Some((condition.clone(), value.clone())),
                    _ => None,
                });
                Ok(Some(self.case(name, pairs.collect(), rest.clone(), place)?))
            }
            ("coalesce", [_, _, ..]) if args.len() <= 64 => {
                let ty = common(name, args.iter(), place)?;
                make(
                    ty,
                    Code::Coalesce(args.iter().map(|arg| cast_to(ty, arg.clone())).collect()),
                )
            }
            ("coalesce", _) => wrong("2 to 64 arguments"),
            ("bin" | "floor", [value, size]) => {
                let ty = match (value.ty, size.ty) {
                    (Type::Unknown, _) | (_, Type::Unknown) => Type::Unknown,
                    (Type::Datetime, Type::Timespan) => Type::Datetime,
                    (Type::Timespan, Type::Timespan) => Type::Timespan,
                    (Type::Int | Type::Long, Type::Int | Type::Long) => Type::Long,
                    (a, b) if a.is_number() && b.is_number() => Type::Real,
                    (a, b) => return Err(KqlError::at(place, format!("`{name}` cannot take {a} and {b}"))),
                };
                let args = vec![cast_to(ty, value.clone()), size.clone()];
                let run = |args: &[Value]| match args {
                    [value, size] => arithmetic::bin(value, size),
                    _ => Ok(Value::Null),
                };
                make(ty, Code::Call(run, false, args))
            }
            ("bin" | "floor", _) => wrong("a value and a size"),
            ("max_of", [_, _, ..]) => self.extreme(name, args, place, |a, b| a > b).map(Some),
            ("min_of", [_, _, ..]) => self.extreme(name, args, place, |a, b| a < b).map(Some),
            ("abs", [value]) if value.ty.is_number() || value.ty == Type::Unknown || value.ty == Type::Timespan => {
                let run = |args: &[Value]| {
                    let out_of_range = || "`abs` of the smallest number leaves its range".to_owned();
                    Ok(match args.first() {
                        Some(Value::Long(n)) => Value::Long(n.checked_abs().ok_or_else(out_of_range)?),
                        Some(Value::Timespan(n)) => Value::Timespan(n.checked_abs().ok_or_else(out_of_range)?),
                        Some(Value::Real(n)) => Value::Real(n.abs()),
                        _ => Value::Null,
                    })
                };
                make(value.ty, Code::Call(run, false, vec![value.clone()]))
            }
            ("gettype", [value]) => self.gettype(value, place).map(Some),
            _ => self.row_function(name, args, place, scope),
        }
    }

    fn case(&self, name: &str, arms: Vec<(Bound, Bound)>, rest: Bound, place: Place) -> Result<Bound, KqlError> {
        for (condition, _) in &arms {
            if !matches!(condition.ty, Type::Bool | Type::Unknown) {
                return Err(KqlError::at(
                    condition.place,
                    format!("a condition of `{name}` must be bool, this is {}", condition.ty),
                ));
            }
        }
        let values = || arms.iter().map(|(_, value)| value).chain([&rest]);
        // Beside a dynamic the type of the others counts; others of several types make a dynamic.
        let firm: Vec<&Bound> = values().filter(|value| value.ty != Type::Dynamic).collect();
        let ty = match common(name, firm.into_iter(), place) {
            Ok(ty) => ty,
            Err(_) => Type::Dynamic,
        };
        let arms: Result<Vec<(Bound, Bound)>, KqlError> = arms
            .into_iter()
            .map(|(condition, value)| Ok((condition, fit(ty, value, name)?)))
            .collect();
        Ok(Bound::new(ty, Code::Case(arms?, fit(ty, rest, name)?), place))
    }

    /// `max_of`, `min_of`: nulls are passed over only if all others are refused, so any null is refused.
    fn extreme(
        &self,
        name: &str,
        args: &[Bound],
        place: Place,
        better: fn(&Value, &Value) -> bool,
    ) -> Result<Bound, KqlError> {
        let ty = common(name, args.iter(), place)?;
        if matches!(ty, Type::Dynamic | Type::Bool | Type::Guid) {
            return Err(KqlError::at(place, format!("`{name}` of {ty} is not supported")));
        }
        let mut args = args.iter().map(|arg| cast_to(ty, arg.clone()));
        let Some(mut best) = args.next() else {
            return Err(KqlError::at(place, format!("`{name}` needs arguments")));
        };
        let run: fn(&[Value]) -> functions::Answer = if better(&Value::Long(1), &Value::Long(0)) {
            |pair| pick(pair, "max_of", |a, b| a >= b)
        } else {
            |pair| pick(pair, "min_of", |a, b| a <= b)
        };
        for next in args {
            best = Bound::new(ty, Code::Call(run, true, vec![best, next]), place);
        }
        Ok(best)
    }

    /// `gettype`: of a dynamic it depends on the value.
    fn gettype(&self, value: &Bound, place: Place) -> Result<Bound, KqlError> {
        if !value.ty.is_loose() {
            return Ok(Bound::constant(Type::String, Value::text(value.ty.to_string()), place));
        }
        let run = |args: &[Value]| {
            Ok(Value::text(match args.first() {
                None | Some(Value::Null) => "null",
                Some(Value::Bool(_)) => "bool",
                Some(Value::Long(_)) => "long",
                Some(Value::Real(_)) => "real",
                Some(Value::String(_)) => "string",
                Some(Value::Datetime(_)) => "datetime",
                Some(Value::Timespan(_)) => "timespan",
                Some(Value::Guid(_)) => "guid",
                Some(Value::Array(_)) => "array",
                Some(Value::Bag(_)) => "dictionary",
            }))
        };
        Ok(Bound::new(
            Type::String,
            Code::Call(run, true, vec![value.clone()]),
            place,
        ))
    }

    fn toscalar(&self, args: &[Item], place: Place, scope: Scope<'_>) -> Result<Bound, KqlError> {
        let [arg] = args else {
            return Err(KqlError::at(place, "`toscalar` takes one table"));
        };
        if !self.is_table(&arg.expr, scope.env) {
            return self.bind(&arg.expr, scope);
        }
        let table = self.table_of(&arg.expr, scope.env)?;
        let Some(column) = table.columns.first() else {
            return Err(KqlError::at(place, "this table has no column"));
        };
        let first = table.rows.first().and_then(|row| row.first().cloned());
        if table.rows.len() > 1 && !table.serialized {
            let alike = table.rows.iter().all(|row| row.first() == first.as_ref());
            if !alike {
                return Err(KqlError::at(
                    place,
                    "`toscalar` of several rows in no order: which one counts is not defined",
                ));
            }
        }
        Ok(Bound::constant(
            column.ty,
            first.unwrap_or_else(|| column.ty.null()),
            place,
        ))
    }

    fn column_names_of(&self, args: &[Item], place: Place, scope: Scope<'_>) -> Result<Bound, KqlError> {
        let [arg] = args else {
            return Err(KqlError::at(place, "`column_names_of` takes one table"));
        };
        let table = self.table_of(&arg.expr, scope.env)?;
        let names = table
            .columns
            .iter()
            .map(|column| Value::String(Arc::clone(&column.name)));
        Ok(Bound::constant(Type::Dynamic, Value::array(names.collect()), place))
    }

    fn column_ifexists(&self, args: &[Item], place: Place, scope: Scope<'_>) -> Result<Bound, KqlError> {
        let [name, default] = args else {
            return Err(KqlError::at(place, "`column_ifexists` takes a name and a default"));
        };
        let (_, name) = self.constant(&name.expr, scope.env, "the name of a column")?;
        let name = name.to_text();
        match scope.columns.iter().position(|column| column.name == name) {
            Some(index) => {
                let ty = scope.columns.get(index).map_or(Type::Dynamic, |column| column.ty);
                Ok(Bound::new(ty, Code::Column(index), place))
            }
            None if scope.open => Ok(Bound::new(Type::Unknown, Code::Unknown, place)),
            None => self.bind(&default.expr, scope),
        }
    }

    /// `tostring(split(x, d, n)[0])`: an index past the end gives `""` here, whatever `split` gives for it.
    fn text_of_split(&self, args: &[Item], place: Place, scope: Scope<'_>) -> Result<Option<Bound>, KqlError> {
        let [arg] = args else { return Ok(None) };
        let ExprKind::Index(of, index) = &arg.expr.kind else {
            return Ok(None);
        };
        let ExprKind::Call(name, inner) = &of.kind else {
            return Ok(None);
        };
        let first = matches!(index.kind, ExprKind::Literal(_, Value::Long(0)));
        if &**name != "split" || inner.len() != 3 || !first || scope.env.find(name).is_some() {
            return Ok(None);
        }
        let bound: Result<Vec<Bound>, KqlError> = inner.iter().map(|arg| self.bind(&arg.expr, scope)).collect();
        let bound = check("split", "ssl", bound?, of.place)?;
        let parts = Bound::new(
            Type::Dynamic,
            Code::Call(functions::split_for_text, false, bound),
            of.place,
        );
        let zero = Bound::constant(Type::Long, Value::Long(0), index.place);
        let part = Bound::new(Type::Dynamic, Code::Index(parts, zero), place);
        let Some(function) = functions::find("tostring") else {
            return Ok(None);
        };
        Ok(Some(Bound::new(
            Type::String,
            Code::Call(function.run, true, vec![part]),
            place,
        )))
    }

    fn extract(&self, args: &[Item], place: Place, scope: Scope<'_>) -> Result<Bound, KqlError> {
        let [regex, group, source, to @ ..] = args else {
            return Err(KqlError::at(place, "`extract` takes a regex, a group and a text"));
        };
        let bound = vec![
            self.bind(&regex.expr, scope)?,
            self.bind(&group.expr, scope)?,
            self.bind(&source.expr, scope)?,
        ];
        let bound = check("extract", "sls", bound, place)?;
        let text = Bound::new(Type::String, Code::Call(functions::extract, false, bound), place);
        match to.first().map(|item| &item.expr.kind) {
            None | Some(ExprKind::TypeOf(Type::String)) => Ok(text),
            Some(ExprKind::TypeOf(ty)) => {
                let name = match ty {
                    Type::Long => "tolong",
                    Type::Int => "toint",
                    Type::Real => "toreal",
                    Type::Bool => "tobool",
                    Type::Datetime => "todatetime",
                    Type::Timespan => "totimespan",
                    other => return Err(KqlError::at(place, format!("`extract` to {other} is not supported"))),
                };
                match functions::find(name) {
                    Some(function) => Ok(Bound::new(*ty, Code::Call(function.run, false, vec![text]), place)),
                    None => Ok(text),
                }
            }
            Some(_) => Err(KqlError::at(place, "the fourth argument of `extract` is `typeof(...)`")),
        }
    }

    /// A function of the query, written out.
    fn bind_own(
        &self,
        name: &str,
        function: &Function,
        env: &Env,
        args: &[Item],
        place: Place,
        scope: Scope<'_>,
    ) -> Result<Bound, KqlError> {
        if self.body_is_table(function, env) {
            return Err(KqlError::at(
                place,
                format!("`{name}` gives a table, which cannot stand here"),
            ));
        }
        let mut inner = env.clone();
        for (index, param) in function.params.iter().enumerate() {
            let ty = match param.ty {
                Some(ty) => ty,
                None => {
                    return Err(KqlError::at(
                        place,
                        format!("`{name}` takes a table, which cannot stand here"),
                    ));
                }
            };
            let arg = argument(args, index, &param.name);
            let bound = match (arg, &param.default) {
                (Some(arg), _) => self.bind(&arg.expr, scope)?,
                (None, Some(default)) => {
                    let (ty, value) = self.constant(default, env, "a default")?;
                    Bound::constant(ty, value, place)
                }
                (None, None) => return Err(KqlError::at(place, format!("`{name}` misses `{}`", param.name))),
            };
            inner = inner.with(&param.name, Named::Scalar(fit(ty, bound, &param.name)?));
        }
        if args.len() > function.params.len() {
            return Err(KqlError::at(
                place,
                format!("`{name}` takes {} arguments", function.params.len()),
            ));
        }
        let inner = self.lets(&function.body, &inner)?;
        let bound = self.scalar(&function.body.result, &inner)?;
        Ok(Bound { place, ..bound })
    }
}

/// The argument of a parameter: by its name, or by its place.
pub(super) fn argument<'i>(args: &'i [Item], index: usize, name: &str) -> Option<&'i Item> {
    let named = args
        .iter()
        .find(|arg| matches!(&arg.name, Some((own, _)) if &**own == name));
    named.or_else(|| args.get(index).filter(|arg| arg.name.is_none()))
}

/// An argument as its parameter wants it.
pub(super) fn fit(ty: Type, bound: Bound, name: &str) -> Result<Bound, KqlError> {
    let widens = ty.is_number() && bound.ty.is_number() && (ty == Type::Real || bound.ty != Type::Real);
    if ty == bound.ty {
        Ok(bound)
    } else if widens || ty.is_loose() || bound.ty == Type::Unknown {
        Ok(cast_to(ty, bound))
    } else if bound.ty == Type::Dynamic {
        let place = bound.place;
        Ok(Bound::new(ty, Code::Narrow(bound), place))
    } else {
        Err(KqlError::at(
            bound.place,
            format!("`{name}` is {ty}, this is {}", bound.ty),
        ))
    }
}

fn pick(pair: &[Value], name: &str, keep: fn(&Value, &Value) -> bool) -> functions::Answer {
    match pair {
        [Value::Null, _] | [_, Value::Null] => {
            Err(format!("`{name}` with a null: the documents do not say what it gives"))
        }
        [a, b] => Ok(if keep(a, b) { a.clone() } else { b.clone() }),
        _ => Ok(Value::Null),
    }
}

/// The type that all values have, numbers widened.
fn common<'b>(name: &str, values: impl Iterator<Item = &'b Bound>, place: Place) -> Result<Type, KqlError> {
    let mut found: Option<Type> = None;
    for value in values {
        found = Some(match (found, value.ty) {
            (None | Some(Type::Unknown), ty) => ty,
            (Some(a), Type::Unknown) => a,
            (Some(a), b) if a == b => a,
            (Some(a), b) if a.is_number() && b.is_number() => {
                if a == Type::Real || b == Type::Real {
                    Type::Real
                } else {
                    Type::Long
                }
            }
            (Some(a), b) => {
                return Err(KqlError::at(
                    place,
                    format!("the values of `{name}` must have one type, here are {a} and {b}; cast one of them"),
                ));
            }
        });
    }
    found.ok_or_else(|| KqlError::at(place, format!("`{name}` needs arguments")))
}

pub(super) fn cast_to(ty: Type, bound: Bound) -> Bound {
    if bound.ty == ty || ty == Type::Dynamic && bound.ty != Type::Unknown && bound.ty.is_loose() {
        return bound;
    }
    let place = bound.place;
    Bound::new(ty, Code::Cast(bound), place)
}

/// Arguments against the letters of [`functions::Function::args`].
fn check(name: &str, letters: &str, args: Vec<Bound>, place: Place) -> Result<Vec<Bound>, KqlError> {
    let least = letters.split('?').next().unwrap_or("").trim_end_matches('*').len();
    let all: Vec<char> = letters.chars().filter(|c| *c != '?').collect();
    let repeats = all.last() == Some(&'*');
    let most = if repeats { usize::MAX } else { all.len() };
    if args.len() < least || args.len() > most {
        let wanted = match (repeats, least == most) {
            (true, _) => format!("{least} or more"),
            (false, true) => least.to_string(),
            (false, false) => format!("{least} to {most}"),
        };
        return Err(KqlError::at(
            place,
            format!("`{name}` takes {wanted} arguments, here are {}", args.len()),
        ));
    }
    let mut checked = Vec::with_capacity(args.len());
    for (index, arg) in args.into_iter().enumerate() {
        let last = all.len().saturating_sub(if repeats { 2 } else { 1 });
        let letter = all.get(index.min(last)).copied().unwrap_or('a');
        let fits = match letter {
            _ if arg.ty == Type::Unknown => true,
            's' => matches!(arg.ty, Type::String | Type::Dynamic),
            'd' => arg.ty == Type::Dynamic,
            'n' => arg.ty.is_number(),
            'l' => matches!(arg.ty, Type::Int | Type::Long),
            't' => arg.ty == Type::Datetime,
            'p' => arg.ty == Type::Timespan,
            'b' => arg.ty == Type::Bool,
            _ => true,
        };
        if !fits {
            let wanted = match letter {
                's' => "a string",
                'd' => "a dynamic",
                'n' => "a number",
                'l' => "a whole number",
                't' => "a datetime",
                'p' => "a timespan",
                _ => "a bool",
            };
            return Err(KqlError::at(
                arg.place,
                format!("`{name}` needs {wanted} here, this is {}", arg.ty),
            ));
        }
        checked.push(arg);
    }
    Ok(checked)
}

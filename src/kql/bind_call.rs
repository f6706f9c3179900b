//! Resolves function calls: the user's functions, those that look at rows or the clock, and all others. Those whose type
//! depends on their arguments are in `bind_typed.rs`.

use super::ast::{ExprKind, Function, Item};
use super::bind::{Env, Machine, Named, Scope};
use super::bind_typed::cast_to;
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
            "extract_json" | "extractjson" => return self.extract_json(name, args, place, scope),
            "pack_all" => return self.pack_all(args, place, scope),
            "bag_pack_columns" => return self.pack_columns(args, place, scope),
            "pack_array" if matches!(args, [only] if matches!(only.expr.kind, ExprKind::Star)) => {
                return self.pack_array(place, scope);
            }
            "iscolumnexists" => return self.has_column(args, place, scope),
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
        if let Some(found) = self.typed(name, &bound, place)? {
            return Ok(found);
        }
        let Some(function) = functions::find(name) else {
            if super::aggregate::is_aggregate(name) {
                return Err(KqlError::at(
                    place,
                    format!("the aggregate `{name}` only stands in `summarize`"),
                ));
            }
            if !super::names::is_function(name) {
                let own = scope.env.functions();
                let hint = super::names::hint(name, own.into_iter().chain(super::names::functions()));
                return Err(KqlError::at(place, format!("there is no function `{name}`{hint}")));
            }
            let what = format!("the function `{name}` is not supported");
            let Some((ty, why)) = functions::refusal(name) else {
                return Err(KqlError::at(place, what));
            };
            // Kusto has it: the query is in order, and only a value is refused.
            bound.push(Bound::constant(
                Type::String,
                Value::text(format!("{what}: {why}")),
                place,
            ));
            let run = |args: &[Value]| Err(args.last().map_or_else(String::new, |why| why.to_text().to_string()));
            return Ok(Bound::new(ty, Code::Call(run, true, bound), place));
        };
        let args = check(name, function.args, bound, place)?;
        Ok(Bound::new(
            function.ty,
            Code::Call(function.run, function.takes_null, args),
            place,
        ))
    }

    /// Functions that look at rows or the clock.
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
            _ => self.row_function(name, args, place, scope),
        }
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
            if table.open {
                return Ok(Bound::constant(Type::Unknown, Value::Null, place));
            }
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

/// Arguments against the letters of [`functions::Function::args`].
pub(super) fn check(name: &str, letters: &str, args: Vec<Bound>, place: Place) -> Result<Vec<Bound>, KqlError> {
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
            format!(
                "`{name}` takes {wanted} argument{}, here {}",
                if wanted == "1" { "" } else { "s" },
                match args.len() {
                    0 => "is none".to_owned(),
                    1 => "is one".to_owned(),
                    many => format!("are {many}"),
                }
            ),
        ));
    }
    let mut checked = Vec::with_capacity(args.len());
    for (index, arg) in args.into_iter().enumerate() {
        let last = all.len().saturating_sub(if repeats { 2 } else { 1 });
        let letter = all.get(index.min(last)).copied().unwrap_or('a');
        let fits = match letter {
            _ if arg.ty == Type::Unknown => true,
            's' => matches!(arg.ty, Type::String | Type::Dynamic),
            'x' => arg.ty != Type::Dynamic,
            'g' => arg.ty == Type::Guid,
            'e' => arg.ty == Type::Dynamic || arg.ty.is_number(),
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
                'x' => "a value that is not dynamic",
                'g' => "a guid",
                'e' => "a series or a number",
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

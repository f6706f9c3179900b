//! Functions whose type depends on that of their arguments, or on the columns that are there.

use super::arithmetic;
use super::ast::{ExprKind, Item};
use super::bind::{Machine, Scope};
use super::bind_call::check;
use super::error::{KqlError, Place};
use super::eval::{Bound, Code};
use super::functions::{self, Answer};
use super::value::{Type, Value};
use std::sync::Arc;

/// The names of these functions, for the list of all.
#[cfg(test)]
pub(super) const NAMES: &str = "not isempty isnotempty notempty isnull isnotnull notnull iff iif case coalesce bin floor \
    bin_at max_of min_of abs round ceiling gettype around assert extract extract_json extractjson pack_all \
    bag_pack_columns iscolumnexists";

impl Machine<'_> {
    /// Functions of bound arguments.
    pub(super) fn typed(&self, name: &str, args: &[Bound], place: Place) -> Result<Option<Bound>, KqlError> {
        let make = |ty, code| Ok(Some(Bound::new(ty, code, place)));
        let wrong = |what: &str| Err(KqlError::at(place, format!("`{name}` takes {what}")));
        let mismatch = |args: &[&Bound]| {
            let types: Vec<String> = args.iter().map(|arg| arg.ty.to_string()).collect();
            Err(KqlError::at(
                place,
                format!("`{name}` cannot take {}", types.join(" and ")),
            ))
        };
        if args.iter().any(|arg| arg.ty == Type::Unknown)
            && let Some(ty) = unknown_result(name, args, place)
        {
            return make(ty, Code::Unknown);
        }
        match (name, args) {
            ("not", [inner]) if inner.ty == Type::Bool => make(Type::Bool, Code::Not(inner.clone())),
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
            ("iff" | "iif", [condition, a, b]) => {
                case(name, vec![(condition.clone(), a.clone())], b.clone(), place).map(Some)
            }
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
                case(name, pairs.collect(), rest.clone(), place).map(Some)
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
                let Some(ty) = bin_type(value.ty, size.ty) else {
                    return mismatch(&[value, size]);
                };
                let run = |args: &[Value]| match args {
                    [value, size] => arithmetic::bin(value, size),
                    _ => Ok(Value::Null),
                };
                make(
                    ty,
                    Code::Call(run, false, vec![cast_to(ty, value.clone()), size.clone()]),
                )
            }
            ("bin" | "floor", _) => wrong("a value and a size"),
            ("bin_at", [value, size, fixed]) => {
                let fits = value.ty == fixed.ty || (value.ty.is_number() && fixed.ty.is_number());
                let Some(mut ty) = bin_type(value.ty, size.ty).filter(|_| fits) else {
                    return mismatch(&[value, size, fixed]);
                };
                if fixed.ty == Type::Real {
                    ty = Type::Real;
                }
                let args = vec![cast_to(ty, value.clone()), size.clone(), cast_to(ty, fixed.clone())];
                make(ty, Code::Call(arithmetic::bin_at, false, args))
            }
            ("bin_at", _) => wrong("a value, a size and a fixed point"),
            ("max_of" | "min_of", [_, _, ..]) if args.len() <= 64 => extreme(name, args, place).map(Some),
            ("max_of" | "min_of", _) => wrong("2 to 64 arguments"),
            ("abs", [value]) if value.ty.is_number() || value.ty == Type::Timespan => {
                let ty = if value.ty == Type::Int { Type::Long } else { value.ty };
                make(ty, Code::Call(abs, false, vec![value.clone()]))
            }
            ("abs", _) => wrong("a number or a timespan"),
            ("round", [value, rest @ ..]) if value.ty.is_number() && rest.len() <= 1 => {
                let args = check(name, "n?l", args.to_vec(), place)?;
                make(value.ty, Code::Call(arithmetic::round, false, args))
            }
            ("ceiling", [value]) if value.ty.is_number() => {
                let run = |args: &[Value]| {
                    Ok(match args.first() {
                        Some(Value::Real(n)) => Value::Real(n.ceil()),
                        Some(other) => other.clone(),
                        None => Value::Null,
                    })
                };
                make(value.ty, Code::Call(run, false, vec![value.clone()]))
            }
            ("round", _) => wrong("a number, and perhaps how many digits"),
            ("ceiling", _) => wrong("a number"),
            ("gettype", [value]) => Ok(Some(gettype(value, place))),
            ("gettype", _) => wrong("one argument"),
            ("around", [value, center, delta]) => {
                let numbers = args.iter().all(|arg| arg.ty.is_number());
                let times = value.ty == center.ty
                    && delta.ty == Type::Timespan
                    && matches!(value.ty, Type::Datetime | Type::Timespan);
                if !(numbers || times) {
                    return mismatch(&[value, center, delta]);
                }
                let low = self.binary("-", center.clone(), delta.clone(), place)?;
                let high = self.binary("+", center.clone(), delta.clone(), place)?;
                let run = |args: &[Value]| match args {
                    [value, low, high] => Ok(Value::Bool(low <= value && value <= high)),
                    _ => Ok(Value::Null),
                };
                make(Type::Bool, Code::Call(run, false, vec![value.clone(), low, high]))
            }
            ("around", _) => wrong("a value, a center and a distance"),
            ("tohex", [value, rest @ ..]) if value.ty == Type::Int && rest.len() <= 1 => {
                let args = check(name, "l?l", args.to_vec(), place)?;
                make(Type::String, Code::Call(functions::tohex_int, false, args))
            }
            ("assert", [condition, message]) if condition.ty == Type::Bool => {
                match (condition.as_constant(&self.budget)?, message.as_constant(&self.budget)?) {
                    (Some(Value::Bool(true)), Some(_)) => {
                        Ok(Some(Bound::constant(Type::Bool, Value::Bool(true), place)))
                    }
                    (Some(_), Some(message)) => Err(KqlError::at(
                        place,
                        format!("`assert` has failed with the message `{}`", message.to_text()),
                    )),
                    _ => wrong("constants"),
                }
            }
            ("assert", _) => wrong("a bool and a message"),
            _ => Ok(None),
        }
    }

    /// `extract`, which may name a type.
    pub(super) fn extract(&self, args: &[Item], place: Place, scope: Scope<'_>) -> Result<Bound, KqlError> {
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
        let ty = self.named_type("extract", to, place)?;
        Ok(convert_to(ty, text))
    }

    /// `extract_json`, which may name a type.
    pub(super) fn extract_json(
        &self,
        name: &str,
        args: &[Item],
        place: Place,
        scope: Scope<'_>,
    ) -> Result<Bound, KqlError> {
        let [path, source, to @ ..] = args else {
            return Err(KqlError::at(place, format!("`{name}` takes a path and a text")));
        };
        let bound = vec![self.bind(&path.expr, scope)?, self.bind(&source.expr, scope)?];
        let bound = check(name, "ss", bound, place)?;
        let found = Bound::new(Type::Dynamic, Code::Call(functions::extract_json, false, bound), place);
        let ty = self.named_type(name, to, place)?;
        Ok(convert_to(ty, found))
    }

    /// The type that a last argument names; without one it is a string.
    fn named_type(&self, name: &str, to: &[Item], place: Place) -> Result<Type, KqlError> {
        match to {
            [] => Ok(Type::String),
            [only] => match &only.expr.kind {
                ExprKind::TypeOf(ty) => Ok(*ty),
                _ => Err(KqlError::at(
                    only.expr.place,
                    format!("the last argument of `{name}` is `typeof(...)`"),
                )),
            },
            _ => Err(KqlError::at(place, format!("`{name}` takes fewer arguments"))),
        }
    }

    /// All columns with their names, those without a value perhaps left out.
    pub(super) fn pack_all(&self, args: &[Item], place: Place, scope: Scope<'_>) -> Result<Bound, KqlError> {
        let skip = match args {
            [] => false,
            [arg] => match self.constant(&arg.expr, scope.env, "the argument of `pack_all`")? {
                (_, Value::Bool(skip)) => skip,
                _ => return Err(KqlError::at(place, "`pack_all` takes a bool")),
            },
            _ => return Err(KqlError::at(place, "`pack_all` takes one argument")),
        };
        let columns = scope.columns.iter().enumerate();
        let pairs = columns.map(|(at, column)| (Arc::clone(&column.name), column_at(at, column.ty, place)));
        Ok(pack(pairs, skip, place))
    }

    /// The named columns with their names.
    pub(super) fn pack_columns(&self, args: &[Item], place: Place, scope: Scope<'_>) -> Result<Bound, KqlError> {
        let mut pairs = Vec::new();
        for arg in args {
            let ExprKind::Name(name) = &arg.expr.kind else {
                return Err(KqlError::at(arg.expr.place, "`bag_pack_columns` takes columns"));
            };
            pairs.push((Arc::clone(name), self.bind(&arg.expr, scope)?));
        }
        if pairs.is_empty() {
            return Err(KqlError::at(place, "`bag_pack_columns` takes columns"));
        }
        Ok(pack(pairs.into_iter(), false, place))
    }

    /// `pack_array(*)`
    pub(super) fn pack_array(&self, place: Place, scope: Scope<'_>) -> Result<Bound, KqlError> {
        let columns = scope.columns.iter().enumerate();
        let columns = columns.map(|(at, column)| column_at(at, column.ty, place)).collect();
        let run = |args: &[Value]| Ok(Value::array(args.to_vec()));
        Ok(Bound::new(Type::Dynamic, Code::Call(run, true, columns), place))
    }

    /// `iscolumnexists`
    pub(super) fn has_column(&self, args: &[Item], place: Place, scope: Scope<'_>) -> Result<Bound, KqlError> {
        let [name] = args else {
            return Err(KqlError::at(place, "`iscolumnexists` takes a name"));
        };
        let (_, name) = self.constant(&name.expr, scope.env, "the name of a column")?;
        let name = name.to_text();
        let found = scope.columns.iter().any(|column| column.name == name);
        Ok(Bound::constant(Type::Bool, Value::Bool(found), place))
    }
}

fn column_at(at: usize, ty: Type, place: Place) -> Bound {
    Bound::new(ty, Code::Column(at), place)
}

/// A bag of names and values.
fn pack(pairs: impl Iterator<Item = (Arc<str>, Bound)>, skip: bool, place: Place) -> Bound {
    let args = pairs.flat_map(|(name, value)| [Bound::constant(Type::String, Value::String(name), place), value]);
    let run: fn(&[Value]) -> Answer = if skip {
        |args| Ok(bag(args, |value| !value.is_empty()))
    } else {
        |args| Ok(bag(args, |_| true))
    };
    Bound::new(Type::Dynamic, Code::Call(run, true, args.collect()), place)
}

fn bag(args: &[Value], keep: fn(&Value) -> bool) -> Value {
    Value::bag(args.chunks(2).filter_map(|pair| match pair {
        [Value::String(name), value] if keep(value) => Some((Arc::clone(name), value.clone())),
        _ => None,
    }))
}

/// What these functions give where the type of an argument is not known.
fn unknown_result(name: &str, args: &[Bound], place: Place) -> Option<Type> {
    Some(match name {
        "not" | "isempty" | "isnotempty" | "notempty" | "isnull" | "isnotnull" | "notnull" | "around" => Type::Bool,
        "gettype" | "tohex" => Type::String,
        "coalesce" | "max_of" | "min_of" => common(name, args.iter(), place).ok()?,
        "bin" | "floor" | "bin_at" | "abs" | "round" | "ceiling" => Type::Unknown,
        _ => return None,
    })
}

/// Conditions with their values. A dynamic among other types becomes that type; `iff` of two types is a dynamic.
fn case(name: &str, arms: Vec<(Bound, Bound)>, rest: Bound, place: Place) -> Result<Bound, KqlError> {
    for (condition, _) in &arms {
        if !matches!(condition.ty, Type::Bool | Type::Unknown) {
            return Err(KqlError::at(
                condition.place,
                format!("a condition of `{name}` must be bool, this is {}", condition.ty),
            ));
        }
    }
    let values = || arms.iter().map(|(_, value)| value).chain([&rest]);
    let typed: Vec<&Bound> = values().filter(|value| value.ty != Type::Dynamic).collect();
    let ty = if typed.is_empty() {
        Type::Dynamic
    } else {
        match common(name, typed.into_iter(), place) {
            Ok(ty) => ty,
            Err(_) => Type::Dynamic,
        }
    };
    let arms = arms
        .iter()
        .map(|(condition, value)| (condition.clone(), held_as(ty, value.clone())));
    Ok(Bound::new(
        ty,
        Code::Case(arms.collect(), held_as(ty, rest.clone())),
        place,
    ))
}

/// A value as that type: a dynamic gives the value that it holds, where that has the type.
fn held_as(ty: Type, bound: Bound) -> Bound {
    if bound.ty != Type::Dynamic || ty == Type::Dynamic {
        return cast_to(ty, bound);
    }
    let run: fn(&[Value]) -> Answer = match ty {
        Type::Bool => |args| held(args, Type::Bool),
        Type::Int => |args| held(args, Type::Int),
        Type::Long => |args| held(args, Type::Long),
        Type::Real => |args| held(args, Type::Real),
        Type::String => |args| held(args, Type::String),
        Type::Datetime => |args| held(args, Type::Datetime),
        Type::Timespan => |args| held(args, Type::Timespan),
        Type::Guid => |args| held(args, Type::Guid),
        Type::Dynamic | Type::Unknown => |args| held(args, Type::Dynamic),
    };
    let place = bound.place;
    Bound::new(ty, Code::Call(run, true, vec![bound]), place)
}

fn held(args: &[Value], ty: Type) -> Answer {
    let value = args.first().cloned().unwrap_or(Value::Null);
    let found = functions::cast(value.clone(), ty);
    if found.is_null() && !value.is_null() {
        return Err(format!(
            "a dynamic that holds {} where {ty} is wanted: the documents do not say; cast it first, with `to{ty}`",
            super::compare::kind(&value)
        ));
    }
    Ok(found)
}

/// The type of `bin(value, size)`; none where there is none.
fn bin_type(value: Type, size: Type) -> Option<Type> {
    Some(match (value, size) {
        (Type::Datetime, Type::Timespan) => Type::Datetime,
        (Type::Timespan, Type::Timespan) => Type::Timespan,
        (Type::Int | Type::Long, Type::Int | Type::Long) => Type::Long,
        (a, b) if a.is_number() && b.is_number() => Type::Real,
        _ => return None,
    })
}

/// `max_of`, `min_of`: values go before nulls.
fn extreme(name: &str, args: &[Bound], place: Place) -> Result<Bound, KqlError> {
    let ty = common(name, args.iter(), place)?;
    if matches!(ty, Type::Dynamic | Type::Guid) {
        return Err(KqlError::at(
            place,
            format!("`{name}` of {ty}, which has no order; cast it first"),
        ));
    }
    let args = args.iter().map(|arg| cast_to(ty, arg.clone())).collect();
    let run: fn(&[Value]) -> Answer = if name == "max_of" {
        |args| {
            Ok(args
                .iter()
                .filter(|v| !v.is_null())
                .max()
                .cloned()
                .unwrap_or(Value::Null))
        }
    } else {
        |args| {
            Ok(args
                .iter()
                .filter(|v| !v.is_null())
                .min()
                .cloned()
                .unwrap_or(Value::Null))
        }
    };
    Ok(Bound::new(ty, Code::Call(run, true, args), place))
}

fn abs(args: &[Value]) -> Answer {
    let out_of_range = || "`abs` of the smallest number leaves its range".to_owned();
    Ok(match args.first() {
        Some(Value::Long(n)) => Value::Long(n.checked_abs().ok_or_else(out_of_range)?),
        Some(Value::Timespan(n)) => Value::Timespan(n.checked_abs().ok_or_else(out_of_range)?),
        Some(Value::Real(n)) => Value::Real(n.abs()),
        _ => Value::Null,
    })
}

/// `gettype`: of a dynamic it depends on the value.
fn gettype(value: &Bound, place: Place) -> Bound {
    if value.ty != Type::Dynamic {
        return Bound::constant(Type::String, Value::text(value.ty.to_string()), place);
    }
    let run = |args: &[Value]| {
        Ok(Value::text(match args.first() {
            None | Some(Value::Null) => "null",
            Some(Value::Bool(_)) => "bool",
            // As the page shows for JSON; which of the two another dynamic was made of is not kept.
            Some(Value::Long(n)) if i32::try_from(*n).is_ok() => "int",
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
    Bound::new(Type::String, Code::Call(run, true, vec![value.clone()]), place)
}

/// A text or a dynamic converted as `tolong` and kin do.
fn convert_to(ty: Type, bound: Bound) -> Bound {
    let place = bound.place;
    let name = match ty {
        Type::String => "tostring",
        Type::Long => "tolong",
        Type::Int => "toint",
        Type::Real => "toreal",
        Type::Bool => "tobool",
        Type::Datetime => "todatetime",
        Type::Timespan => "totimespan",
        Type::Guid => "toguid",
        Type::Dynamic | Type::Unknown => "parse_json",
    };
    match functions::find(name) {
        Some(function) => Bound::new(ty, Code::Call(function.run, false, vec![bound]), place),
        None => bound,
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

/// A number that is widened to that type.
pub(super) fn cast_to(ty: Type, bound: Bound) -> Bound {
    if bound.ty == ty || (ty == Type::Dynamic && bound.ty == Type::Unknown) {
        return bound;
    }
    let place = bound.place;
    Bound::new(ty, Code::Cast(bound), place)
}

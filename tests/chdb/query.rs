//! A query as a tree, so that it can be printed, looked at, and made smaller.

use std::collections::BTreeSet;
use std::fmt;

/// The types that expressions have here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ty {
    Text,
    Long,
    Real,
    Bool,
    Time,
    /// A `dynamic` array of texts.
    Texts,
    /// A `dynamic` array of whole numbers.
    Longs,
}

/// How an expression is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Form {
    Column(String),
    Literal(String),
    Call(&'static str),
    /// Between its two arguments.
    Infix(&'static str),
    /// `a in (b, c)`
    List(&'static str),
    /// `a between (b .. c)`
    Between(&'static str),
    /// `a[n]`
    Element(i64),
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expr {
    pub(crate) ty: Ty,
    pub(crate) form: Form,
    pub(crate) args: Vec<Expr>,
}

impl Expr {
    pub(crate) fn new(ty: Ty, form: Form, args: Vec<Expr>) -> Expr {
        Expr { ty, form, args }
    }

    pub(crate) fn column(ty: Ty, name: &str) -> Expr {
        Expr::new(ty, Form::Column(name.to_owned()), Vec::new())
    }

    pub(crate) fn literal(ty: Ty, text: impl Into<String>) -> Expr {
        Expr::new(ty, Form::Literal(text.into()), Vec::new())
    }

    /// This expression and all in it.
    pub(crate) fn each(&self, with: &mut impl FnMut(&Expr)) {
        with(self);
        self.args.iter().for_each(|arg| arg.each(with));
    }

    /// With every expression in it exchanged, the inner ones first.
    fn map(&self, with: &impl Fn(Expr) -> Expr) -> Expr {
        let args = self.args.iter().map(|arg| arg.map(with)).collect();
        with(Expr { args, ..self.clone() })
    }

    fn smaller(&self) -> Vec<Expr> {
        let mut found: Vec<Expr> = self.args.iter().filter(|arg| arg.ty == self.ty).cloned().collect();
        let simple = match self.ty {
            Ty::Text => "\"a\"",
            Ty::Long => "1",
            Ty::Real => "1.5",
            Ty::Bool => "true",
            Ty::Time => "datetime(2025-08-15)",
            Ty::Texts => "dynamic([\"a\"])",
            Ty::Longs => "dynamic([1])",
        };
        if !matches!(self.form, Form::Literal(_) | Form::Column(_)) {
            found.push(Expr::literal(self.ty, simple));
        }
        let fewest = if matches!(self.form, Form::List(_)) {
            2
        } else {
            self.args.len()
        };
        found.extend(
            fewer(&self.args, fewest, Expr::smaller)
                .into_iter()
                .map(|args| Expr { args, ..self.clone() }),
        );
        found
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |args: &[Expr]| args.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match (&self.form, &self.args[..]) {
            (Form::Column(text) | Form::Literal(text), _) => f.write_str(text),
            (Form::Call(name), args) => write!(f, "{name}({})", list(args)),
            (Form::Infix(operator), [a, b]) => write!(f, "({a} {operator} {b})"),
            (Form::List(operator), [a, rest @ ..]) => write!(f, "({a} {operator} ({}))", list(rest)),
            (Form::Between(operator), [a, low, high]) => write!(f, "({a} {operator} ({low} .. {high}))"),
            (Form::Element(index), [a]) => write!(f, "{a}[{index}]"),
            (form, args) => panic!("{form:?} with {} arguments", args.len()),
        }
    }
}

/// An expression with a name.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) expr: Expr,
}

impl Item {
    fn map(&self, with: &impl Fn(Expr) -> Expr) -> Item {
        Item {
            name: self.name.clone(),
            expr: self.expr.map(with),
        }
    }

    fn smaller(&self) -> Vec<Item> {
        let with = |expr| Item {
            name: self.name.clone(),
            expr,
        };
        self.expr.smaller().into_iter().map(with).collect()
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.expr.form == Form::Column(self.name.clone()) {
            return f.write_str(&self.name);
        }
        write!(f, "{} = {}", self.name, self.expr)
    }
}

/// An operator.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Where(Expr),
    Extend(Vec<Item>),
    Project(Vec<Item>),
    Away(Vec<String>),
    Keep(Vec<String>),
    Rename(String, String),
    Distinct(Vec<String>),
    Summarize(Vec<Item>, Vec<Item>),
    /// Kind, right side, pairs of names.
    Join(&'static str, Pipe, Vec<(String, String)>),
    Union(Vec<Pipe>),
    /// `top n by x asc`
    Top(usize, Expr, &'static str),
    /// `sort by x asc | take n`
    Sorted(usize, Expr, &'static str),
    Count,
}

impl Step {
    /// The expressions with a name that stand in it.
    pub(crate) fn items(&self) -> Vec<&Item> {
        match self {
            Step::Extend(items) | Step::Project(items) => items.iter().collect(),
            Step::Summarize(aggregates, by) => aggregates.iter().chain(by).collect(),
            Step::Where(_)
            | Step::Top(..)
            | Step::Sorted(..)
            | Step::Away(_)
            | Step::Keep(_)
            | Step::Rename(..)
            | Step::Distinct(_)
            | Step::Join(..)
            | Step::Union(_)
            | Step::Count => Vec::new(),
        }
    }

    /// The expressions that stand in it, without those of other pipes.
    fn expressions(&self) -> Vec<&Expr> {
        match self {
            Step::Where(expr) | Step::Top(_, expr, _) | Step::Sorted(_, expr, _) => vec![expr],
            other => other.items().into_iter().map(|item| &item.expr).collect(),
        }
    }

    fn map(&self, with: &impl Fn(Expr) -> Expr) -> Step {
        let items = |items: &[Item]| items.iter().map(|item| item.map(with)).collect();
        match self {
            Step::Where(expr) => Step::Where(expr.map(with)),
            Step::Extend(list) => Step::Extend(items(list)),
            Step::Project(list) => Step::Project(items(list)),
            Step::Summarize(aggregates, by) => Step::Summarize(items(aggregates), items(by)),
            Step::Join(kind, right, on) => Step::Join(kind, right.map(with), on.clone()),
            Step::Union(pipes) => Step::Union(pipes.iter().map(|pipe| pipe.map(with)).collect()),
            Step::Top(n, expr, order) => Step::Top(*n, expr.map(with), order),
            Step::Sorted(n, expr, order) => Step::Sorted(*n, expr.map(with), order),
            Step::Away(_) | Step::Keep(_) | Step::Rename(..) | Step::Distinct(_) | Step::Count => self.clone(),
        }
    }

    fn smaller(&self) -> Vec<Step> {
        let names = |names: &Vec<String>| fewer(names, 1, |_| Vec::new());
        match self {
            Step::Where(expr) => expr.smaller().into_iter().map(Step::Where).collect(),
            Step::Extend(items) => fewer(items, 1, Item::smaller).into_iter().map(Step::Extend).collect(),
            Step::Project(items) => fewer(items, 1, Item::smaller).into_iter().map(Step::Project).collect(),
            Step::Away(list) => names(list).into_iter().map(Step::Away).collect(),
            Step::Keep(list) => names(list).into_iter().map(Step::Keep).collect(),
            Step::Distinct(list) => names(list).into_iter().map(Step::Distinct).collect(),
            Step::Summarize(aggregates, by) => {
                let first = fewer(aggregates, 1, Item::smaller).into_iter();
                let mut found: Vec<Step> = first.map(|list| Step::Summarize(list, by.clone())).collect();
                let second = fewer(by, 0, Item::smaller).into_iter();
                found.extend(second.map(|list| Step::Summarize(aggregates.clone(), list)));
                found
            }
            Step::Join(kind, right, on) => {
                let first = right.smaller().into_iter();
                let mut found: Vec<Step> = first.map(|right| Step::Join(kind, right, on.clone())).collect();
                let second = fewer(on, 1, |_| Vec::new()).into_iter();
                found.extend(second.map(|on| Step::Join(kind, right.clone(), on)));
                found
            }
            Step::Union(pipes) => fewer(pipes, 1, Pipe::smaller).into_iter().map(Step::Union).collect(),
            Step::Top(n, expr, order) => {
                let expr = expr.smaller().into_iter();
                expr.map(|expr| Step::Top(*n, expr, order)).collect()
            }
            Step::Sorted(n, expr, order) => {
                let expr = expr.smaller().into_iter();
                expr.map(|expr| Step::Sorted(*n, expr, order)).collect()
            }
            Step::Rename(..) | Step::Count => Vec::new(),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Where(expr) => write!(f, "where {expr}"),
            Step::Extend(items) => write!(f, "extend {}", join(items)),
            Step::Project(items) => write!(f, "project {}", join(items)),
            Step::Away(names) => write!(f, "project-away {}", join(names)),
            Step::Keep(names) => write!(f, "project-keep {}", join(names)),
            Step::Rename(new, old) => write!(f, "project-rename {new} = {old}"),
            Step::Distinct(names) => write!(f, "distinct {}", join(names)),
            Step::Summarize(aggregates, by) if by.is_empty() => write!(f, "summarize {}", join(aggregates)),
            Step::Summarize(aggregates, by) => write!(f, "summarize {} by {}", join(aggregates), join(by)),
            Step::Join(kind, right, on) => {
                let pair = |(left, right): &(String, String)| {
                    if left == right {
                        left.clone()
                    } else {
                        format!("$left.{left} == $right.{right}")
                    }
                };
                let on: Vec<String> = on.iter().map(pair).collect();
                write!(f, "join kind={kind} ({right}) on {}", on.join(", "))
            }
            Step::Union(pipes) => {
                let pipes: Vec<String> = pipes.iter().map(|pipe| format!("({pipe})")).collect();
                write!(f, "union {}", pipes.join(", "))
            }
            Step::Top(n, expr, order) => write!(f, "top {n} by {expr} {order}"),
            Step::Sorted(n, expr, order) => write!(f, "sort by {expr} {order} | take {n}"),
            Step::Count => f.write_str("count"),
        }
    }
}

/// A source and its operators.
#[derive(Clone, Debug)]
pub(crate) struct Pipe {
    pub(crate) source: String,
    pub(crate) steps: Vec<Step>,
}

impl Pipe {
    fn map(&self, with: &impl Fn(Expr) -> Expr) -> Pipe {
        Pipe {
            source: self.source.clone(),
            steps: self.steps.iter().map(|step| step.map(with)).collect(),
        }
    }

    fn smaller(&self) -> Vec<Pipe> {
        let with = |steps| Pipe {
            source: self.source.clone(),
            steps,
        };
        fewer(&self.steps, 0, Step::smaller).into_iter().map(with).collect()
    }

    /// This pipe and those in it.
    pub(crate) fn each(&self, with: &mut impl FnMut(&Pipe)) {
        with(self);
        for step in &self.steps {
            match step {
                Step::Join(_, right, _) => right.each(with),
                Step::Union(pipes) => pipes.iter().for_each(|pipe| pipe.each(with)),
                _ => {}
            }
        }
    }
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        self.steps.iter().try_for_each(|step| write!(f, " | {step}"))
    }
}

/// What a `let` names.
#[derive(Clone, Debug)]
pub(crate) enum Named {
    Value(Expr),
    View(Pipe),
    Table(Pipe),
}

impl Named {
    fn smaller(&self) -> Vec<Named> {
        match self {
            Named::Value(expr) => expr.smaller().into_iter().map(Named::Value).collect(),
            Named::View(pipe) => pipe.smaller().into_iter().map(Named::View).collect(),
            Named::Table(pipe) => pipe.smaller().into_iter().map(Named::Table).collect(),
        }
    }
}

/// A query.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) lets: Vec<(String, Named)>,
    pub(crate) body: Pipe,
    /// Columns of arrays whose elements have an order.
    pub(crate) ordered: BTreeSet<String>,
}

impl Query {
    /// Queries with a little less in them.
    pub(crate) fn smaller(&self) -> Vec<Query> {
        let bodies = self.body.smaller().into_iter();
        let mut found: Vec<Query> = bodies.map(|body| Query { body, ..self.clone() }).collect();
        let smaller = |(name, named): &(String, Named)| {
            let with = |named| (name.clone(), named);
            named.smaller().into_iter().map(with).collect()
        };
        let lets = fewer(&self.lets, 0, smaller).into_iter();
        found.extend(lets.map(|lets| Query { lets, ..self.clone() }));
        found
    }

    /// The same names, and another pipe.
    pub(crate) fn with_body(&self, body: Pipe) -> Query {
        Query { body, ..self.clone() }
    }

    /// With every expression exchanged.
    pub(crate) fn map(&self, with: &impl Fn(Expr) -> Expr) -> Query {
        let lets = self.lets.iter().map(|(name, named)| {
            let named = match named {
                Named::Value(expr) => Named::Value(expr.map(with)),
                Named::View(pipe) => Named::View(pipe.map(with)),
                Named::Table(pipe) => Named::Table(pipe.map(with)),
            };
            (name.clone(), named)
        });
        Query {
            lets: lets.collect(),
            body: self.body.map(with),
            ordered: self.ordered.clone(),
        }
    }

    /// Every pipe.
    pub(crate) fn pipes(&self, with: &mut impl FnMut(&Pipe)) {
        for (_, named) in &self.lets {
            match named {
                Named::Value(_) => {}
                Named::View(pipe) | Named::Table(pipe) => pipe.each(with),
            }
        }
        self.body.each(with);
    }

    /// Every expression, and all in it.
    pub(crate) fn expressions(&self, with: &mut impl FnMut(&Expr)) {
        for (_, named) in &self.lets {
            if let Named::Value(expr) = named {
                expr.each(with);
            }
        }
        self.pipes(&mut |pipe| {
            for step in &pipe.steps {
                step.expressions().into_iter().for_each(|expr| expr.each(with));
            }
        });
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, named) in &self.lets {
            match named {
                Named::Value(expr) => writeln!(f, "let {name} = {expr};")?,
                Named::View(pipe) => writeln!(f, "let {name} = view () {{ {pipe} }};")?,
                Named::Table(pipe) => writeln!(f, "let {name} = {pipe};")?,
            }
        }
        write!(f, "{}", self.body)
    }
}

fn join<T: fmt::Display>(list: &[T]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The list without one of its elements, as long as `fewest` are left, or with a smaller one in the place of one.
fn fewer<T: Clone>(list: &[T], fewest: usize, smaller: impl Fn(&T) -> Vec<T>) -> Vec<Vec<T>> {
    let mut found = Vec::new();
    for index in 0..list.len() {
        if list.len() > fewest {
            let mut less = list.to_vec();
            less.remove(index);
            found.push(less);
        }
        for element in smaller(&list[index]) {
            let mut less = list.to_vec();
            less[index] = element;
            found.push(less);
        }
    }
    found
}

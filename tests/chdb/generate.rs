//! Random tables, and queries of the subset that both engines read.

use crate::expressions::{ADDRESSES, TIMES, text};
use crate::query::{Expr, Form, Item, Named, Pipe, Query, Step, Ty};
use std::collections::BTreeSet;
use tripline::kql::{Table, Type, Value};

/// A simple generator of numbers (splitmix64).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n.max(1)).unwrap()).unwrap()
    }

    pub(crate) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// True once in `n` times.
    pub(crate) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// From 0001-01-01 to 2025-08-15, in ticks.
const DAY: i64 = 638_908_128_000_000_000;

/// The tables that queries read: the first two have the same columns.
pub(crate) const TABLES: [&str; 3] = ["T", "V", "U"];

/// The columns of `T` and `V`, then those of `U`.
const COLUMNS: [&[(&str, Ty)]; 3] = [MAIN, MAIN, SIDE];

const MAIN: &[(&str, Ty)] = &[
    ("id", Ty::Long),
    ("name", Ty::Text),
    ("path", Ty::Text),
    ("address", Ty::Text),
    ("n", Ty::Long),
    ("m", Ty::Long),
    ("r", Ty::Real),
    ("b", Ty::Bool),
    ("t", Ty::Time),
];

const SIDE: &[(&str, Ty)] = &[
    ("uid", Ty::Long),
    ("key", Ty::Text),
    ("name", Ty::Text),
    ("n", Ty::Long),
    ("flag", Ty::Bool),
    ("at", Ty::Time),
];

fn column_type(ty: Ty) -> Type {
    match ty {
        Ty::Text => Type::String,
        Ty::Long => Type::Long,
        Ty::Real => Type::Real,
        Ty::Bool => Type::Bool,
        Ty::Time => Type::Datetime,
        Ty::Texts | Ty::Longs => Type::Dynamic,
    }
}

/// Random rows for every table, with near misses of what the query looks for. A column has nulls or has none.
pub(crate) fn tables(numbers: &mut Numbers, query: &Query) -> Vec<Table> {
    let wanted = wanted(query);
    let mut made = Vec::new();
    for columns in COLUMNS {
        let mut table = Table::new(columns.iter().map(|(name, ty)| (*name, column_type(*ty))));
        let nulls: Vec<bool> = columns.iter().map(|_| numbers.once_in(3)).collect();
        let count = if numbers.once_in(12) { 0 } else { 3 + numbers.below(12) };
        for index in 0..count {
            let cells = columns.iter().zip(&nulls);
            let row = cells.map(|((name, ty), nulls)| match *name {
                "id" | "uid" => Value::Long(i64::try_from(index).unwrap()),
                _ if *nulls && *ty != Ty::Text && numbers.once_in(3) => Value::Null,
                "address" => Value::text(numbers.pick(ADDRESSES)),
                _ if *ty == Ty::Text && !wanted.is_empty() && numbers.once_in(2) => {
                    let text = &wanted[numbers.below(wanted.len())];
                    Value::text(near(numbers, text))
                }
                _ => cell(numbers, *ty),
            });
            let row = row.collect();
            table.rows.push(row);
        }
        made.push(table);
    }
    made
}

/// The plain texts that stand in a query.
fn wanted(query: &Query) -> Vec<String> {
    let mut texts = Vec::new();
    query.expressions(&mut |expr| {
        if let Form::Literal(text) = &expr.form {
            let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            texts.extend(inner.filter(|text| !text.contains('\\')).map(str::to_owned));
        }
    });
    texts
}

/// The text, in another case, or with something before or behind it.
fn near(numbers: &mut Numbers, text: &str) -> String {
    match numbers.below(9) {
        0 | 1 => text.to_owned(),
        2 => text.to_uppercase(),
        3 => text.to_lowercase(),
        4 => format!("s{text}"),
        5 => format!("{text}s"),
        6 => format!("a/{text}"),
        7 => format!("{text} 1"),
        _ => format!("{text}-{}", text.to_uppercase()),
    }
}

fn cell(numbers: &mut Numbers, ty: Ty) -> Value {
    match ty {
        Ty::Text => Value::text(text(numbers)),
        Ty::Long => Value::Long(numbers.pick(&[-14, -3, -1, 0, 1, 2, 5, 5, 12, 100, 1_000_000])),
        Ty::Real => Value::Real(numbers.pick(&[-2.5, -0.5, 0.0, 0.25, 1.0, 1.5, 3.0, 1e6])),
        Ty::Bool => Value::Bool(numbers.once_in(2)),
        Ty::Time => {
            let second = numbers.pick(TIMES);
            let tick = numbers.pick(&[0, 0, 0, 1, -1]);
            Value::Datetime(DAY + second * 10_000_000 + tick)
        }
        Ty::Texts | Ty::Longs => Value::Null,
    }
}

/// What is in scope at a place of a pipe.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) columns: Vec<(String, Ty)>,
    /// A column of distinct numbers without null.
    unique: Option<String>,
}

impl Scope {
    fn names(&self) -> Vec<String> {
        self.columns.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Keeps columns of these names, in this order.
    fn keep(&mut self, names: &[String]) {
        self.columns.retain(|(name, _)| names.contains(name));
        if self.unique.as_ref().is_some_and(|unique| !names.contains(unique)) {
            self.unique = None;
        }
    }
}

/// Makes queries.
pub(crate) struct Generator {
    pub(crate) numbers: Numbers,
    /// Names that `let` gave to values, and to tables with their columns.
    pub(crate) values: Vec<(String, Ty)>,
    views: Vec<(String, Scope)>,
    ordered: BTreeSet<String>,
    fresh: usize,
}

impl Generator {
    pub(crate) fn new(seed: u64) -> Generator {
        Generator {
            numbers: Numbers(seed),
            values: Vec::new(),
            views: Vec::new(),
            ordered: BTreeSet::new(),
            fresh: 0,
        }
    }

    fn name(&mut self) -> String {
        self.fresh += 1;
        format!("x{}", self.fresh)
    }

    /// A query over [`TABLES`].
    pub(crate) fn query(&mut self) -> Query {
        self.values.clear();
        self.views.clear();
        self.ordered.clear();
        self.fresh = 0;
        let mut lets = Vec::new();
        if self.numbers.once_in(4) {
            let ty = self.numbers.pick(&[Ty::Text, Ty::Long, Ty::Time]);
            let name = format!("v{}", lets.len());
            let value = self.literal(ty);
            lets.push((name.clone(), Named::Value(value)));
            self.values.push((name, ty));
        }
        if self.numbers.once_in(4) {
            let name = format!("W{}", lets.len());
            let (pipe, scope) = self.pipe(2);
            let view = self.numbers.once_in(2);
            lets.push((name.clone(), if view { Named::View(pipe) } else { Named::Table(pipe) }));
            self.views.push((name, scope));
        }
        let body = if self.numbers.once_in(3) {
            self.battery()
        } else {
            let steps = 1 + self.numbers.below(4);
            self.pipe(steps).0
        };
        Query {
            lets,
            body,
            ordered: self.ordered.clone(),
        }
    }

    fn pipe(&mut self, steps: usize) -> (Pipe, Scope) {
        let (source, mut scope) = self.source();
        let mut made = Vec::new();
        for _ in 0..steps {
            self.step(&mut scope, &mut made);
        }
        (Pipe { source, steps: made }, scope)
    }

    /// Many small expressions side by side: every row is a case for each.
    fn battery(&mut self) -> Pipe {
        let (source, scope) = self.source();
        let mut items = Vec::new();
        for _ in 0..10 {
            let expr = match self.numbers.below(3) {
                0 => {
                    let types = [Ty::Text, Ty::Text, Ty::Long, Ty::Long, Ty::Real, Ty::Time, Ty::Texts];
                    let ty = self.numbers.pick(&types);
                    self.expr(ty, &scope, 2)
                }
                1 => self.condition(&scope, 1),
                _ => self.about_text(&scope, 1),
            };
            items.push(Item {
                name: self.name(),
                expr,
            });
        }
        Pipe {
            source,
            steps: vec![Step::Extend(items)],
        }
    }

    fn source(&mut self) -> (String, Scope) {
        if let Some((name, scope)) = self.views.last().filter(|_| self.fresh.is_multiple_of(2)) {
            return (name.clone(), scope.clone());
        }
        let which = self.numbers.pick(&[0, 0, 1, 2]);
        let columns: Vec<(String, Ty)> = COLUMNS[which]
            .iter()
            .map(|(name, ty)| ((*name).to_owned(), *ty))
            .collect();
        let unique = columns.first().map(|(name, _)| name.clone());
        (TABLES[which].to_owned(), Scope { columns, unique })
    }

    /// Some names of the scope, at least one.
    fn some(&mut self, scope: &Scope) -> Vec<String> {
        let names = scope.names();
        let mut some: Vec<String> = names.iter().filter(|_| self.numbers.once_in(2)).cloned().collect();
        if some.is_empty() {
            some.push(names[self.numbers.below(names.len())].clone());
        }
        some
    }

    fn item(&mut self, scope: &mut Scope, into: &Scope) -> Item {
        let ty = self.numbers.pick(&[
            Ty::Text,
            Ty::Text,
            Ty::Long,
            Ty::Long,
            Ty::Real,
            Ty::Bool,
            Ty::Bool,
            Ty::Time,
            Ty::Texts,
            Ty::Longs,
        ]);
        let expr = self.expr(ty, into, 3);
        let name = self.name();
        let parts = matches!(&expr.form, Form::Call("split"));
        if parts {
            self.ordered.insert(name.clone());
        }
        scope.columns.push((name.clone(), ty));
        Item { name, expr }
    }

    fn step(&mut self, scope: &mut Scope, steps: &mut Vec<Step>) {
        match self.numbers.below(20) {
            0..=5 => steps.push(Step::Where(self.expr(Ty::Bool, scope, 3))),
            6..=8 => {
                let before = scope.clone();
                let count = 1 + self.numbers.below(3);
                let items = (0..count).map(|_| self.item(scope, &before)).collect();
                steps.push(Step::Extend(items));
            }
            9 | 10 => {
                let before = scope.clone();
                let kept = self.some(scope);
                scope.keep(&kept);
                let mut items: Vec<Item> = scope.columns.iter().map(|(name, ty)| plain(name, *ty)).collect();
                let count = self.numbers.below(3);
                items.extend((0..count).map(|_| self.item(scope, &before)));
                steps.push(Step::Project(items));
            }
            11 => {
                let names = self.some(scope);
                let rest: Vec<String> = scope.names().into_iter().filter(|name| !names.contains(name)).collect();
                match self.numbers.below(3) {
                    0 => {
                        steps.push(Step::Keep(names.clone()));
                        scope.keep(&names);
                    }
                    1 if !rest.is_empty() => {
                        steps.push(Step::Away(names));
                        scope.keep(&rest);
                    }
                    _ => {
                        let (old, ty) = scope.columns.remove(0);
                        let new = self.name();
                        scope.columns.push((new.clone(), ty));
                        if scope.unique.as_ref() == Some(&old) {
                            scope.unique = Some(new.clone());
                        }
                        steps.push(Step::Rename(new, old));
                    }
                }
            }
            12 => {
                let mut keys = scope.clone();
                keys.columns.retain(|(_, ty)| flat(*ty));
                if keys.columns.is_empty() {
                    return;
                }
                let names = self.some(&keys);
                scope.keep(&names);
                steps.push(Step::Distinct(names));
            }
            13..=15 => self.summarize(scope, steps),
            16 | 17 => self.join(scope, steps),
            18 if self.numbers.once_in(4) => {
                steps.push(Step::Count);
                scope.columns = vec![("Count".to_owned(), Ty::Long)];
                scope.unique = None;
            }
            18 => self.first(scope, steps),
            _ => self.union(scope, steps),
        }
    }

    /// Both legs with the same columns in the same order: what others become is in the list of known answers.
    fn union(&mut self, scope: &mut Scope, steps: &mut Vec<Step>) {
        let columns: Vec<(String, Ty)> = MAIN.iter().map(|(name, ty)| ((*name).to_owned(), *ty)).collect();
        let mut right = Scope { columns, unique: None };
        let mut leg = Pipe {
            source: self.numbers.pick(&["T", "V"]).to_owned(),
            steps: Vec::new(),
        };
        if self.numbers.once_in(2) {
            leg.steps.push(Step::Where(self.expr(Ty::Bool, &right, 2)));
        }
        let whole = scope.columns == right.columns;
        if !whole || self.numbers.once_in(2) {
            right.columns.retain(|column| scope.columns.contains(column));
            if right.columns.is_empty() {
                return;
            }
            let kept = Step::Project(right.columns.iter().map(|(name, ty)| plain(name, *ty)).collect());
            steps.push(kept.clone());
            leg.steps.push(kept);
        }
        *scope = right;
        steps.push(Step::Union(vec![leg]));
    }

    /// `top`, or `sort` and `take`: by something without equals, as any of those may come first.
    fn first(&mut self, scope: &Scope, steps: &mut Vec<Step>) {
        let Some(unique) = scope.unique.clone() else { return };
        let column = Expr::column(Ty::Long, &unique);
        let by = if self.numbers.once_in(2) {
            Expr::new(Ty::Long, Form::Infix("*"), vec![column, Expr::literal(Ty::Long, "3")])
        } else {
            column
        };
        let order = self.numbers.pick(&["asc", "desc"]);
        let n = self.numbers.below(5);
        steps.push(if self.numbers.once_in(2) {
            Step::Top(n, by, order)
        } else {
            Step::Sorted(n, by, order)
        });
    }

    fn summarize(&mut self, scope: &mut Scope, steps: &mut Vec<Step>) {
        let before = scope.clone();
        let mut columns = Vec::new();
        let mut by = Vec::new();
        for _ in 0..self.numbers.below(3) {
            let keys: Vec<&(String, Ty)> = before.columns.iter().filter(|(_, ty)| flat(*ty)).collect();
            let Some((name, ty)) = keys.get(self.numbers.below(keys.len())).map(|key| (*key).clone()) else {
                continue;
            };
            let column = Expr::column(ty, &name);
            let expr = match ty {
                Ty::Time => {
                    let size = self.numbers.pick(&["1h", "1d", "10m", "1s"]);
                    let size = Expr::literal(Ty::Time, size);
                    Expr::new(ty, Form::Call("bin"), vec![column, size])
                }
                Ty::Long if self.numbers.once_in(2) => {
                    Expr::new(ty, Form::Call("bin"), vec![column, Expr::literal(Ty::Long, "5")])
                }
                _ => column,
            };
            let name = if expr.form == Form::Column(name.clone()) {
                name
            } else {
                self.name()
            };
            if columns.iter().any(|(own, _)| *own == name) {
                continue;
            }
            columns.push((name.clone(), ty));
            by.push(Item { name, expr });
        }
        let mut aggregates = Vec::new();
        for _ in 0..1 + self.numbers.below(3) {
            let (ty, expr) = self.aggregate(&before);
            let name = self.name();
            columns.push((name.clone(), ty));
            aggregates.push(Item { name, expr });
        }
        *scope = Scope { columns, unique: None };
        steps.push(Step::Summarize(aggregates, by));
    }

    fn aggregate(&mut self, scope: &Scope) -> (Ty, Expr) {
        let call = |ty, name, args| (ty, Expr::new(ty, Form::Call(name), args));
        let number = self.numbers.pick(&[Ty::Long, Ty::Real]);
        let condition = |me: &mut Generator| me.expr(Ty::Bool, scope, 2);
        match self.numbers.below(18) {
            14 => call(
                Ty::Long,
                "dcountif",
                vec![self.expr(Ty::Text, scope, 1), condition(self)],
            ),
            15 => call(number, "sumif", vec![self.expr(number, scope, 1), condition(self)]),
            16 => call(number, "minif", vec![self.expr(number, scope, 1), condition(self)]),
            17 => call(Ty::Real, "avgif", vec![self.expr(number, scope, 1), condition(self)]),
            0 | 1 => call(Ty::Long, "count", Vec::new()),
            2 | 3 => call(Ty::Long, "countif", vec![self.expr(Ty::Bool, scope, 2)]),
            4 => {
                let ty = self.numbers.pick(&[Ty::Long, Ty::Real, Ty::Time]);
                call(ty, "min", vec![self.expr(ty, scope, 1)])
            }
            5 => {
                let ty = self.numbers.pick(&[Ty::Long, Ty::Real, Ty::Time]);
                call(ty, "max", vec![self.expr(ty, scope, 1)])
            }
            6 | 7 => call(Ty::Texts, "make_set", vec![self.expr(Ty::Text, scope, 1)]),
            8 => call(Ty::Longs, "make_set", vec![self.expr(Ty::Long, scope, 1)]),
            9 => call(Ty::Texts, "make_list", vec![self.expr(Ty::Text, scope, 1)]),
            10 => call(Ty::Longs, "make_list", vec![self.expr(Ty::Long, scope, 1)]),
            11 => call(Ty::Long, "dcount", vec![self.expr(Ty::Text, scope, 1)]),
            12 => call(number, "sum", vec![self.expr(number, scope, 1)]),
            _ => call(Ty::Real, "avg", vec![self.expr(number, scope, 1)]),
        }
    }

    fn join(&mut self, scope: &mut Scope, steps: &mut Vec<Step>) {
        let count = self.numbers.below(3);
        let (mut right, mut other) = self.pipe(count);
        let pairs: Vec<(String, String)> = scope
            .columns
            .iter()
            .filter(|(_, ty)| flat(*ty) && !matches!(ty, Ty::Real | Ty::Bool))
            .flat_map(|(left, ty)| {
                let fits = other.columns.iter().filter(move |(_, own)| own == ty);
                fits.map(move |(right, _)| (left.clone(), right.clone()))
            })
            .collect();
        if pairs.is_empty() {
            return;
        }
        let mut on = vec![pairs[self.numbers.below(pairs.len())].clone()];
        let second = pairs[self.numbers.below(pairs.len())].clone();
        if self.numbers.once_in(3) && on[0].0 != second.0 && on[0].1 != second.1 {
            on.push(second);
        }
        // The right side under names of its own: what a repeated name becomes is in the list of known answers.
        self.fresh += 1;
        let own = self.fresh;
        let mut items = Vec::new();
        let mut renamed = Vec::new();
        for (name, ty) in &other.columns {
            let new = format!("{name}_{own}");
            if self.ordered.contains(name) {
                self.ordered.insert(new.clone());
            }
            items.push(Item {
                name: new.clone(),
                expr: Expr::column(*ty, name),
            });
            renamed.push((new, *ty));
        }
        right.steps.push(Step::Project(items));
        other.columns = renamed;
        for (_, key) in &mut on {
            *key = format!("{key}_{own}");
        }
        let kind = self
            .numbers
            .pick(&["inner", "inner", "inner", "leftanti", "leftanti", "leftsemi"]);
        steps.push(Step::Join(kind, right, on));
        scope.unique = None;
        if kind == "inner" {
            let clash = other
                .columns
                .iter()
                .any(|(name, _)| scope.columns.iter().any(|(own, _)| own == name));
            if clash {
                steps.pop();
                return;
            }
            scope.columns.extend(other.columns);
        } else {
            let left = scope.columns.iter().map(|(name, ty)| plain(name, *ty));
            steps.push(Step::Project(left.collect()));
        }
    }
}

/// A column under its own name.
fn plain(name: &str, ty: Ty) -> Item {
    Item {
        name: name.to_owned(),
        expr: Expr::column(ty, name),
    }
}

/// Whether a column of it can be a key.
fn flat(ty: Ty) -> bool {
    !matches!(ty, Ty::Texts | Ty::Longs)
}

//! Random expressions, and the values that they turn on.

use crate::generate::{Generator, Numbers, Scope};
use crate::query::{Expr, Form, Ty};

/// Texts that are not made of [`WORDS`].
const TEXTS: &[&str] = &[
    "",
    "/",
    "12",
    "-3",
    "1.5",
    "true",
    "a+b (c)",
    "tab\\there",
    "it's",
    "50%_",
    "[x]",
    "line\nbreak",
    "x=1;y=2",
    "abab",
];

/// Words with near misses, in several cases.
const WORDS: &[&str] = &[
    "aws", "AWS", "saws", "cli", "CLI", "client", "a", "ab", "B", "1", "12", "user",
];

/// What stands between words: borders of terms, and none.
const SEPARATORS: &[&str] = &["-", "/", "_", ".", " ", "=", "//", ""];

/// IPv4 addresses at the edges of ranges.
pub(crate) const ADDRESSES: &[&str] = &[
    "10.0.0.0",
    "10.255.255.255",
    "11.0.0.0",
    "9.255.255.255",
    "172.15.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "172.32.0.0",
    "192.168.0.1",
    "192.169.0.1",
    "8.8.8.8",
    "0.0.0.0",
    "255.255.255.255",
];

const RANGES: &[&str] = &[
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.1",
    "0.0.0.0/0",
    "8.8.8.8/32",
    "10.0.0.0/9",
];

const PATTERNS: &[&str] = &[
    "^a.*i$",
    "[A-Z]",
    "aws|user",
    r"\\d+",
    "a{2}",
    "(ab)+$",
    r"^\\w+$",
    r"\\bcli\\b",
    "(?i)aws",
    r"[^/]+/[^/]+",
    r"\\.",
    "^$",
];

/// Seconds behind the start of a day, on and beside the edges of bins.
pub(crate) const TIMES: &[i64] = &[
    0, 1, 599, 600, 3_599, 3_600, 3_601, 36_000, 39_599, 39_600, 43_200, 86_399, 86_400, 90_000, -1, -3_600, -86_400,
    2_678_400,
];

/// A literal of KQL for a text.
fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// Words in a row; few enough of them that one text often holds another.
fn words(numbers: &mut Numbers, most: usize) -> String {
    let mut text = numbers.pick(WORDS).to_owned();
    for _ in 0..numbers.below(most) {
        text.push_str(numbers.pick(SEPARATORS));
        text.push_str(numbers.pick(WORDS));
    }
    text
}

/// A text for a cell, now and then with a separator at an end.
pub(crate) fn text(numbers: &mut Numbers) -> String {
    match numbers.below(8) {
        0 => numbers.pick(TEXTS).to_owned(),
        1 => format!("{}{}", numbers.pick(SEPARATORS), words(numbers, 2)),
        2 => format!("{}{}", words(numbers, 2), numbers.pick(SEPARATORS)),
        _ => words(numbers, 3),
    }
}

impl Generator {
    pub(crate) fn literal(&mut self, ty: Ty) -> Expr {
        let numbers = &mut self.numbers;
        let text = match ty {
            // No separator at an end, and not empty: what `has` makes of those is not documented.
            Ty::Text => quoted(&words(numbers, 2)),
            Ty::Long => numbers
                .pick(&["-14", "-3", "-1", "0", "1", "2", "3", "5", "12", "100"])
                .to_owned(),
            Ty::Real => numbers.pick(&["-2.5", "-0.5", "0.25", "1.0", "1.5", "3.0"]).to_owned(),
            Ty::Bool => numbers.pick(&["true", "false"]).to_owned(),
            Ty::Time => numbers
                .pick(&[
                    "datetime(2025-08-15)",
                    "datetime(2025-08-15T10:00:00Z)",
                    "datetime(2025-08-15 00:10:00)",
                    "datetime(2025-08-14T23:59:59.9999999Z)",
                ])
                .to_owned(),
            Ty::Texts => numbers
                .pick(&[
                    r#"dynamic(["aws", "cli"])"#,
                    r#"dynamic(["AWS"])"#,
                    r#"dynamic(["a", "a", "", "user/admin"])"#,
                    r#"dynamic(["b", "1", "aws", "user"])"#,
                ])
                .to_owned(),
            Ty::Longs => numbers.pick(&["dynamic([1, 5])", "dynamic([-3, 100, 100])"]).to_owned(),
        };
        Expr::literal(ty, text)
    }

    /// An expression of that type over the columns in scope.
    pub(crate) fn expr(&mut self, ty: Ty, scope: &Scope, depth: usize) -> Expr {
        let often = if ty == Ty::Bool { 12 } else { 2 };
        if depth == 0 || self.numbers.once_in(often) {
            return self.leaf(ty, scope);
        }
        let depth = depth - 1;
        if self.numbers.once_in(12) {
            return self.choice(ty, scope, depth);
        }
        match ty {
            Ty::Text => self.text(scope, depth),
            Ty::Long => self.long(scope, depth),
            Ty::Real => self.real(scope, depth),
            Ty::Bool => self.condition(scope, depth),
            Ty::Time => self.time(scope, depth),
            Ty::Texts | Ty::Longs => self.set(ty, scope, depth),
        }
    }

    fn leaf(&mut self, ty: Ty, scope: &Scope) -> Expr {
        let known = scope.columns.iter().chain(&self.values);
        let fits = known.filter(|(name, own)| *own == ty && name != "address");
        let names: Vec<String> = fits.map(|(name, _)| name.clone()).collect();
        if names.is_empty() || self.numbers.once_in(if ty == Ty::Bool { 30 } else { 8 }) {
            return self.literal(ty);
        }
        Expr::column(ty, &names[self.numbers.below(names.len())])
    }

    /// Two literals, mostly the lower one first.
    fn range(&mut self, ty: Ty) -> [Expr; 2] {
        let (a, b) = (self.literal(ty), self.literal(ty));
        let key = |expr: &Expr| {
            let text = expr.to_string();
            (text.parse().map_or(0, |n: f64| (n * 10.0) as i64), text)
        };
        if key(&a) <= key(&b) || self.numbers.once_in(6) {
            [a, b]
        } else {
            [b, a]
        }
    }

    /// `iff`, `case`
    fn choice(&mut self, ty: Ty, scope: &Scope, depth: usize) -> Expr {
        let mut args = vec![self.expr(Ty::Bool, scope, depth), self.branch(ty, scope, depth)];
        if self.numbers.once_in(2) {
            args.push(self.branch(ty, scope, depth));
            return Expr::new(ty, Form::Call("iff"), args);
        }
        args.push(self.expr(Ty::Bool, scope, depth));
        args.push(self.branch(ty, scope, depth));
        args.push(self.branch(ty, scope, depth));
        Expr::new(ty, Form::Call("case"), args)
    }

    /// A sum is signed, whatever its parts are: the list of known answers says why that matters.
    fn branch(&mut self, ty: Ty, scope: &Scope, depth: usize) -> Expr {
        let expr = self.expr(ty, scope, depth);
        if ty != Ty::Long {
            return expr;
        }
        Expr::new(ty, Form::Infix("+"), vec![expr, Expr::literal(ty, "0")])
    }

    fn text(&mut self, scope: &Scope, depth: usize) -> Expr {
        let a = self.expr(Ty::Text, scope, depth);
        let call = |name, args| Expr::new(Ty::Text, Form::Call(name), args);
        let (one, two) = (self.literal(Ty::Text), self.literal(Ty::Text));
        let at = Expr::literal(Ty::Long, self.numbers.pick(&["0", "1", "3"]));
        let length = Expr::literal(Ty::Long, self.numbers.pick(&["0", "2", "20"]));
        match self.numbers.below(17) {
            13 => call("reverse", vec![a]),
            14 => call(
                "trim",
                vec![Expr::literal(Ty::Text, self.numbers.pick(&["\"a+\"", "\"[/ -]+\""])), a],
            ),
            15 => call(
                "replace_regex",
                vec![
                    a,
                    Expr::literal(Ty::Text, "\"([a-z])([/-])\""),
                    Expr::literal(Ty::Text, "\"\\\\2\\\\1\""),
                ],
            ),
            16 => call("base64_encode_tostring", vec![a]),
            0 | 1 => call("tolower", vec![a]),
            2 => call("toupper", vec![a]),
            3 => call("strcat", vec![a, one, self.expr(Ty::Long, scope, depth)]),
            4 => call("strcat", vec![a, self.expr(Ty::Text, scope, depth)]),
            5 => call("substring", vec![a, at, length]),
            6 => call("replace_string", vec![a, one, two]),
            7 => call("tostring", vec![self.expr(Ty::Long, scope, depth)]),
            8 => call("tostring", vec![self.expr(Ty::Bool, scope, depth)]),
            9 => {
                let parts = self.split(a);
                let index = self.numbers.pick(&[0, 1, 2, -1]);
                let element = Expr::new(Ty::Text, Form::Element(index), vec![parts]);
                call("tostring", vec![element])
            }
            10 => call("coalesce", vec![a, one]),
            11 => {
                let pattern = self.numbers.pick(&[r#""(a.)""#, r#""^([^/]+)/""#, r#""(\\d+)""#]);
                let args = vec![Expr::literal(Ty::Text, pattern), Expr::literal(Ty::Long, "1"), a];
                call("tostring", vec![call("extract", args)])
            }
            _ => call("strcat_delim", vec![Expr::literal(Ty::Text, "\"-\""), a, one]),
        }
    }

    fn split(&mut self, text: Expr) -> Expr {
        let delimiter = Expr::literal(Ty::Text, quoted(self.numbers.pick(&["/", "-", "a", "//", " "])));
        Expr::new(Ty::Texts, Form::Call("split"), vec![text, delimiter])
    }

    fn long(&mut self, scope: &Scope, depth: usize) -> Expr {
        let a = self.expr(Ty::Long, scope, depth);
        let b = self.expr(Ty::Long, scope, depth);
        let call = |name, args| Expr::new(Ty::Long, Form::Call(name), args);
        let infix = |operator, a, b| Expr::new(Ty::Long, Form::Infix(operator), vec![a, b]);
        let divisor = Expr::literal(Ty::Long, self.numbers.pick(&["2", "3", "-4", "12"]));
        match self.numbers.below(19) {
            16 => {
                let unit = Expr::literal(Ty::Text, self.numbers.pick(&["\"hour\"", "\"day\"", "\"second\""]));
                call(
                    "datetime_diff",
                    vec![unit, self.expr(Ty::Time, scope, depth), self.literal(Ty::Time)],
                )
            }
            17 => call("toint", vec![self.expr(Ty::Text, scope, depth)]),
            18 => call(
                "array_index_of",
                vec![self.literal(Ty::Texts), self.expr(Ty::Text, scope, depth)],
            ),
            0 | 1 => infix("+", a, b),
            2 => infix("-", a, b),
            3 => infix("*", a, self.literal(Ty::Long)),
            4 => infix("/", a, divisor),
            5 => infix("%", a, divisor),
            6 => call("strlen", vec![self.expr(Ty::Text, scope, depth)]),
            7 => call(
                "bin",
                vec![a, Expr::literal(Ty::Long, self.numbers.pick(&["1", "5", "7"]))],
            ),
            8 => call("abs", vec![a]),
            9 => call("coalesce", vec![a, self.literal(Ty::Long)]),
            10 => call("array_length", vec![self.expr(Ty::Texts, scope, depth)]),
            11 => call(
                "indexof",
                vec![self.expr(Ty::Text, scope, depth), self.literal(Ty::Text)],
            ),
            12 => call("tolong", vec![self.expr(Ty::Text, scope, depth)]),
            13 => {
                let part = self
                    .numbers
                    .pick(&["hourofday", "dayofmonth", "monthofyear", "getyear", "dayofyear"]);
                call(part, vec![self.expr(Ty::Time, scope, depth)])
            }
            14 => call("parse_ipv4", vec![self.address(scope)]),
            _ => call(
                "countof",
                vec![self.expr(Ty::Text, scope, depth), self.literal(Ty::Text)],
            ),
        }
    }

    fn real(&mut self, scope: &Scope, depth: usize) -> Expr {
        let a = self.expr(Ty::Real, scope, depth);
        let b = self.expr(Ty::Real, scope, depth);
        let call = |name, args| Expr::new(Ty::Real, Form::Call(name), args);
        let infix = |operator, a, b| Expr::new(Ty::Real, Form::Infix(operator), vec![a, b]);
        match self.numbers.below(9) {
            8 => call("todouble", vec![self.expr(Ty::Text, scope, depth)]),
            0 => infix("+", a, b),
            1 => infix("-", a, b),
            2 => infix("*", a, b),
            3 => infix("/", a, Expr::literal(Ty::Real, "2.0")),
            4 => infix("/", self.expr(Ty::Long, scope, depth), Expr::literal(Ty::Real, "4.0")),
            5 => call(
                "bin",
                vec![a, Expr::literal(Ty::Real, self.numbers.pick(&["0.5", "1.0", "2.5"]))],
            ),
            6 => call("abs", vec![a]),
            _ => infix("*", self.expr(Ty::Long, scope, depth), Expr::literal(Ty::Real, "1.5")),
        }
    }

    fn time(&mut self, scope: &Scope, depth: usize) -> Expr {
        let a = self.expr(Ty::Time, scope, depth);
        let size = Expr::literal(Ty::Time, self.numbers.pick(&["1s", "10m", "1h", "6h", "1d"]));
        let (form, args) = match self.numbers.below(7) {
            6 => (Form::Call("endofday"), vec![a]),
            0 | 1 => (Form::Call("bin"), vec![a, size]),
            2 => (Form::Infix("+"), vec![a, size]),
            3 => (Form::Infix("-"), vec![a, size]),
            4 => (
                Form::Call(self.numbers.pick(&["startofday", "startofday", "startofmonth"])),
                vec![a],
            ),
            _ => {
                let unit = Expr::literal(Ty::Text, self.numbers.pick(&["\"hour\"", "\"day\"", "\"minute\""]));
                (Form::Call("datetime_add"), vec![unit, self.literal(Ty::Long), a])
            }
        };
        Expr::new(Ty::Time, form, args)
    }

    fn set(&mut self, ty: Ty, scope: &Scope, depth: usize) -> Expr {
        let (a, b) = (self.expr(ty, scope, depth), self.expr(ty, scope, depth));
        let call = |name, args| Expr::new(ty, Form::Call(name), args);
        let inner = if ty == Ty::Texts { Ty::Text } else { Ty::Long };
        match self.numbers.below(8) {
            6 => call(
                "array_slice",
                vec![a, Expr::literal(Ty::Long, "0"), Expr::literal(Ty::Long, "1")],
            ),
            7 => call("array_reverse", vec![a]),
            0 => call("set_union", vec![a, b]),
            1 => call("set_difference", vec![a, b]),
            2 => call("set_intersect", vec![a, b]),
            3 => call("array_concat", vec![a, b]),
            4 if ty == Ty::Texts => {
                let text = self.expr(Ty::Text, scope, depth);
                self.split(text)
            }
            _ => call(
                "pack_array",
                vec![self.expr(inner, scope, depth), self.expr(inner, scope, depth)],
            ),
        }
    }

    /// A column of addresses, or one that is written out.
    fn address(&mut self, scope: &Scope) -> Expr {
        if scope.columns.iter().any(|(name, _)| name == "address") {
            return Expr::column(Ty::Text, "address");
        }
        Expr::literal(Ty::Text, quoted(self.numbers.pick(ADDRESSES)))
    }

    /// A text operator with a word behind it.
    pub(crate) fn about_text(&mut self, scope: &Scope, depth: usize) -> Expr {
        let operator = self.numbers.pick(&[
            "has",
            "!has",
            "has_cs",
            "!has_cs",
            "hasprefix",
            "!hasprefix",
            "hassuffix",
            "contains",
            "!contains",
            "contains_cs",
            "!contains_cs",
            "startswith",
            "!startswith",
            "startswith_cs",
            "endswith",
            "!endswith",
            "endswith_cs",
            "hasprefix_cs",
            "hassuffix_cs",
            "!hassuffix",
            "has",
            "has",
        ]);
        Expr::new(
            Ty::Bool,
            Form::Infix(operator),
            vec![self.expr(Ty::Text, scope, depth), self.literal(Ty::Text)],
        )
    }

    pub(crate) fn condition(&mut self, scope: &Scope, depth: usize) -> Expr {
        let new = |form, args| Expr::new(Ty::Bool, form, args);
        match self.numbers.below(22) {
            17 | 18 => {
                let operator = self
                    .numbers
                    .pick(&["==", "=~", "!~", "in~", "has_any", "has_all", "has", "in"]);
                let column = self.leaf(Ty::Text, scope);
                let mut args = vec![column, self.literal(Ty::Text)];
                if matches!(operator, "in~" | "has_any" | "has_all" | "in") {
                    args.push(self.literal(Ty::Text));
                    args.push(self.literal(Ty::Text));
                    return new(Form::List(operator), args);
                }
                new(Form::Infix(operator), args)
            }
            19..=21 => {
                let ty = self.numbers.pick(&[Ty::Long, Ty::Real, Ty::Time]);
                let operator = self.numbers.pick(&["<", "<=", ">", ">="]);
                new(Form::Infix(operator), vec![self.leaf(ty, scope), self.literal(ty)])
            }
            0 | 1 => new(
                Form::Infix(self.numbers.pick(&["and", "or"])),
                vec![self.expr(Ty::Bool, scope, depth), self.expr(Ty::Bool, scope, depth)],
            ),
            2 => new(Form::Call("not"), vec![self.expr(Ty::Bool, scope, depth)]),
            3 | 4 => {
                let ty = self.numbers.pick(&[Ty::Long, Ty::Long, Ty::Real, Ty::Time, Ty::Bool]);
                let operators: &[&str] = if ty == Ty::Bool {
                    &["==", "!="]
                } else {
                    &["<", "<=", ">", ">=", "==", "!="]
                };
                let operator = self.numbers.pick(operators);
                let other = if self.numbers.once_in(2) {
                    self.literal(ty)
                } else {
                    self.expr(ty, scope, depth)
                };
                new(Form::Infix(operator), vec![self.expr(ty, scope, depth), other])
            }
            5 => {
                let operator = self.numbers.pick(&["==", "!=", "=~", "!~"]);
                let other = self.expr(Ty::Text, scope, 0);
                new(Form::Infix(operator), vec![self.expr(Ty::Text, scope, depth), other])
            }
            6..=8 => self.about_text(scope, depth),
            9 | 10 => {
                let operator = self.numbers.pick(&["in", "!in", "in~", "!in~", "has_any", "has_all"]);
                let mut args = vec![self.expr(Ty::Text, scope, depth)];
                if matches!(operator, "in" | "!in") && self.numbers.once_in(4) {
                    args.push(Expr::literal(Ty::Text, "U | project key"));
                    return new(Form::List(operator), args);
                }
                args.extend(
                    (0..1 + self.numbers.below(3))
                        .map(|_| self.literal(Ty::Text))
                        .collect::<Vec<_>>(),
                );
                new(Form::List(operator), args)
            }
            11 => {
                let operator = self.numbers.pick(&["in", "!in"]);
                let mut args = vec![self.expr(Ty::Long, scope, depth)];
                args.extend(
                    (0..1 + self.numbers.below(3))
                        .map(|_| self.literal(Ty::Long))
                        .collect::<Vec<_>>(),
                );
                new(Form::List(operator), args)
            }
            12 => {
                let ty = self.numbers.pick(&[Ty::Long, Ty::Real, Ty::Time]);
                let operator = self.numbers.pick(&["between", "!between"]);
                let mut args = vec![self.expr(ty, scope, depth)];
                args.extend(self.range(ty));
                new(Form::Between(operator), args)
            }
            13 => {
                let pattern = Expr::literal(Ty::Text, quoted(self.numbers.pick(PATTERNS)));
                new(
                    Form::Infix("matches regex"),
                    vec![self.expr(Ty::Text, scope, depth), pattern],
                )
            }
            14 => {
                let ty = self.numbers.pick(&[Ty::Long, Ty::Real, Ty::Time, Ty::Bool]);
                match self.numbers.below(4) {
                    0 => new(Form::Call("isempty"), vec![self.expr(Ty::Text, scope, depth)]),
                    1 => new(Form::Call("isnotempty"), vec![self.expr(Ty::Text, scope, depth)]),
                    2 => new(Form::Call("isnull"), vec![self.expr(ty, scope, depth)]),
                    _ => new(Form::Call("isnotnull"), vec![self.expr(ty, scope, depth)]),
                }
            }
            15 => {
                let address = self.address(scope);
                if self.numbers.once_in(2) {
                    return new(Form::Call("ipv4_is_private"), vec![address]);
                }
                let range = Expr::literal(Ty::Text, quoted(self.numbers.pick(RANGES)));
                new(Form::Call("ipv4_is_in_range"), vec![address, range])
            }
            _ => {
                let set = self.expr(Ty::Texts, scope, depth);
                new(Form::Call("set_has_element"), vec![set, self.literal(Ty::Text)])
            }
        }
    }
}

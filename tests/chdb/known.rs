//! What the engine answers wrongly, or in another way where Kusto says nothing, by name.

use crate::query::{Expr, Form, Item, Named, Pipe, Query, Step, Ty};
use std::collections::BTreeSet;

/// A construct as the engine reads it, written so that our reader computes that. The set has the columns that have no null.
type Misread = (&'static str, fn(Expr, &BTreeSet<String>) -> Expr);

/// What explains a difference: our reader must give exactly the engine's rows for the query that is written so.
pub(crate) const MISREAD: &[Misread] = &[
    ("null in == and != and in", null_in_equality),
    ("the sign of %", sign_of_remainder),
    ("coalesce of an empty text", coalesce_of_empty),
    ("sum of no numbers", sum_of_none),
    ("avg of no numbers", average_of_none),
    ("min and max of no values", extreme_of_none),
];

/// The same for queries that are not of our generator's making: what a query holds that the engine misreads. Each has its
/// answer below.
pub(crate) const MISREAD_TEXTS: &[(&str, &str)] = &[
    ("coalesce of an empty text", r"\bcoalesce\("),
    ("in~ with a list that a let names", r" in~ \(\w+\)"),
    ("has_any with a list that a let names", r" has_any \(\w+\)"),
];

fn call(ty: Ty, name: &'static str, args: Vec<Expr>) -> Expr {
    Expr::new(ty, Form::Call(name), args)
}

fn infix(ty: Ty, operator: &'static str, a: Expr, b: Expr) -> Expr {
    Expr::new(ty, Form::Infix(operator), vec![a, b])
}

fn null_in_equality(expr: Expr, _: &BTreeSet<String>) -> Expr {
    let equality = matches!(expr.form, Form::Infix("==" | "!=") | Form::List("in" | "!in"));
    let operands = expr.args.iter().filter(|arg| arg.ty != Ty::Text);
    let nulls = operands.map(|arg| call(Ty::Bool, "isnull", vec![arg.clone()]));
    match nulls.reduce(|a, b| infix(Ty::Bool, "or", a, b)) {
        Some(null) if equality => call(Ty::Bool, "iff", vec![null, Expr::literal(Ty::Bool, "bool(null)"), expr]),
        _ => expr,
    }
}

fn sign_of_remainder(expr: Expr, _: &BTreeSet<String>) -> Expr {
    match (&expr.form, &expr.args[..]) {
        (Form::Infix("%"), [a, b]) => {
            let whole = infix(Ty::Long, "*", infix(Ty::Long, "/", a.clone(), b.clone()), b.clone());
            infix(Ty::Long, "-", a.clone(), whole)
        }
        _ => expr,
    }
}

fn coalesce_of_empty(expr: Expr, _: &BTreeSet<String>) -> Expr {
    match (&expr.form, &expr.args[..]) {
        (Form::Call("coalesce"), [first, ..]) if expr.ty == Ty::Text => first.clone(),
        _ => expr,
    }
}

/// The columns that the engine makes of what is never null, such as counts.
fn full(query: &Query) -> BTreeSet<String> {
    let values = query
        .lets
        .iter()
        .filter(|(_, named)| matches!(named, Named::Value(value) if value.ty != Ty::Time));
    let mut full: BTreeSet<String> = values.map(|(name, _)| name.clone()).collect();
    // A column may be made of one that stands further down, in the right side of a join.
    for _ in 0..4 {
        let known = full.clone();
        full.insert("Count".to_owned());
        query.pipes(&mut |pipe| {
            for step in &pipe.steps {
                if let Step::Rename(new, old) = step
                    && known.contains(old)
                {
                    full.insert(new.clone());
                }
            }
            let items = pipe.steps.iter().flat_map(Step::items);
            let made = items.filter(|item| !matches!(item.expr.ty, Ty::Text | Ty::Time));
            let made = made.filter(|item| item.expr.form != Form::Column(item.name.clone()));
            full.extend(
                made.filter(|item| !nullable(&item.expr, &known))
                    .map(|item| item.name.clone()),
            );
        });
    }
    full
}

/// The query as the engine understands it.
pub(crate) fn misread(query: &Query, (_, read): &Misread) -> Query {
    let full = full(query);
    query.map(&|expr| read(expr, &full))
}

/// Whether the engine takes it for something that can be null.
fn nullable(expr: &Expr, full: &BTreeSet<String>) -> bool {
    let any = |args: &[Expr]| args.iter().any(|arg| nullable(arg, full));
    match &expr.form {
        Form::Column(name) => expr.ty != Ty::Text && !full.contains(name),
        Form::Literal(text) => text.starts_with("datetime"),
        Form::Call("count" | "countif" | "dcount" | "dcountif" | "isnull" | "isnotnull") => false,
        Form::Call("strlen" | "countof" | "indexof" | "array_index_of" | "array_length") => false,
        Form::Call("tolong" | "toint" | "todouble" | "parse_ipv4" | "bin") => true,
        Form::Call("sumif" | "avgif" | "minif") => of_nullable(expr, full),
        Form::Call("coalesce") => expr.args.iter().all(|arg| nullable(arg, full)),
        Form::Call("iff") => any(&expr.args[1..]),
        Form::Call("case") => {
            let branches = expr.args.iter().enumerate();
            let mut branches = branches.filter(|(index, _)| index % 2 == 1 || index + 1 == expr.args.len());
            branches.any(|(_, branch)| nullable(branch, full))
        }
        Form::Call(_) | Form::Infix(_) | Form::List(_) | Form::Between(_) | Form::Element(_) => any(&expr.args),
    }
}

/// The aggregate, and what stands in its place where there is nothing to add up.
fn of_none(aggregate: Expr, instead: &str) -> Expr {
    let mut conditions = aggregate.args.clone();
    let value = conditions.remove(0);
    conditions.push(call(Ty::Bool, "isnotnull", vec![value]));
    let some = conditions.into_iter().reduce(|a, b| infix(Ty::Bool, "and", a, b));
    let counted = call(Ty::Long, "countif", some.into_iter().collect());
    let none = infix(Ty::Bool, "==", counted, Expr::literal(Ty::Long, "0"));
    let instead = Expr::literal(aggregate.ty, instead);
    call(aggregate.ty, "iff", vec![none, instead, aggregate])
}

/// Whether the value that an aggregate looks at can be null.
fn of_nullable(aggregate: &Expr, full: &BTreeSet<String>) -> bool {
    aggregate.args.first().is_some_and(|value| nullable(value, full))
}

fn sum_of_none(expr: Expr, full: &BTreeSet<String>) -> Expr {
    match &expr.form {
        Form::Call("sum" | "sumif") if of_nullable(&expr, full) => {
            let null = if expr.ty == Ty::Long {
                "long(null)"
            } else {
                "real(null)"
            };
            of_none(expr, null)
        }
        _ => expr,
    }
}

fn average_of_none(expr: Expr, full: &BTreeSet<String>) -> Expr {
    match &expr.form {
        Form::Call("avg" | "avgif") if !of_nullable(&expr, full) => of_none(expr, "real(nan)"),
        _ => expr,
    }
}

fn extreme_of_none(expr: Expr, full: &BTreeSet<String>) -> Expr {
    match (&expr.form, expr.ty) {
        (Form::Call("min" | "max" | "minif"), Ty::Long | Ty::Real) if !of_nullable(&expr, full) => {
            let zero = if expr.ty == Ty::Long { "0" } else { "0.0" };
            of_none(expr, zero)
        }
        _ => expr,
    }
}

/// Why a query is left out of the random comparison: where no writing for our reader says what the engine does.
/// `columns` gives the names of a query's columns.
pub(crate) fn left_out(query: &Query, columns: impl Fn(&Query) -> Vec<String>) -> Option<&'static str> {
    let mut why = None;
    query.expressions(&mut |expr| {
        let pattern = expr.args.first().map(ToString::to_string);
        if expr.form == Form::Call("trim") && !pattern.is_some_and(|pattern| pattern.ends_with("+\"")) {
            why = Some("trim of several matches");
        }
        for (index, arg) in expr.args.iter().enumerate() {
            if arg.form == Form::Call("extract") && expr.form != Form::Call("tostring") {
                why = Some("extract without a match");
            }
            let branch = match expr.form {
                Form::Call("iff") => index > 0,
                Form::Call("case") => index % 2 == 1 || index + 1 == expr.args.len(),
                _ => false,
            };
            if branch && arg.ty == Ty::Long && !matches!(arg.form, Form::Infix("+") | Form::Literal(_)) {
                why = Some("branches of signed and unsigned numbers");
            }
        }
    });
    query.pipes(&mut |pipe| {
        for (at, step) in pipe.steps.iter().enumerate() {
            match step {
                Step::Extend(items) | Step::Project(items) if reuses(items) => {
                    why = Some("a name that project gives anew and reads");
                }
                Step::Join("leftanti" | "leftsemi", ..)
                    if !matches!(pipe.steps.get(at + 1), Some(Step::Project(_))) =>
                {
                    why = Some("columns of leftanti");
                }
                Step::Union(legs) => {
                    let before = Pipe {
                        source: pipe.source.clone(),
                        steps: pipe.steps[..at].to_vec(),
                    };
                    let of = |pipe: &Pipe| columns(&query.with_body(pipe.clone()));
                    if legs.iter().any(|leg| of(leg) != of(&before)) {
                        why = Some("union of columns in another order");
                    }
                }
                _ => {}
            }
        }
    });
    why
}

/// Whether an item reads a name that another item gives to something else.
fn reuses(items: &[Item]) -> bool {
    let given = items
        .iter()
        .filter(|item| item.expr.form != Form::Column(item.name.clone()));
    let mut given = given.map(|item| &item.name);
    given.any(|name| {
        items.iter().any(|item| {
            let mut reads = false;
            item.expr
                .each(&mut |part| reads |= part.form == Form::Column(name.clone()));
            reads && item.name != *name
        })
    })
}

/// An answer of the engine that is not Kusto's.
pub(crate) struct Answer {
    pub(crate) name: &'static str,
    /// The page of the reference that says what Kusto gives.
    pub(crate) page: &'static str,
    /// Over the tables `K` and `L` of the test.
    pub(crate) query: &'static str,
    pub(crate) kusto: &'static str,
    /// Rows, or how the refusal begins.
    pub(crate) chdb: &'static str,
}

/// All that are known. A reason in [`MISREAD`] or [`left_out`] has the name of one of them.
pub(crate) const ANSWERS: &[Answer] = &[
    Answer {
        name: "null in == and != and in",
        page: "scalar-data-types/null-values",
        query: "K | where n != 5 | project s, n",
        kusto: "n=1 s=\"aws-cli\"; n=null s=\"\"",
        chdb: "n=1 s=\"aws-cli\"",
    },
    Answer {
        name: "null in == and != and in, as a value",
        page: "scalar-data-types/null-values",
        query: "K | project x = n == 5",
        kusto: "x=false; x=false",
        chdb: "x=false; x=null",
    },
    Answer {
        name: "the sign of %",
        page: "numerical-operators",
        query: "print x = -14 % 12",
        kusto: "x=10",
        chdb: "x=-2",
    },
    Answer {
        name: "coalesce of an empty text",
        page: "coalesce-function",
        query: "K | project x = coalesce(s, \"none\")",
        kusto: "x=\"aws-cli\"; x=\"none\"",
        chdb: "x=\"\"; x=\"aws-cli\"",
    },
    Answer {
        name: "in~ with a list that a let names",
        page: "in-operator",
        query: "let l = dynamic([\"AWS-CLI\"]); K | project x = s in~ (l)",
        kusto: "x=false; x=true",
        chdb: "x=false; x=false",
    },
    Answer {
        name: "has_any with a list that a let names",
        page: "has-any-operator",
        query: "let l = dynamic([\"cli\", \"boto\"]); K | project x = s has_any (l)",
        kusto: "x=false; x=true",
        chdb: "x=false; x=false",
    },
    Answer {
        name: "sum of no numbers",
        page: "summarize-operator",
        query: "K | where s == \"no\" | summarize x = sum(n)",
        kusto: "x=0",
        chdb: "x=null",
    },
    Answer {
        name: "avg of no numbers",
        page: "summarize-operator",
        query: "K | where s == \"no\" | summarize x = avg(strlen(s))",
        kusto: "x=null",
        chdb: "x=NaN",
    },
    Answer {
        name: "min and max of no values",
        page: "summarize-operator",
        query: "K | where s == \"no\" | summarize x = min(strlen(s))",
        kusto: "x=null",
        chdb: "x=0",
    },
    Answer {
        name: "extract without a match",
        page: "scalar-data-types/null-values",
        query: "K | summarize x = make_set(extract(\"(cli)\", 1, s))",
        kusto: "x=[\"\", \"cli\"]",
        chdb: "x=[\"cli\"]",
    },
    Answer {
        name: "branches of signed and unsigned numbers",
        page: "numerical-operators",
        query: "K | project x = iff(n > 0, n, strlen(s)) / 2",
        kusto: "x=0; x=0",
        chdb: "x=0; x=5.000000000e-1",
    },
    Answer {
        name: "trim of several matches",
        page: "trim-function",
        query: "print x = trim(\"a\", \"aabaa\")",
        kusto: "x=\"b\"",
        chdb: "x=\"aba\"",
    },
    Answer {
        name: "union of columns in another order",
        page: "union-operator",
        query: "K | project s, x = \"a\" | union (K | project x = \"b\", s) | where isnotempty(s)",
        kusto: "s=\"aws-cli\" x=\"a\"; s=\"aws-cli\" x=\"b\"",
        chdb: "s=\"aws-cli\" x=\"a\"; s=\"b\" x=\"\"; s=\"b\" x=\"aws-cli\"",
    },
    Answer {
        name: "a name that project gives anew and reads",
        page: "project-operator",
        query: "K | project n = strlen(s), x = n",
        kusto: "n=0 x=null; n=7 x=1",
        chdb: "n=0 x=0; n=7 x=7",
    },
    Answer {
        name: "unmatched rows of leftouter",
        page: "join-leftouter",
        query: "K | join kind=leftouter (L | summarize c = count() by k) on $left.s == $right.k | project s, c",
        kusto: "c=1 s=\"aws-cli\"; c=null s=\"\"",
        chdb: "c=0 s=\"\"; c=1 s=\"aws-cli\"",
    },
    Answer {
        name: "names of columns after join",
        page: "join-operator",
        query: "K | project s | join kind=inner (K | project s) on s | project s1",
        kusto: "s1=\"\"; s1=\"aws-cli\"",
        chdb: "UNKNOWN_IDENTIFIER: Unknown expression identifier",
    },
    Answer {
        name: "columns of leftanti",
        page: "join-leftanti",
        query: "K | project s | join kind=leftanti (L) on $left.s == $right.k",
        kusto: "s=\"\"",
        chdb: "k=\"\" m=null s=\"\"",
    },
    Answer {
        name: "has_any of a named list",
        page: "has-any-operator",
        query: "let list = dynamic([\"cli\"]); K | where s has_any (list) | project s",
        kusto: "s=\"aws-cli\"",
        chdb: "",
    },
    Answer {
        name: "split with an index",
        page: "split-function",
        query: "K | project x = split(s, \"-\", 0)",
        kusto: "x=[\"\"]; x=[\"aws\"]",
        chdb: "x=\"\"; x=\"aws\"",
    },
    Answer {
        name: "columns of arg_max",
        page: "arg-max-aggregation-function",
        query: "K | summarize arg_max(n, s)",
        kusto: "n=1 s=\"aws-cli\"",
        chdb: "arg_max_n=1",
    },
    Answer {
        name: "the name of an unnamed make_set",
        page: "make-set-aggregation-function",
        query: "K | summarize make_set(s)",
        kusto: "set_s=[\"\", \"aws-cli\"]",
        chdb: "make_set_s=[\"\", \"aws-cli\"]",
    },
];

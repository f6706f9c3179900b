//! KQL: one query a rule, for Microsoft Sentinel and Log Analytics.
//!
//! The text says what the plan says (`docs/language.md`), in the way a careful person would write it: a comment
//! that says what the rule looks for, named lists and lengths, the range of time first and only where it is needed, plain
//! columns before JSON is parsed, every join with its kind, explicit columns. What it cannot say exactly is refused.
//!
//! | file | what it does |
//! |---|---|
//! | `names` | what columns, constants and `let`s are called |
//! | `time` | the clock: `runEnd`, `runStart`, windows, and the range of time of each part |
//! | `scope`, `value`, `test` | expressions: where slots stand, what is known to be present, values, tests |
//! | `live`, `rows` | the steps of a relation, in the order that costs least |
//! | `aggregate`, `baseline`, `matches` | groups, histories, joins |
//! | `layout`, `literal`, `keywords` | the page |

mod aggregate;
mod baseline;
mod keywords;
mod layout;
mod literal;
mod live;
mod matches;
mod names;
mod rows;
mod scope;
mod test;
mod time;
mod value;

pub use keywords::KEYWORDS;
pub(crate) use literal::text as text_literal;
pub use names::is_table_name;

use crate::diagnostics::{Code, Diagnostic};
use crate::plan::{
    Constant, ConstantValue, Expr, ExprKind, FIRST, LAST, Literal, Operator, Plan, TIME, Type, Watchlist,
};
use crate::source::Catalog;
use crate::value::Span;
use layout::{Level, Pipe};
use names::{END_COLUMN, START_COLUMN, TIME_COLUMN, ident};
use rows::Rows;
use scope::Context;
use std::collections::BTreeSet;

/// The longest query that Sentinel takes.
pub const MAX_LENGTH: usize = 10_000;
/// The longest time that a scheduled query may look back.
pub const MAX_PERIOD: Span = Span::days(14);

const TEMPLATE: &str = include_str!("../../../targets/kql/query.kql.j2");

/// A query and what a scheduler must know of it.
///
/// Run at the clock `now = T + delay`, and reading only rows of `(now - period, now]`, it gives the alerts whose time is in
/// `(T - frequency, T]`.
#[derive(Clone, Debug)]
pub struct Query {
    /// The text; ASCII, with a line end.
    pub text: String,
    /// The columns of its result, in order.
    pub columns: Vec<QueryColumn>,
    /// The tables it reads, sorted.
    pub tables: Vec<String>,
    /// The watchlists that it reads, and the items that they hold for the plan that it was made of.
    pub watchlists: Vec<(Watchlist, Vec<String>)>,
    /// How far it moves its clock back; zero where it has none.
    pub delay: Span,
    /// How far back it reads.
    pub period: Span,
    /// How often it is to run.
    pub frequency: Span,
}

/// A column of a query's result.
#[derive(Clone, Debug)]
pub struct QueryColumn {
    /// Its name in the result.
    pub name: String,
    /// The alert's column that it holds, as an index into [`crate::plan::Alert::columns`]; none for `TimeGenerated`,
    /// `StartTime` and `EndTime`.
    pub output: Option<usize>,
    /// Its type in the result: json leaves as text.
    pub ty: Type,
}

/// The query of a rule.
///
/// # Errors
/// Every place that KQL cannot say exactly, a history that reaches back too far, or a text that is too long.
pub fn emit(plan: &Plan, catalog: &Catalog) -> Result<Query, Vec<Diagnostic>> {
    emit_with(plan, catalog, TEMPLATE)
}

/// The query of an alert on events for a service that hands over what was ingested since its last run: without a clock,
/// however late events may come. Other alerts have a clock here too.
///
/// # Errors
/// As [`emit`].
pub fn emit_near_real_time(plan: &Plan, catalog: &Catalog) -> Result<Query, Vec<Diagnostic>> {
    query(plan, catalog, TEMPLATE, true)
}

/// As [`emit`], framed by a template of the user's own: it is given `header` (lines of a comment), `lets` and `body`.
///
/// # Errors
/// As [`emit`]; also where the template cannot be filled.
pub fn emit_with(plan: &Plan, catalog: &Catalog, template: &str) -> Result<Query, Vec<Diagnostic>> {
    query(plan, catalog, template, false)
}

fn query(plan: &Plan, catalog: &Catalog, template: &str, as_ingested: bool) -> Result<Query, Vec<Diagnostic>> {
    let ctx = Context::new(plan, catalog);
    let alert = &plan.alert;
    let relation = plan.relations.get(alert.input);
    let is_scan = relation.is_some_and(live::is_scan);
    let direct = is_scan && (as_ingested || ctx.clock.delay() <= Span::minutes(5));
    let rows = rows(&ctx, direct);
    let mut errors = ctx.refusals();
    let Some(mut rows) = rows else {
        if errors.is_empty() {
            errors.push(
                Diagnostic::new(Code::KqlRefused, alert.span, "target `kql` cannot express this rule")
                    .label("these relations do not fit together")
                    .help("leave `sentinel` out of `targets`"),
            );
        }
        return Err(errors);
    };
    let columns = project(&ctx, &mut rows);
    errors.extend(ctx.refusals());
    let (delay, period) = if direct {
        (Span(0), plan.rule.every)
    } else {
        let delay = ctx.clock.delay();
        (
            delay,
            Span(plan.rule.every.0.saturating_add(plan.depth().0).saturating_add(delay.0)),
        )
    };
    if period > MAX_PERIOD {
        errors.push(too_long_a_period(plan, delay, period));
    }
    match frame(&ctx, &rows.pipe, template) {
        Ok(text) if text.len() > MAX_LENGTH => errors.push(
            Diagnostic::new(
                Code::QueryTooLong,
                plan.rule.span,
                "the query is longer than Sentinel allows",
            )
            .label(format!("{} characters, {MAX_LENGTH} at most", text.len()))
            .help(shorter(plan)),
        ),
        Ok(text) if errors.is_empty() => {
            return Ok(Query {
                text,
                columns,
                tables: ctx.tables.take().into_iter().collect(),
                watchlists: watchlists(plan),
                delay,
                period,
                frequency: plan.rule.every,
            });
        }
        Ok(_) => {}
        Err(error) => errors.push(
            Diagnostic::new(
                Code::KqlRefused,
                plan.rule.span,
                format!("the template of target `kql` cannot be filled: {error}"),
            )
            .help("correct `kql/query.kql.j2`"),
        ),
    }
    Err(errors)
}

/// The rows of the alert.
fn rows<'a>(ctx: &'a Context<'a>, direct: bool) -> Option<Rows<'a>> {
    let alert = &ctx.plan.alert;
    let relation = ctx.plan.relations.get(alert.input)?;
    let mut items = live::items(relation, relation.steps.iter().chain(&alert.steps));
    let roots: Vec<&Expr> = alert.columns.iter().map(|column| &column.value).collect();
    match &relation.operator {
        Operator::Scan { .. } => {
            let range = if direct { time::Range::All } else { ctx.clock.run(false) };
            live::live(&mut items, &roots.iter().flat_map(|e| e.slots()).collect());
            let mut rows = Rows::scan(ctx, alert.input, &range)?;
            rows.run(items, &roots);
            for root in roots {
                rows.parse_ahead(root);
            }
            Some(rows)
        }
        Operator::Aggregate { .. } => baseline::group_alert(ctx, alert.input, items, &roots),
        Operator::Join { .. } | Operator::AntiJoin { .. } => matches::match_alert(ctx, alert.input, items, &roots),
        Operator::History { .. } => None,
    }
}

/// The result's columns: the times, what is shown, then what only entities and texts need.
fn project(ctx: &Context<'_>, rows: &mut Rows<'_>) -> Vec<QueryColumn> {
    let alert = &ctx.plan.alert;
    let mut columns = Vec::new();
    let mut texts = Vec::new();
    for (name, slot) in [(TIME_COLUMN, TIME), (START_COLUMN, FIRST), (END_COLUMN, LAST)] {
        let value = Expr {
            kind: ExprKind::Column(slot),
            ty: Type::Time,
            span: alert.span,
        };
        texts.push((name.to_owned(), rows.scope.value(&value).at(Level::Sum)));
        columns.push(QueryColumn {
            name: name.to_owned(),
            output: None,
            ty: Type::Time,
        });
    }
    let mut taken: BTreeSet<String> = columns.iter().map(|column| column.name.clone()).collect();
    let shown = alert.columns.iter().enumerate().filter(|(_, column)| column.shown);
    let hidden = alert.columns.iter().enumerate().filter(|(_, column)| !column.shown);
    for (output, column) in shown.chain(hidden) {
        let own = match column.value.kind {
            ExprKind::Column(slot) if ctx.names.borrow().is_field(ctx.plan, ctx.catalog, alert.input, slot) => {
                Some(rows.scope.name(slot))
            }
            _ => None,
        };
        let name = match own {
            Some(own) if taken.insert(own.clone()) => own,
            _ => names::fresh(&names::flat(&column.name), &mut taken),
        };
        let (text, ty) = match column.value.ty {
            Type::Set(_) => (
                format!("array_sort_asc({})", rows.scope.set(&column.value)),
                column.value.ty,
            ),
            Type::Json => (rows.scope.text(&column.value), Type::Text),
            ty => (rows.scope.value(&column.value).plain().to_owned(), ty),
        };
        texts.push((ident(&name), text));
        columns.push(QueryColumn {
            name,
            output: Some(output),
            ty,
        });
    }
    rows.pipe.project(texts);
    columns
}

fn too_long_a_period(plan: &Plan, delay: Span, period: Span) -> Diagnostic {
    let history = plan.relations.iter().find_map(|relation| match relation.operator {
        Operator::History { over, .. } => Some((relation.span, over)),
        _ => None,
    });
    let span = history.map_or(plan.rule.span, |(span, _)| span);
    let rest = Span(MAX_PERIOD.0.saturating_sub(plan.rule.every.0).saturating_sub(delay.0));
    let diagnostic = Diagnostic::new(
        Code::PeriodTooLong,
        span,
        "the rule looks back further than Sentinel allows",
    )
    .label(format!("a run reads {period}, {MAX_PERIOD} at most"))
    .note(format!(
        "a run reads what `every` covers ({}), what lies before it, and the delay of the source ({delay})",
        plan.rule.every
    ));
    match history {
        Some(_) if rest >= Span::days(1) => {
            let days = rest.0 / Span::days(1).0;
            diagnostic.help(format!("shorten the history to `over {days}d`, or shorten `every`"))
        }
        Some(_) => diagnostic.help("shorten `over` and `every`"),
        None => diagnostic.help("shorten `every`, `per` or `within`"),
    }
}

/// How a query becomes shorter: a long list can be kept by the workspace.
fn shorter(plan: &Plan) -> String {
    let length = |constant: &Constant| match &constant.value {
        ConstantValue::List(elements) if constant.watchlist.is_none() => {
            elements.iter().map(|element| literal::literal(element).len() + 2).sum()
        }
        ConstantValue::List(_) | ConstantValue::Scalar(_) => 0,
    };
    let longest = plan.constants.iter().max_by_key(|constant| length(constant));
    match longest.filter(|constant| length(constant) > MAX_LENGTH / 2) {
        Some(Constant { name, .. }) => {
            format!("let the workspace keep the long list: `list {name} = watchlist \"{name}\" column \"Item\"`")
        }
        None => "shorten the lists or `about`, or split the rule".to_owned(),
    }
}

/// The watchlists of a plan with their items.
fn watchlists(plan: &Plan) -> Vec<(Watchlist, Vec<String>)> {
    let of_list = |constant: &Constant| {
        let items = match &constant.value {
            ConstantValue::List(elements) => elements
                .iter()
                .filter_map(|element| match element {
                    Literal::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect(),
            ConstantValue::Scalar(_) => Vec::new(),
        };
        Some((constant.watchlist.clone()?, items))
    };
    plan.constants.iter().filter_map(of_list).collect()
}

/// The whole text: comment, `let`s, body.
fn frame(ctx: &Context<'_>, body: &Pipe, template: &str) -> Result<String, minijinja::Error> {
    let rule = &ctx.plan.rule;
    let mut header = layout::comment(&literal::ascii(&rule.title));
    // The first paragraph says what the query looks for; the rest is for the analyst, and stays in the rule.
    if let Some(about) = rule.about.as_deref().and_then(|about| about.split("\n\n").next()) {
        header.extend(layout::comment(&literal::ascii(about)));
    }
    let names = ctx.names.borrow();
    let used = ctx.used_constants.borrow();
    let mut lets = Vec::new();
    let mut lists = Vec::new();
    for (index, (constant, name)) in ctx.plan.constants.iter().zip(&names.constants).enumerate() {
        if !used.contains(&index) {
            continue;
        }
        if let Some(watchlist) = &constant.watchlist {
            let (alias, column) = (text_literal(&watchlist.alias), names::ident(&watchlist.column));
            lists.push(format!("let {name} = _GetWatchlist({alias})"));
            lists.push(format!("    | project Item = tostring({column})"));
            lists.push("    | where isnotempty(Item);".to_owned());
            continue;
        }
        match &constant.value {
            ConstantValue::Scalar(value) => lets.push(format!("let {name} = {};", literal::literal(value))),
            ConstantValue::List(elements) => {
                let elements: Vec<String> = elements.iter().map(literal::literal).collect();
                lists.push(layout::list(name, &elements));
            }
        }
    }
    lets.extend(ctx.clock.lets());
    lets.extend(lists);
    lets.extend(ctx.lets.borrow().iter().cloned());

    let mut environment = minijinja::Environment::empty();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.add_template("query.kql.j2", template)?;
    let text = environment.get_template("query.kql.j2")?.render(minijinja::context! {
        header => header,
        lets => lets,
        body => body.lines(0).join("\n"),
    })?;
    Ok(format!("{}\n", text.trim_end()))
}

#[cfg(test)]
mod tests;

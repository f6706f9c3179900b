//! From words to the tree: sources and operators.

use super::ast::{Expanded, Expansion, Expr, ExprKind, Op, OpKind, Pattern, Pipeline, SortKey, Source};
use super::error::{KqlError, Place};
use super::lex::Kind;
use super::parse::Parser;
use super::value::{Type, Value};
use std::rc::Rc;
use std::sync::Arc;

/// Whether a call of that name stands for tables that are not those of the workspace.
pub(super) fn is_elsewhere(name: &str) -> bool {
    matches!(
        name,
        "cluster" | "workspace" | "app" | "resource" | "database" | "adx" | "arg"
    )
}

pub(super) fn elsewhere(name: &str, place: Place) -> KqlError {
    KqlError::at(
        place,
        format!("`{name}(...)` is not supported: only the tables of this workspace are read"),
    )
}

impl Parser<'_> {
    /// Whether a word that begins a query (and no expression) stands here.
    pub(super) fn at_query(&self) -> bool {
        match self.word_at(0).as_deref() {
            Some("print" | "datatable" | "union") => !self.is_mark_at(1, "="),
            Some("search" | "find") => {
                !(self.ended_at(1) || ["=", "|", ",", ")", "."].iter().any(|mark| self.is_mark_at(1, mark)))
            }
            Some("range") => self.word_at(1).is_some() && self.is_word_at(2, "from"),
            _ => false,
        }
    }

    /// A source and the operators behind it.
    pub(super) fn pipeline(&mut self) -> Result<Pipeline, KqlError> {
        let start = self.place();
        let source = match self.word_at(0).as_deref() {
            Some("print") if self.at_query() => {
                self.at += 1;
                Source::Print(self.items()?)
            }
            Some("datatable") if self.at_query() => {
                self.at += 1;
                self.datatable()?
            }
            Some("range") if self.at_query() => {
                self.at += 1;
                let (name, _) = self.name()?;
                self.need_word("from")?;
                let from = self.expr()?;
                self.need_word("to")?;
                let to = self.expr()?;
                self.need_word("step")?;
                Source::Range(name, from, to, self.expr()?)
            }
            Some("union") if self.at_query() => {
                self.at += 1;
                Source::Union(self.union()?)
            }
            Some("search") if self.at_query() => {
                self.at += 1;
                Source::Search(self.search()?)
            }
            Some("find") if self.at_query() => {
                self.at += 1;
                Source::Find(self.find()?)
            }
            Some("evaluate") if self.word_at(1).is_some() => {
                self.at += 1;
                self.hints()?;
                let place = self.place();
                let plugin = self.evaluate()?.plugin;
                return Err(KqlError::at(
                    place,
                    format!("the plugin `{plugin}` needs a table before it"),
                ));
            }
            Some(word) if self.is_mark_at(1, "(") && is_elsewhere(word) => return Err(elsewhere(word, start)),
            _ if self.is_mark(".") => {
                return Err(KqlError::at(
                    start,
                    "a management command (`.show`, `.create`) is no query, and is not supported",
                ));
            }
            _ => Source::Expr(self.expr()?),
        };
        self.pipeline_from(source, start)
    }

    /// The operators behind a source that is read.
    pub(super) fn pipeline_from(&mut self, source: Source, start: Place) -> Result<Pipeline, KqlError> {
        let mut ops = Vec::new();
        while self.take_mark("|") {
            ops.push(self.operator()?);
        }
        Ok(Pipeline {
            source,
            ops,
            place: start.to(self.last()),
        })
    }

    fn datatable(&mut self) -> Result<Source, KqlError> {
        self.need_mark("(")?;
        let columns = self.schema()?;
        self.need_mark(")")?;
        self.need_mark("[")?;
        let mut cells = Vec::new();
        while !self.is_mark("]") {
            cells.push(self.expr()?);
            if !self.take_mark(",") {
                break;
            }
        }
        self.need_mark("]")?;
        Ok(Source::Datatable(columns, cells))
    }

    /// `name: type`, with commas between, at least one.
    pub(super) fn schema(&mut self) -> Result<Vec<(Arc<str>, Type)>, KqlError> {
        let mut columns = Vec::new();
        loop {
            let (name, _) = self.name()?;
            self.need_mark(":")?;
            columns.push((name, self.ty()?));
            if !self.take_mark(",") || self.is_mark(")") {
                return Ok(columns);
            }
        }
    }

    /// An operator's name: words joined by hyphens without blanks.
    fn operator_name(&mut self) -> Result<String, KqlError> {
        let Some(word) = self.word_at(0) else {
            return self.expected("an operator");
        };
        let mut name = word.to_string();
        self.at += 1;
        while self.is_mark("-") && self.adjacent() {
            let Some(next) = self.word_at(1) else { break };
            name.push('-');
            name.push_str(&next);
            self.at += 2;
        }
        Ok(name)
    }

    fn operator(&mut self) -> Result<Op, KqlError> {
        let start = self.place();
        let name = self.operator_name()?;
        self.hints()?;
        let kind = match name.as_str() {
            "where" | "filter" => OpKind::Where(self.expr()?),
            "extend" => OpKind::Extend(self.items()?),
            "project" => OpKind::Project(if self.at_end() { Vec::new() } else { self.items()? }),
            "project-away" => OpKind::ProjectAway(self.patterns(false)?),
            "project-keep" => OpKind::ProjectKeep(self.patterns(false)?),
            "project-reorder" => OpKind::ProjectReorder(self.patterns(true)?),
            "project-rename" => OpKind::ProjectRename(self.items()?),
            "distinct" => {
                if self.is_mark("*") {
                    self.at += 1;
                    OpKind::Distinct(Vec::new())
                } else {
                    OpKind::Distinct(self.items()?)
                }
            }
            "summarize" => self.summarize()?,
            "join" | "lookup" => self.join(&name)?,
            "union" => OpKind::Union(self.union()?),
            "mv-expand" | "mvexpand" => {
                let (index, pairs) = self.mv_options()?;
                let columns = self.expanded()?;
                let limit = if self.take_word("limit") {
                    Some(self.expr()?)
                } else if name == "mvexpand" {
                    // The old spelling stops at 128 elements.
                    Some(Expr {
                        kind: ExprKind::Literal(Type::Long, Value::Long(128)),
                        place: start,
                    })
                } else {
                    None
                };
                OpKind::MvExpand(Expansion {
                    columns,
                    index,
                    pairs,
                    limit,
                })
            }
            "mv-apply" => {
                let (index, pairs) = self.mv_options()?;
                let columns = self.expanded()?;
                let limit = if self.take_word("limit") {
                    Some(self.expr()?)
                } else {
                    None
                };
                self.need_word("on")?;
                self.need_mark("(")?;
                let body = self.subquery()?;
                self.need_mark(")")?;
                OpKind::MvApply(
                    Expansion {
                        columns,
                        index,
                        pairs,
                        limit,
                    },
                    Rc::new(body),
                )
            }
            "sort" | "order" => {
                self.need_word("by")?;
                let mut keys = vec![self.sort_key()?];
                while self.take_mark(",") {
                    keys.push(self.sort_key()?);
                }
                OpKind::Sort(keys)
            }
            "top" => {
                let count = self.expr()?;
                self.need_word("by")?;
                OpKind::Top(count, self.sort_key()?)
            }
            "take" | "limit" => OpKind::Take(self.expr()?),
            "count" => OpKind::Count(if self.take_word("as") {
                Some(self.name()?.0)
            } else {
                None
            }),
            "serialize" => OpKind::Serialize(if self.at_end() { Vec::new() } else { self.items()? }),
            "parse" | "parse-where" => self.parse_operator(name == "parse-where")?,
            "invoke" => OpKind::Invoke(self.expr()?),
            "as" => OpKind::As(self.name()?.0),
            "render" => {
                self.render()?;
                OpKind::Render
            }
            "make-series" => OpKind::MakeSeries(self.make_series()?),
            "scan" => OpKind::Scan(self.scan()?),
            "partition" => self.partition()?,
            "evaluate" => OpKind::Evaluate(self.evaluate()?),
            "parse-kv" => OpKind::ParseKv(self.parse_kv()?),
            "search" => OpKind::Search(self.search()?),
            "sample" => OpKind::Sample(self.expr()?),
            "sample-distinct" => {
                let count = self.expr()?;
                self.need_word("of")?;
                OpKind::SampleDistinct(count, self.item()?)
            }
            "top-hitters" => {
                let count = self.expr()?;
                self.need_word("of")?;
                let of = self.item()?;
                OpKind::TopHitters(count, of, if self.take_word("by") { Some(self.item()?) } else { None })
            }
            "top-nested" => OpKind::TopNested(self.top_nested()?),
            "getschema" => OpKind::GetSchema,
            "project-by-names" => {
                let mut names = vec![self.expr()?];
                while self.take_mark(",") {
                    names.push(self.expr()?);
                }
                OpKind::ProjectByNames(names)
            }
            other => {
                let what = if super::names::is_operator(other) {
                    format!("the operator `{other}` is not supported")
                } else {
                    let hint = super::names::hint(other, super::names::operators());
                    format!("there is no operator `{other}`{hint}")
                };
                return Err(KqlError::at(start.to(self.last()), what));
            }
        };
        Ok(Op {
            kind,
            place: start.to(self.last()),
        })
    }

    /// Whether the operator ends here.
    pub(super) fn at_end(&self) -> bool {
        self.ended() || ["|", ")", ";", "}"].iter().any(|mark| self.is_mark(mark))
    }

    /// `hint.x = y` before an operator's arguments: about speed, so without effect.
    pub(super) fn hints(&mut self) -> Result<(), KqlError> {
        while self.is_word("hint") && self.is_mark_at(1, ".") {
            self.at += 2;
            self.name()?;
            self.need_mark("=")?;
            if matches!(self.token(0).map(|t| &t.kind), Some(Kind::Literal(..))) {
                self.at += 1;
            } else {
                self.name()?;
            }
        }
        Ok(())
    }

    /// Operators without a source, inside `mv-apply` and `partition`.
    pub(super) fn subquery(&mut self) -> Result<Pipeline, KqlError> {
        let place = self.place();
        self.deeper(|p| {
            p.take_mark("|");
            let mut ops = vec![p.operator()?];
            while p.take_mark("|") {
                ops.push(p.operator()?);
            }
            Ok(Pipeline {
                source: Source::Rows,
                ops,
                place,
            })
        })
    }

    fn patterns(&mut self, ordered: bool) -> Result<Vec<Pattern>, KqlError> {
        let mut patterns = Vec::new();
        loop {
            let start = self.place();
            let text: Arc<str> = if self.is_mark("[") {
                self.name()?.0
            } else {
                let fits = |p: &Self| {
                    p.is_mark("*")
                        || p.word_at(0).is_some()
                        || matches!(
                            p.tokens.get(p.at).map(|t| &t.kind),
                            Some(Kind::Literal(Type::Long | Type::Timespan | Type::Real, _))
                        )
                };
                if !fits(self) {
                    return self.expected("a column");
                }
                self.at += 1;
                while self.adjacent() && fits(self) {
                    self.at += 1;
                }
                self.text.get(start.start..self.last().end).unwrap_or("").into()
            };
            let mut order = None;
            if ordered {
                if self.take_word("asc") {
                    order = Some(true);
                } else if self.take_word("desc") {
                    order = Some(false);
                }
            }
            patterns.push(Pattern {
                text,
                place: start.to(self.last()),
                order,
            });
            if !self.take_mark(",") {
                return Ok(patterns);
            }
        }
    }

    fn summarize(&mut self) -> Result<OpKind, KqlError> {
        self.hints()?;
        let aggregates = if self.is_word("by") || self.at_end() {
            Vec::new()
        } else {
            self.items()?
        };
        let by = if self.take_word("by") {
            Some(self.items()?)
        } else {
            None
        };
        if aggregates.is_empty() && by.is_none() {
            return self.expected("an aggregate or `by`");
        }
        Ok(OpKind::Summarize(aggregates, by))
    }

    /// `with_itemindex=name`, `bagexpansion=array`: the name, and whether bags become pairs.
    fn mv_options(&mut self) -> Result<(Option<Arc<str>>, bool), KqlError> {
        let (mut index, mut pairs) = (None, false);
        loop {
            if self.is_word("with_itemindex") && self.is_mark_at(1, "=") {
                self.at += 2;
                index = Some(self.name()?.0);
            } else if (self.is_word("bagexpansion") || self.is_word("kind")) && self.is_mark_at(1, "=") {
                self.at += 2;
                let (value, place) = self.name()?;
                pairs = match &*value {
                    "array" => true,
                    "bag" => false,
                    other => {
                        return Err(KqlError::at(
                            place,
                            format!("bags expand to `bag` or `array`, not `{other}`"),
                        ));
                    }
                };
            } else {
                return Ok((index, pairs));
            }
        }
    }

    fn expanded(&mut self) -> Result<Vec<Expanded>, KqlError> {
        let mut columns = Vec::new();
        loop {
            let item = self.item()?;
            let to = if self.take_word("to") {
                self.need_word("typeof")?;
                self.need_mark("(")?;
                let ty = self.ty()?;
                self.need_mark(")")?;
                Some(ty)
            } else {
                None
            };
            columns.push(Expanded { item, to });
            if !self.take_mark(",") {
                return Ok(columns);
            }
        }
    }

    fn sort_key(&mut self) -> Result<SortKey, KqlError> {
        let expr = self.item()?;
        let ascending = if self.take_word("asc") {
            true
        } else {
            self.take_word("desc");
            false
        };
        let mut nulls_first = ascending;
        if self.take_word("nulls") {
            nulls_first = self.take_word("first");
            if !nulls_first {
                self.need_word("last")?;
            }
        }
        Ok(SortKey {
            expr,
            ascending,
            nulls_first,
        })
    }
}

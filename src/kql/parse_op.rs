//! From words to the tree: statements, sources and operators.

use super::ast::{
    Body, Expanded, Function, Let, LetValue, Op, OpKind, Param, Pattern, Piece, Pipeline, SortKey, Source,
};
use super::error::{KqlError, Place};
use super::lex::Kind;
use super::parse::Parser;
use super::value::Type;
use std::rc::Rc;
use std::sync::Arc;

impl Parser<'_> {
    /// A whole query.
    pub(super) fn query(&mut self) -> Result<Body, KqlError> {
        let body = self.body()?;
        if !self.ended() {
            return self.expected("`|`, `;` or the end");
        }
        Ok(body)
    }

    /// Statements, and the query that gives the result.
    fn body(&mut self) -> Result<Body, KqlError> {
        let mut lets = Vec::new();
        loop {
            while self.take_mark(";") {}
            if self.is_word("let") && !self.is_mark_at(1, "=") {
                self.at += 1;
                lets.push(self.let_statement()?);
                if !self.is_mark(";") {
                    return self.expected("`;` after a `let`");
                }
                continue;
            }
            for word in ["set", "declare", "alias", "pattern", "restrict"] {
                if self.is_word(word) && self.word_at(1).is_some() {
                    return Err(KqlError::at(
                        self.place(),
                        format!("the statement `{word}` is not supported"),
                    ));
                }
            }
            let result = self.deeper(|p| p.pipeline())?;
            while self.take_mark(";") {}
            return Ok(Body { lets, result });
        }
    }

    fn let_statement(&mut self) -> Result<Let, KqlError> {
        let (name, _) = self.name()?;
        self.need_mark("=")?;
        let view = self.is_word("view") && self.is_mark_at(1, "(");
        if view {
            self.at += 1;
        }
        if view || self.at_function() {
            self.need_mark("(")?;
            let mut params = Vec::new();
            while !self.is_mark(")") {
                params.push(self.param()?);
                if !self.take_mark(",") {
                    break;
                }
            }
            self.need_mark(")")?;
            self.need_mark("{")?;
            let body = self.deeper(|p| p.body())?;
            self.need_mark("}")?;
            return Ok(Let {
                name,
                value: LetValue::Function(Rc::new(Function { params, body })),
            });
        }
        let value = self.deeper(|p| p.pipeline())?;
        Ok(Let {
            name,
            value: LetValue::Value(Rc::new(value)),
        })
    }

    /// Whether `(...) {` stands here.
    fn at_function(&self) -> bool {
        if !self.is_mark("(") {
            return false;
        }
        let mut depth = 0_usize;
        let mut ahead = 0;
        while self.at + ahead < self.tokens.len() {
            if self.is_mark_at(ahead, "(") {
                depth += 1;
            } else if self.is_mark_at(ahead, ")") {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return self.is_mark_at(ahead + 1, "{");
                }
            }
            ahead += 1;
        }
        false
    }

    fn param(&mut self) -> Result<Param, KqlError> {
        let (name, _) = self.name()?;
        self.need_mark(":")?;
        if self.take_mark("(") {
            while !self.take_mark(")") {
                if self.ended() {
                    return self.expected("`)`");
                }
                self.at += 1;
            }
            return Ok(Param {
                name,
                ty: None,
                default: None,
            });
        }
        let ty = self.ty()?;
        let default = if self.take_mark("=") { Some(self.expr()?) } else { None };
        Ok(Param {
            name,
            ty: Some(ty),
            default,
        })
    }

    /// Whether a word that begins a query (and no expression) stands here.
    pub(super) fn at_query(&self) -> bool {
        match self.word_at(0).as_deref() {
            Some("print" | "datatable" | "union") => !self.is_mark_at(1, "="),
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
            Some(word @ ("externaldata" | "search" | "find" | "evaluate" | "cluster" | "workspace" | "database"))
                if !self.is_mark_at(1, "|") =>
            {
                return Err(KqlError::at(start, format!("`{word}` is not supported")));
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
        let mut columns = Vec::new();
        loop {
            let (name, _) = self.name()?;
            self.need_mark(":")?;
            columns.push((name, self.ty()?));
            if !self.take_mark(",") {
                break;
            }
        }
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
            "mv-expand" => {
                let index = self.mv_options()?;
                let columns = self.expanded()?;
                let limit = if self.take_word("limit") {
                    Some(self.expr()?)
                } else {
                    None
                };
                OpKind::MvExpand(columns, index, limit)
            }
            "mv-apply" => {
                if let Some(index) = self.mv_options()? {
                    return Err(KqlError::at(
                        start,
                        format!("`with_itemindex={index}` is not supported in `mv-apply`"),
                    ));
                }
                let columns = self.expanded()?;
                let limit = if self.take_word("limit") {
                    Some(self.expr()?)
                } else {
                    None
                };
                self.need_word("on")?;
                self.need_mark("(")?;
                let inner = self.place();
                let mut body = Pipeline {
                    source: Source::Rows,
                    ops: vec![self.operator()?],
                    place: inner,
                };
                while self.take_mark("|") {
                    body.ops.push(self.operator()?);
                }
                self.need_mark(")")?;
                OpKind::MvApply(columns, limit, Rc::new(body))
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
            "count" => OpKind::Count,
            "serialize" => OpKind::Serialize(if self.at_end() { Vec::new() } else { self.items()? }),
            "parse" | "parse-where" => self.parse_operator(name == "parse-where")?,
            "invoke" => OpKind::Invoke(self.expr()?),
            "as" => {
                self.name()?;
                OpKind::As
            }
            other => {
                return Err(KqlError::at(
                    start.to(self.last()),
                    format!("the operator `{other}` is not supported"),
                ));
            }
        };
        Ok(Op {
            kind,
            place: start.to(self.last()),
        })
    }

    /// Whether the operator ends here.
    fn at_end(&self) -> bool {
        self.ended() || ["|", ")", ";", "}"].iter().any(|mark| self.is_mark(mark))
    }

    /// `hint.x = y` before an operator's arguments: about speed, so without effect.
    pub(super) fn hints(&mut self) -> Result<(), KqlError> {
        while self.is_word("hint") && self.is_mark_at(1, ".") {
            self.at += 2;
            self.name()?;
            self.need_mark("=")?;
            self.at += 1;
        }
        Ok(())
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

    fn mv_options(&mut self) -> Result<Option<Arc<str>>, KqlError> {
        let mut index = None;
        loop {
            if self.is_word("with_itemindex") && self.is_mark_at(1, "=") {
                self.at += 2;
                index = Some(self.name()?.0);
            } else if (self.is_word("bagexpansion") || self.is_word("kind")) && self.is_mark_at(1, "=") {
                let place = self.place();
                self.at += 2;
                let (value, _) = self.name()?;
                if &*value != "bag" {
                    return Err(KqlError::at(
                        place,
                        format!("`{value}` expansion of bags is not supported"),
                    ));
                }
            } else {
                return Ok(index);
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

    fn parse_operator(&mut self, filter: bool) -> Result<OpKind, KqlError> {
        if self.is_word("kind") && self.is_mark_at(1, "=") {
            if !self.is_word_at(2, "simple") {
                return Err(KqlError::at(self.place(), "only `kind=simple` of `parse` is supported"));
            }
            self.at += 3;
        }
        let source = self.expr()?;
        self.need_word("with")?;
        let mut pieces = Vec::new();
        loop {
            let place = self.place();
            if self.take_mark("*") {
                pieces.push(Piece::Star);
            } else if let Some(Kind::Literal(Type::String, value)) = self.tokens.get(self.at).map(|t| t.kind.clone()) {
                self.at += 1;
                pieces.push(Piece::Text(value.to_text()));
            } else if self.word_at(0).is_some() || self.is_mark("[") {
                let (name, _) = self.name()?;
                let ty = if self.take_mark(":") { self.ty()? } else { Type::String };
                pieces.push(Piece::Column(name, ty, place));
            } else {
                break;
            }
        }
        if pieces.is_empty() {
            return self.expected("a pattern");
        }
        Ok(OpKind::Parse(source, pieces, filter))
    }
}

//! From words to the tree: statements.

use super::ast::{Body, Expr, ExprKind, Function, Let, LetValue, Param, Pipeline, Source};
use super::error::{KqlError, Place};
use super::parse::Parser;
use std::rc::Rc;
use std::sync::Arc;

impl Parser<'_> {
    /// A whole query.
    pub(super) fn query(&mut self) -> Result<Body, KqlError> {
        let body = self.body()?;
        if self.ended() {
            return Ok(body);
        }
        let next = self.place();
        let separated = self.text.get(self.last().end..next.start).unwrap_or("");
        if self
            .text
            .get(..next.start)
            .is_some_and(|before| before.trim_end().ends_with(';'))
            || (separated.contains('\n') && self.word_at(0).is_some())
        {
            let word = self.text.get(next.start..next.end).unwrap_or("");
            return Err(KqlError::at(
                next,
                format!(
                    "expected `|` or the end, found `{word}`: a query has one result, does a second one begin here?"
                ),
            ));
        }
        self.expected("`|`, `;` or the end")
    }

    /// Statements, and the query that gives the result.
    fn body(&mut self) -> Result<Body, KqlError> {
        let mut lets = Vec::new();
        loop {
            while self.take_mark(";") {}
            if self.is_word("let") && !self.is_mark_at(1, "=") {
                self.at += 1;
                lets.push(self.let_statement()?);
                self.need_end("a `let`")?;
                continue;
            }
            if self.is_word("set") && self.word_at(1).is_some() {
                self.set_statement()?;
                self.need_end("a `set`")?;
                continue;
            }
            if self.is_word("declare") && self.is_word_at(1, "query_parameters") {
                self.at += 2;
                self.query_parameters(&mut lets)?;
                self.need_end("a `declare`")?;
                continue;
            }
            for word in ["declare", "alias", "pattern", "restrict"] {
                if self.is_word(word) && self.word_at(1).is_some() {
                    return Err(KqlError::at(
                        self.place(),
                        format!("the statement `{word}` is not supported"),
                    ));
                }
            }
            if (self.ended() || self.is_mark("}")) && !lets.is_empty() {
                return Err(KqlError::at(
                    self.last(),
                    "the query ends after its `let`: a query over tables, or a `print`, is missing",
                ));
            }
            let result = self.deeper(|p| p.pipeline())?;
            while self.take_mark(";") {}
            return Ok(Body { lets, result });
        }
    }

    fn need_end(&mut self, what: &str) -> Result<(), KqlError> {
        if self.is_mark(";") || self.ended() {
            return Ok(());
        }
        self.expected(&format!("`;` after {what}"))
    }

    /// `set option = value`: about how a service runs a query; some change its rows.
    fn set_statement(&mut self) -> Result<(), KqlError> {
        let start = self.place();
        self.at += 1;
        let (name, _) = self.name()?;
        if self.take_mark("=") {
            self.expr()?;
        }
        let place = start.to(self.last());
        if matches!(
            &*name,
            "query_take_max_records" | "truncationmaxrecords" | "truncationmaxsize" | "query_now" | "querynow"
        ) || name.starts_with("query_datetimescope")
        {
            return Err(KqlError::at(
                place,
                format!("`set {name}` changes the rows of a query, which is not supported"),
            ));
        }
        self.warnings
            .push(KqlError::at(place, format!("the option `{name}` has no effect here")));
        Ok(())
    }

    /// `(name: type = default, ...)`: parameters with their defaults are values.
    fn query_parameters(&mut self, lets: &mut Vec<Let>) -> Result<(), KqlError> {
        self.need_mark("(")?;
        loop {
            let start = self.place();
            let param = self.param()?;
            let place = start.to(self.last());
            let Some(default) = param.default.clone().filter(|_| param.ty.is_some()) else {
                return Err(KqlError::at(
                    place,
                    format!(
                        "the query parameter `{}` has no value here: give it a default",
                        param.name
                    ),
                ));
            };
            let name = Arc::clone(&param.name);
            // A function without arguments gives the default its type.
            let result = Expr {
                kind: ExprKind::Name(Arc::clone(&name)),
                place,
            };
            let function = Function {
                params: vec![param],
                body: Body {
                    lets: Vec::new(),
                    result: alone(result, place),
                },
                view: false,
            };
            lets.push(Let {
                name: Arc::clone(&name),
                value: LetValue::Function(Rc::new(function)),
            });
            let call = Expr {
                kind: ExprKind::Call(Arc::clone(&name), Vec::new()),
                place: default.place,
            };
            lets.push(Let {
                name,
                value: LetValue::Value(Rc::new(alone(call, place))),
            });
            if !self.take_mark(",") {
                break;
            }
        }
        self.need_mark(")")?;
        Ok(())
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
                value: LetValue::Function(Rc::new(Function { params, body, view })),
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
            let columns = if self.take_mark("*") {
                Vec::new()
            } else {
                self.schema()?
            };
            self.need_mark(")")?;
            return Ok(Param {
                name,
                ty: None,
                default: None,
                columns,
            });
        }
        let ty = self.ty()?;
        let default = if self.take_mark("=") { Some(self.expr()?) } else { None };
        Ok(Param {
            name,
            ty: Some(ty),
            default,
            columns: Vec::new(),
        })
    }
}

/// A query of one expression.
fn alone(expr: Expr, place: Place) -> Pipeline {
    Pipeline {
        source: Source::Expr(expr),
        ops: Vec::new(),
        place,
    }
}

//! From words to the tree: types, texts side by side, and what stands in `dynamic(...)`.

use super::error::KqlError;
use super::lex::{Kind, Token};
use super::parse::Parser;
use super::value::{Type, Value};
use std::sync::Arc;

impl Parser<'_> {
    /// Joins the string literals that follow directly.
    pub(super) fn joined(&mut self, first: Value) -> Value {
        let mut text = first.to_text().to_string();
        let start = self.last();
        let mut more = false;
        while let Some(Token {
            kind: Kind::Literal(Type::String, value),
            ..
        }) = self.token(0)
        {
            text.push_str(&value.to_text());
            self.at += 1;
            more = true;
        }
        if !more {
            return first;
        }
        self.warnings.push(KqlError::at(
            start.to(self.last()),
            format!("string literals side by side are one string, `{text}`: is a comma missing?"),
        ));
        Value::text(text)
    }

    /// A type's name.
    pub(super) fn ty(&mut self) -> Result<Type, KqlError> {
        match self.word_at(0) {
            Some(word) => {
                let ty = Type::named(&word)
                    .ok_or_else(|| KqlError::at(self.place(), format!("the type `{word}` is not supported")))?;
                self.at += 1;
                Ok(ty)
            }
            None => self.expected("a type"),
        }
    }

    /// What stands in `dynamic(...)`.
    pub(super) fn dynamic(&mut self) -> Result<Value, KqlError> {
        let minus = self.take_mark("-");
        if let Some(Token {
            kind: Kind::Literal(ty, value),
            ..
        }) = self.token(0).cloned()
        {
            self.at += 1;
            return match (minus, value) {
                (true, Value::Long(n)) => Ok(Value::Long(n.saturating_neg())),
                (true, Value::Real(n)) => Ok(Value::Real(-n)),
                (true, Value::Timespan(n)) => Ok(Value::Timespan(n.saturating_neg())),
                (true, _) => self.expected("a number"),
                (false, value) if ty == Type::String => Ok(self.joined(value)),
                (false, value) => Ok(value),
            };
        }
        if self.take_word("null") {
            return Ok(Value::Null);
        }
        if self.is_word("true") || self.is_word("false") {
            self.at += 1;
            return Ok(Value::Bool(
                self.text.get(self.last().start..self.last().end) == Some("true"),
            ));
        }
        if self.take_mark("[") {
            let mut elements = Vec::new();
            while !self.is_mark("]") {
                elements.push(self.deeper(|p| p.dynamic())?);
                if !self.take_mark(",") {
                    break;
                }
            }
            self.need_mark("]")?;
            return Ok(Value::array(elements));
        }
        if self.take_mark("{") {
            let mut members: Vec<(Arc<str>, Value)> = Vec::new();
            while !self.is_mark("}") {
                let key = match self.token(0).map(|t| t.kind.clone()) {
                    Some(Kind::Literal(Type::String, value)) => value.to_text(),
                    Some(Kind::Word(word)) => word,
                    _ => return self.expected("a key"),
                };
                self.at += 1;
                self.need_mark(":")?;
                members.push((key, self.deeper(|p| p.dynamic())?));
                if !self.take_mark(",") {
                    break;
                }
            }
            self.need_mark("}")?;
            return Ok(Value::bag(members));
        }
        if self.is_word("dynamic") && self.is_mark_at(1, "(") {
            self.at += 2;
            let value = self.deeper(|p| p.dynamic())?;
            self.need_mark(")")?;
            return Ok(value);
        }
        self.expected("a literal: `dynamic(...)` takes JSON, not expressions (use `pack_array` or `bag_pack`)")
    }
}

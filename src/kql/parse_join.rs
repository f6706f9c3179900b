//! From words to the tree: the operators that take several tables.

use super::ast::{Expr, ExprKind, JoinKind, Leg, OpKind, Union};
use super::error::{KqlError, Place};
use super::parse::Parser;
use super::parse_op::{elsewhere, is_elsewhere};
use std::sync::Arc;

impl Parser<'_> {
    /// `join` and `lookup`.
    pub(super) fn join(&mut self, operator: &str) -> Result<OpKind, KqlError> {
        let lookup = operator == "lookup";
        let mut kind = if lookup {
            JoinKind::LeftOuter
        } else {
            JoinKind::InnerUnique
        };
        self.hints()?;
        if self.is_word("kind") && self.is_mark_at(1, "=") {
            self.at += 2;
            let place = self.place();
            let word = self.word_at(0).unwrap_or_else(|| "".into());
            self.at += 1;
            kind = match &*word {
                "inner" => JoinKind::Inner,
                "leftouter" => JoinKind::LeftOuter,
                "innerunique" if !lookup => JoinKind::InnerUnique,
                "rightouter" if !lookup => JoinKind::RightOuter,
                "fullouter" if !lookup => JoinKind::FullOuter,
                "leftsemi" if !lookup => JoinKind::LeftSemi,
                "rightsemi" if !lookup => JoinKind::RightSemi,
                "leftanti" | "anti" | "leftantisemi" if !lookup => JoinKind::LeftAnti,
                "rightanti" | "rightantisemi" if !lookup => JoinKind::RightAnti,
                other => return Err(KqlError::at(place, format!("`{operator}` has no kind `{other}`"))),
            };
        }
        self.hints()?;
        let right = if self.take_mark("(") {
            let inner = self.pipeline_in_brackets()?;
            self.need_mark(")")?;
            inner
        } else {
            self.expr()?
        };
        self.need_word("on")?;
        let mut on = vec![self.expr()?];
        while self.take_mark(",") {
            on.push(self.expr()?);
        }
        Ok(if lookup {
            OpKind::Lookup(kind, right, on)
        } else {
            OpKind::Join(kind, right, on)
        })
    }

    /// `union`
    pub(super) fn union(&mut self) -> Result<Union, KqlError> {
        let start = self.place();
        let mut union = Union {
            inner: false,
            withsource: None,
            fuzzy: false,
            legs: Vec::new(),
            place: start,
        };
        self.hints()?;
        while self.word_at(0).is_some() && self.is_mark_at(1, "=") {
            let (option, place) = self.name()?;
            self.need_mark("=")?;
            let (value, at) = self.name()?;
            match (&*option, &*value) {
                ("kind", "inner") => union.inner = true,
                ("kind", "outer") => union.inner = false,
                ("withsource" | "with_source", _) => union.withsource = Some(value),
                ("isfuzzy", "true") => union.fuzzy = true,
                ("isfuzzy", "false") => union.fuzzy = false,
                ("kind" | "isfuzzy", other) => {
                    return Err(KqlError::at(at, format!("`{other}` is not known to `union {option}=`")));
                }
                (other, _) => return Err(KqlError::at(place, format!("`union {other}=` is not supported"))),
            }
            self.hints()?;
        }
        union.legs = self.legs()?;
        union.place = start.to(self.last());
        Ok(union)
    }

    /// The tables of `union`, `search in (...)` and `find in (...)`.
    pub(super) fn legs(&mut self) -> Result<Vec<Leg>, KqlError> {
        let mut legs = Vec::new();
        loop {
            if let Some((pattern, place)) = self.wildcard() {
                if &*pattern == "*" {
                    return Err(KqlError::at(
                        place,
                        "all tables of a workspace, `*`, are not known here, and a scheduled rule may not read them: name \
                         the tables",
                    ));
                }
                self.warnings.push(KqlError::at(
                    place,
                    format!("`{pattern}` stands for the tables that are known here; a workspace may have more"),
                ));
                legs.push(Leg::Wild(pattern, place));
            } else {
                legs.push(Leg::Table(self.expr_leg()?));
            }
            if !self.take_mark(",") {
                return Ok(legs);
            }
        }
    }

    /// A name with `*` in it, which is then behind us.
    fn wildcard(&mut self) -> Option<(Arc<str>, Place)> {
        let fits = |p: &Self, ahead| p.is_mark_at(ahead, "*") || p.word_at(ahead).is_some();
        let mut ahead = 0;
        let mut star = false;
        while fits(self, ahead) {
            let (Some(own), before) = (self.token(ahead), ahead.checked_sub(1).and_then(|b| self.token(b))) else {
                break;
            };
            if before.is_some_and(|before| before.place.end != own.place.start) {
                break;
            }
            star |= self.is_mark_at(ahead, "*");
            ahead += 1;
        }
        if !star {
            return None;
        }
        let start = self.place();
        self.at += ahead;
        let place = start.to(self.last());
        Some((self.text.get(place.start..place.end).unwrap_or("").into(), place))
    }

    /// A leg of a union: a table, a call, or a query in brackets.
    fn expr_leg(&mut self) -> Result<Expr, KqlError> {
        if self.take_mark("(") {
            let leg = self.pipeline_in_brackets()?;
            self.need_mark(")")?;
            return Ok(leg);
        }
        let start = self.place();
        if let Some(word) = self.word_at(0)
            && self.is_mark_at(1, "(")
            && is_elsewhere(&word)
        {
            return Err(elsewhere(&word, start));
        }
        let leg = self.expr()?;
        match leg.kind {
            ExprKind::Name(_) | ExprKind::Call(..) | ExprKind::Member(..) | ExprKind::External(_) => Ok(leg),
            _ => Err(KqlError::at(leg.place, "`union` takes tables")),
        }
    }
}

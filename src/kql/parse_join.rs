//! From words to the tree: the operators that take several tables.

use super::ast::{Expr, ExprKind, JoinKind, OpKind, Union};
use super::error::KqlError;
use super::parse::Parser;

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
        loop {
            if self.is_mark("(") {
                self.at += 1;
                union.legs.push(self.pipeline_in_brackets()?);
                self.need_mark(")")?;
            } else {
                if self.is_mark("*") {
                    return Err(KqlError::at(
                        self.place(),
                        "`union *` is not supported: name the tables",
                    ));
                }
                union.legs.push(self.expr_leg()?);
            }
            if !self.take_mark(",") {
                break;
            }
        }
        union.place = start.to(self.last());
        Ok(union)
    }

    /// A leg of a union: a table or a call.
    fn expr_leg(&mut self) -> Result<Expr, KqlError> {
        let leg = self.expr()?;
        if matches!(leg.kind, ExprKind::Name(_) | ExprKind::Call(..)) {
            if self.is_mark("*") && self.adjacent() {
                return Err(KqlError::at(
                    leg.place,
                    "a wildcard in `union` is not supported: name the tables",
                ));
            }
            return Ok(leg);
        }
        Err(KqlError::at(leg.place, "`union` takes tables"))
    }
}

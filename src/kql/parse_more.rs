//! From words to the tree: operators with a syntax of their own.

use super::ast::{
    Evaluate, Expr, ExprKind, External, Find, Item, Nested, OpKind, Output, Parse, ParseKind, ParseKv, Piece, Scan,
    Search, Series, Step, Union,
};
use super::error::{KqlError, Place};
use super::lex::Kind;
use super::parse::Parser;
use super::value::Type;
use std::rc::Rc;
use std::sync::Arc;

impl Parser<'_> {
    /// `render`: a picture, which changes no row. Ends the query.
    pub(super) fn render(&mut self) -> Result<(), KqlError> {
        let start = self.place();
        self.name()?;
        // The older form has properties without `with (...)`.
        while self.named() {
            self.name()?;
            self.need_mark("=")?;
            self.postfix()?;
            self.take_mark(",");
        }
        if self.take_word("with") {
            self.need_mark("(")?;
            while !self.is_mark(")") {
                self.name()?;
                self.need_mark("=")?;
                self.postfix()?;
                // Lists of columns have commas too.
                while self.take_mark(",") && !self.named() && !self.is_mark(")") {
                    self.postfix()?;
                }
            }
            self.need_mark(")")?;
        }
        if self.is_mark("|") {
            return Err(KqlError::at(start, "`render` ends a query: nothing can follow it"));
        }
        Ok(())
    }

    /// `externaldata (columns) [addresses] with (properties)`, behind its name.
    pub(super) fn external(&mut self) -> Result<ExprKind, KqlError> {
        self.need_mark("(")?;
        let columns = self.schema()?;
        self.need_mark(")")?;
        self.need_mark("[")?;
        while !self.is_mark("]") {
            self.expr()?;
            if !self.take_mark(",") {
                break;
            }
        }
        self.need_mark("]")?;
        if self.take_word("with") {
            let close = if self.take_mark("[") {
                "]"
            } else {
                self.need_mark("(")?;
                ")"
            };
            while !self.is_mark(close) {
                self.name()?;
                self.need_mark("=")?;
                self.expr()?;
                if !self.take_mark(",") {
                    break;
                }
            }
            self.need_mark(close)?;
        }
        Ok(ExprKind::External(Rc::new(External { columns })))
    }

    /// `name=value` before an operator's arguments, where the name stands here.
    fn option(&mut self, name: &str) -> Result<Option<(Arc<str>, Place)>, KqlError> {
        if !(self.is_word(name) && self.is_mark_at(1, "=")) {
            return Ok(None);
        }
        self.at += 2;
        self.name().map(Some)
    }

    pub(super) fn make_series(&mut self) -> Result<Series, KqlError> {
        let mut nonempty = false;
        if let Some((kind, place)) = self.option("kind")? {
            if &*kind != "nonempty" {
                return Err(KqlError::at(place, format!("`make-series` has no kind `{kind}`")));
            }
            nonempty = true;
        }
        self.hints()?;
        let mut aggregates = Vec::new();
        loop {
            let item = self.item()?;
            let default = if self.is_word("default") && self.is_mark_at(1, "=") {
                self.at += 2;
                Some(self.expr()?)
            } else {
                None
            };
            aggregates.push((item, default));
            if !self.take_mark(",") {
                break;
            }
        }
        self.need_word("on")?;
        let named = self.word_at(0).is_some() && self.is_mark_at(1, "=");
        let name = if named { Some(self.name()?) } else { None };
        if named {
            self.need_mark("=")?;
        }
        let axis = Item {
            name,
            expr: self.postfix()?,
        };
        let (mut from, mut to) = (None, None);
        let inclusive = self.take_word("in");
        let step = if inclusive {
            self.need_word("range")?;
            self.need_mark("(")?;
            from = Some(self.expr()?);
            self.need_mark(",")?;
            to = Some(self.expr()?);
            self.need_mark(",")?;
            let step = self.expr()?;
            self.need_mark(")")?;
            step
        } else {
            if self.take_word("from") {
                from = Some(self.expr()?);
            }
            if self.take_word("to") {
                to = Some(self.expr()?);
            }
            self.need_word("step")?;
            self.expr()?
        };
        let by = if self.take_word("by") {
            self.items()?
        } else {
            Vec::new()
        };
        Ok(Series {
            nonempty,
            aggregates,
            axis,
            from,
            to,
            step,
            inclusive,
            by,
        })
    }

    pub(super) fn scan(&mut self) -> Result<Scan, KqlError> {
        let match_id = self.option("with_match_id")?.map(|(name, _)| name);
        let mut columns = Vec::new();
        if self.take_word("declare") {
            self.need_mark("(")?;
            while !self.is_mark(")") {
                let (name, _) = self.name()?;
                self.need_mark(":")?;
                let ty = self.ty()?;
                let default = if self.take_mark("=") { Some(self.expr()?) } else { None };
                columns.push((name, ty, default));
                if !self.take_mark(",") {
                    break;
                }
            }
            self.need_mark(")")?;
        }
        self.need_word("with")?;
        self.need_mark("(")?;
        let mut steps = Vec::new();
        while self.take_word("step") {
            let (name, _) = self.name()?;
            let output = match self.option("output")? {
                None => Output::All,
                Some((word, place)) => match &*word {
                    "all" => Output::All,
                    "last" => Output::Last,
                    "none" => Output::None,
                    other => {
                        return Err(KqlError::at(
                            place,
                            format!("`output` is `all`, `last` or `none`, not `{other}`"),
                        ));
                    }
                },
            };
            self.need_mark(":")?;
            let condition = self.expr()?;
            let assignments = if self.take_mark("=>") {
                self.items()?
            } else {
                Vec::new()
            };
            steps.push(Step {
                name,
                output,
                condition,
                assignments,
            });
            self.need_mark(";")?;
        }
        if steps.is_empty() {
            return self.expected("`step`");
        }
        self.need_mark(")")?;
        Ok(Scan {
            match_id,
            columns,
            steps,
        })
    }

    pub(super) fn partition(&mut self) -> Result<OpKind, KqlError> {
        self.need_word("by")?;
        let (name, at) = self.name()?;
        let key = Expr {
            kind: ExprKind::Name(name),
            place: at,
        };
        let body = if self.take_mark("{") {
            let body = self.deeper(|p| p.pipeline())?;
            self.need_mark("}")?;
            body
        } else {
            self.need_mark("(")?;
            let body = self.subquery()?;
            self.need_mark(")")?;
            body
        };
        Ok(OpKind::Partition(key, Rc::new(body)))
    }

    pub(super) fn evaluate(&mut self) -> Result<Evaluate, KqlError> {
        let (plugin, place) = self.name()?;
        self.need_mark("(")?;
        let args = self.arguments()?;
        self.need_mark(")")?;
        let schema = if self.take_mark(":") {
            self.need_mark("(")?;
            let all = self.take_mark("*");
            let more = !all || self.take_mark(",");
            let columns = if more { self.schema()? } else { Vec::new() };
            self.need_mark(")")?;
            Some((all, columns))
        } else {
            None
        };
        if !matches!(&*plugin, "bag_unpack" | "pivot" | "narrow") {
            let what = if super::names::is_plugin(&plugin) {
                format!("the plugin `{plugin}` is not supported")
            } else {
                format!("there is no plugin `{plugin}`")
            };
            return Err(KqlError::at(place, what));
        }
        Ok(Evaluate { plugin, args, schema })
    }

    pub(super) fn parse_operator(&mut self, filter: bool) -> Result<OpKind, KqlError> {
        let mut kind = ParseKind::Simple;
        if let Some((word, place)) = self.option("kind")? {
            kind = match &*word {
                "simple" => ParseKind::Simple,
                "relaxed" => ParseKind::Relaxed,
                "regex" => ParseKind::Regex("".into()),
                other => return Err(KqlError::at(place, format!("`parse` has no kind `{other}`"))),
            };
        }
        if let Some((flags, place)) = self.option("flags")? {
            if !matches!(kind, ParseKind::Regex(_)) {
                return Err(KqlError::at(place, "`flags` goes with `kind=regex`"));
            }
            kind = ParseKind::Regex(flags);
        }
        let source = self.expr()?;
        self.need_word("with")?;
        let mut pieces = Vec::new();
        loop {
            if self.take_mark("*") {
                pieces.push(Piece::Star);
            } else if let Some(Kind::Literal(Type::String, value)) = self.tokens.get(self.at).map(|t| t.kind.clone()) {
                self.at += 1;
                pieces.push(Piece::Text(self.joined(value).to_text()));
            } else if self.word_at(0).is_some() || self.is_mark("[") {
                let (name, _) = self.name()?;
                let ty = if self.take_mark(":") { self.ty()? } else { Type::String };
                pieces.push(Piece::Column(name, ty));
            } else {
                break;
            }
        }
        if pieces.is_empty() {
            return self.expected("a pattern");
        }
        Ok(OpKind::Parse(Parse {
            kind,
            source,
            pieces,
            filter,
        }))
    }

    pub(super) fn parse_kv(&mut self) -> Result<ParseKv, KqlError> {
        let source = self.expr()?;
        self.need_word("as")?;
        self.need_mark("(")?;
        let keys = self.schema()?;
        self.need_mark(")")?;
        let mut found = ParseKv {
            source,
            keys,
            pairs: None,
            values: None,
            quotes: Vec::new(),
            escapes: Vec::new(),
            greedy: false,
            regex: None,
        };
        if !self.take_word("with") {
            return Ok(found);
        }
        self.need_mark("(")?;
        while !self.is_mark(")") {
            let (option, place) = self.name()?;
            self.need_mark("=")?;
            if &*option == "greedy" {
                found.greedy = self.take_word("true");
                if !found.greedy {
                    self.need_word("false")?;
                }
            } else {
                let at = self.place();
                let Some(Kind::Literal(Type::String, value)) = self.token(0).map(|t| t.kind.clone()) else {
                    return self.expected("a text");
                };
                self.at += 1;
                let text = self.joined(value).to_text();
                let chars: Vec<char> = text.chars().collect();
                match (&*option, chars.as_slice()) {
                    ("pair_delimiter", [_, ..]) => found.pairs = Some(text),
                    ("kv_delimiter", [_, ..]) => found.values = Some(text),
                    ("quote", [quote]) => found.quotes.push((*quote, *quote)),
                    ("quote", [open, close]) => found.quotes.push((*open, *close)),
                    ("escape", [escape]) => found.escapes.push(*escape),
                    ("regex", _) => found.regex = Some((text, at)),
                    ("pair_delimiter" | "kv_delimiter" | "quote" | "escape", _) => {
                        return Err(KqlError::at(at, format!("`{option}` cannot be a text of that length")));
                    }
                    _ => return Err(KqlError::at(place, format!("`parse-kv` has no option `{option}`"))),
                }
            }
            if !self.take_mark(",") {
                break;
            }
        }
        self.need_mark(")")?;
        if found.pairs.is_some() != found.values.is_some() {
            return Err(KqlError::at(
                self.last(),
                "`parse-kv` takes both of `pair_delimiter` and `kv_delimiter`, or none of them",
            ));
        }
        Ok(found)
    }

    /// `in (tables)` of `search` and `find`.
    fn in_tables(&mut self) -> Result<Option<Union>, KqlError> {
        let start = self.place();
        if !(self.is_word("in") && self.is_mark_at(1, "(")) {
            return Ok(None);
        }
        self.at += 2;
        let legs = self.legs()?;
        self.need_mark(")")?;
        Ok(Some(Union {
            inner: false,
            withsource: None,
            fuzzy: false,
            legs,
            place: start.to(self.last()),
        }))
    }

    pub(super) fn search(&mut self) -> Result<Search, KqlError> {
        let mut exact_case = false;
        if let Some((kind, place)) = self.option("kind")? {
            exact_case = match &*kind {
                "case_sensitive" => true,
                "default" | "case_insensitive" => false,
                other => return Err(KqlError::at(place, format!("`search` has no kind `{other}`"))),
            };
        }
        let tables = self.in_tables()?;
        Ok(Search {
            exact_case,
            tables,
            predicate: self.expr()?,
        })
    }

    pub(super) fn find(&mut self) -> Result<Find, KqlError> {
        let source = self.option("withsource")?.map(|(name, _)| name);
        let mut tables = self.in_tables()?;
        if let Some(tables) = &mut tables {
            tables.withsource = Some(source.unwrap_or_else(|| "source_".into()));
        }
        self.take_word("where");
        let predicate = self.expr()?;
        let mut columns = None;
        let mut pack = false;
        if self.take_word("project") {
            let mut named = Vec::new();
            loop {
                if self.is_word("pack_all") && self.is_mark_at(1, "(") && self.is_mark_at(2, ")") {
                    self.at += 3;
                    pack = true;
                } else {
                    let (name, place) = self.name()?;
                    let ty = if self.take_mark(":") { Some(self.ty()?) } else { None };
                    named.push((name, ty, place));
                }
                if !self.take_mark(",") {
                    break;
                }
            }
            columns = Some(named);
        } else if self.is_word("project") || self.is_word_at(0, "project-smart") {
            return self.expected("`project`");
        }
        Ok(Find {
            tables,
            predicate,
            columns,
            pack,
        })
    }

    pub(super) fn top_nested(&mut self) -> Result<Vec<Nested>, KqlError> {
        let mut levels = Vec::new();
        loop {
            let count = if self.is_word("of") { None } else { Some(self.expr()?) };
            self.need_word("of")?;
            let of = self.item()?;
            let others = if self.take_word("with") {
                self.need_word("others")?;
                self.need_mark("=")?;
                Some(self.expr()?)
            } else {
                None
            };
            self.need_word("by")?;
            let by = self.item()?;
            let ascending = self.take_word("asc");
            if !ascending {
                self.take_word("desc");
            }
            levels.push(Nested {
                count,
                of,
                others,
                by,
                ascending,
            });
            if !self.take_mark(",") {
                return Ok(levels);
            }
            // `top-nested` once more.
            let again = self.is_word("top") && self.is_mark_at(1, "-") && self.is_word_at(2, "nested");
            if !again {
                return self.expected("`top-nested`");
            }
            self.at += 3;
        }
    }

    /// Arguments of a call, up to its bracket.
    pub(super) fn arguments(&mut self) -> Result<Vec<Item>, KqlError> {
        let mut args = Vec::new();
        while !self.is_mark(")") {
            if self.named() {
                args.push(self.item()?);
            } else {
                let expr: Expr = self.pipeline_in_brackets()?;
                args.push(Item { name: None, expr });
            }
            if !self.take_mark(",") {
                break;
            }
        }
        Ok(args)
    }
}

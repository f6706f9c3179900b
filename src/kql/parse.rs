//! From words to the tree: expressions. Statements and operators are in `parse_op.rs`.

use super::ast::{Expr, ExprKind, Item, Pipeline, Source};
use super::error::{KqlError, Place};
use super::lex::{Kind, Token};
use super::value::{Type, Value};
use std::rc::Rc;
use std::sync::Arc;

/// How deep brackets may nest.
const DEEPEST: usize = 60;
/// How deep the parts of an expression may stand in each other.
const HIGHEST: usize = 120;
/// How long a chain of one operator may be.
const LONGEST: usize = 200;

/// Reads words in order.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    depth: usize,
    pub(super) warnings: Vec<KqlError>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, tokens: Vec<Token>, warnings: Vec<KqlError>) -> Parser<'a> {
        Parser {
            text,
            tokens,
            at: 0,
            depth: 0,
            warnings,
        }
    }

    pub(super) fn token(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at.saturating_add(ahead))
    }

    /// Where the next word stands.
    pub(super) fn place(&self) -> Place {
        self.token(0).map_or(
            Place {
                start: self.text.len(),
                end: self.text.len(),
            },
            |t| t.place,
        )
    }

    /// Where the last word stood.
    pub(super) fn last(&self) -> Place {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.map_or(Place::default(), |t| t.place)
    }

    pub(super) fn ended(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Whether fewer than that many words follow the next.
    pub(super) fn ended_at(&self, ahead: usize) -> bool {
        self.token(ahead).is_none()
    }

    pub(super) fn is_mark_at(&self, ahead: usize, mark: &str) -> bool {
        matches!(self.token(ahead), Some(Token { kind: Kind::Mark(m), .. }) if &**m == mark)
    }

    pub(super) fn is_mark(&self, mark: &str) -> bool {
        self.is_mark_at(0, mark)
    }

    pub(super) fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        matches!(self.token(ahead), Some(Token { kind: Kind::Word(w), .. }) if &**w == word)
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    pub(super) fn word_at(&self, ahead: usize) -> Option<Arc<str>> {
        match self.token(ahead) {
            Some(Token {
                kind: Kind::Word(w), ..
            }) => Some(Arc::clone(w)),
            _ => None,
        }
    }

    /// Whether nothing stands between the last word and the next.
    pub(super) fn adjacent(&self) -> bool {
        self.at > 0 && self.last().end == self.place().start
    }

    pub(super) fn take_mark(&mut self, mark: &str) -> bool {
        let found = self.is_mark(mark);
        self.at += usize::from(found);
        found
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expected<T>(&self, what: &str) -> Result<T, KqlError> {
        let place = self.place();
        let found = self.text.get(place.start..place.end).unwrap_or("");
        let found = if found.is_empty() {
            "the query ends".to_owned()
        } else {
            format!("found `{found}`")
        };
        let hint = if found == "found `=`" { "; `==` compares" } else { "" };
        Err(KqlError::at(place, format!("expected {what}, {found}{hint}")))
    }

    pub(super) fn need_mark(&mut self, mark: &str) -> Result<Place, KqlError> {
        if self.take_mark(mark) {
            Ok(self.last())
        } else {
            self.expected(&format!("`{mark}`"))
        }
    }

    pub(super) fn need_word(&mut self, word: &str) -> Result<(), KqlError> {
        if self.take_word(word) {
            Ok(())
        } else {
            self.expected(&format!("`{word}`"))
        }
    }

    /// A name: a word, `['a name']` or `["a name"]`.
    pub(super) fn name(&mut self) -> Result<(Arc<str>, Place), KqlError> {
        let start = self.place();
        if self.is_mark("[")
            && self.is_mark_at(2, "]")
            && let Some(Token {
                kind: Kind::Literal(Type::String, Value::String(text)),
                ..
            }) = self.token(1)
        {
            let text = Arc::clone(text);
            self.at += 3;
            return Ok((text, start.to(self.last())));
        }
        match self.word_at(0) {
            Some(word) if !word.starts_with(['!', '$']) => {
                self.at += 1;
                Ok((word, start))
            }
            _ => self.expected("a name"),
        }
    }

    /// Whether a `name =` stands here, and how many words the name has.
    pub(super) fn named(&self) -> bool {
        let bracketed = self.is_mark("[") && self.is_mark_at(2, "]") && self.is_mark_at(3, "=");
        bracketed || (self.word_at(0).is_some() && self.is_mark_at(1, "="))
    }

    /// `expression` or `name = expression`.
    pub(super) fn item(&mut self) -> Result<Item, KqlError> {
        if self.is_mark("(") && self.word_at(1).is_some() && (self.is_mark_at(2, ",") || self.is_mark_at(3, "=")) {
            let start = self.place();
            self.at += 1;
            let mut names = vec![self.name()?];
            while self.take_mark(",") {
                names.push(self.name()?);
            }
            self.need_mark(")")?;
            self.need_mark("=")?;
            let call = Box::new(self.expr()?);
            return Ok(Item {
                name: None,
                expr: Expr {
                    kind: ExprKind::Tuple(names, call),
                    place: start.to(self.last()),
                },
            });
        }
        let name = if self.named() {
            let name = self.name()?;
            self.need_mark("=")?;
            Some(name)
        } else {
            None
        };
        Ok(Item {
            name,
            expr: self.expr()?,
        })
    }

    /// Items with commas between them, at least one.
    pub(super) fn items(&mut self) -> Result<Vec<Item>, KqlError> {
        let mut items = vec![self.item()?];
        while self.take_mark(",") {
            items.push(self.item()?);
        }
        Ok(items)
    }

    /// A guard against texts that nest too deeply.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, KqlError>) -> Result<T, KqlError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(KqlError::at(
                self.place(),
                format!("this nests more than {DEEPEST} deep, which is not supported"),
            ));
        }
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// An expression.
    pub(super) fn expr(&mut self) -> Result<Expr, KqlError> {
        self.deeper(|p| p.or())
    }

    fn or(&mut self) -> Result<Expr, KqlError> {
        let mut sides = vec![self.and()?];
        while self.take_word("or") {
            sides.push(self.and()?);
        }
        Ok(chain(sides, ExprKind::Or))
    }

    fn and(&mut self) -> Result<Expr, KqlError> {
        let mut sides = vec![self.comparison()?];
        while self.take_word("and") {
            sides.push(self.comparison()?);
        }
        Ok(chain(sides, ExprKind::And))
    }

    fn comparison(&mut self) -> Result<Expr, KqlError> {
        let left = self.sum()?;
        let Some(operator) = self.relation() else {
            return Ok(left);
        };
        let start = left.place;
        let left = Box::new(left);
        let kind = match &*operator {
            "between" | "!between" => {
                self.need_mark("(")?;
                let low = self.sum()?;
                self.need_mark("..")?;
                let high = self.sum()?;
                self.need_mark(")")?;
                ExprKind::Between(left, Box::new(low), Box::new(high), operator.starts_with('!'))
            }
            "in" | "!in" | "in~" | "!in~" | "has_any" | "has_all" => {
                self.need_mark("(")?;
                let mut list = Vec::new();
                if self.at_query() {
                    let query = self.pipeline()?;
                    list.push(query_expr(query));
                } else {
                    while !self.is_mark(")") {
                        list.push(self.expr()?);
                        if !self.take_mark(",") {
                            break;
                        }
                    }
                    if self.is_mark("|")
                        && let Some(only) = list.pop().filter(|_| list.is_empty())
                    {
                        list.push(query_expr(self.pipeline_from(Source::Expr(only.clone()), only.place)?));
                    }
                }
                self.need_mark(")")?;
                ExprKind::In(operator, left, list)
            }
            "matches" => {
                self.need_word("regex")?;
                ExprKind::Binary("matches regex".into(), left, Box::new(self.sum()?))
            }
            _ => ExprKind::Binary(operator, left, Box::new(self.sum()?)),
        };
        Ok(Expr {
            kind,
            place: start.to(self.last()),
        })
    }

    /// The comparison that stands here, and past it.
    fn relation(&mut self) -> Option<Arc<str>> {
        let text_follows = matches!(self.token(1).map(|t| &t.kind), Some(Kind::Literal(Type::String, _)));
        if self.is_mark(":") && text_follows {
            self.at += 1;
            return Some(":".into());
        }
        const MARKS: [&str; 9] = ["==", "!=", "<>", "=~", "!~", "<", ">", "<=", ">="];
        let found = match &self.token(0)?.kind {
            Kind::Mark(mark) if MARKS.contains(&&**mark) => Arc::clone(mark),
            Kind::Word(word) if is_relation(word) => Arc::clone(word),
            _ => return None,
        };
        self.at += 1;
        Some(if &*found == "<>" { "!=".into() } else { found })
    }

    fn sum(&mut self) -> Result<Expr, KqlError> {
        let mut left = self.product()?;
        for _ in 0..LONGEST {
            let operator: Arc<str> = match &self.token(0).map(|t| &t.kind) {
                Some(Kind::Mark(mark)) if &**mark == "+" || &**mark == "-" => Arc::clone(mark),
                _ => return self.lower(left),
            };
            self.at += 1;
            let right = self.product()?;
            left = binary(operator, left, right);
        }
        Err(self.too_long())
    }

    fn product(&mut self) -> Result<Expr, KqlError> {
        let mut left = self.unary()?;
        for _ in 0..LONGEST {
            let operator: Arc<str> = match &self.token(0).map(|t| &t.kind) {
                Some(Kind::Mark(mark)) if matches!(&**mark, "*" | "/" | "%") => Arc::clone(mark),
                _ => return self.lower(left),
            };
            self.at += 1;
            let right = self.unary()?;
            left = binary(operator, left, right);
        }
        Err(self.too_long())
    }

    /// The expression, where it is not too deep for those who walk it.
    fn lower(&self, expr: Expr) -> Result<Expr, KqlError> {
        if matches!(expr.kind, ExprKind::Literal(..) | ExprKind::Name(_)) || !expr.higher_than(HIGHEST) {
            return Ok(expr);
        }
        Err(KqlError::at(
            expr.place,
            format!("this nests more than {HIGHEST} deep, which is not supported"),
        ))
    }

    fn too_long(&self) -> KqlError {
        KqlError::at(
            self.place(),
            format!("more than {LONGEST} operators in a row are not supported"),
        )
    }

    fn unary(&mut self) -> Result<Expr, KqlError> {
        let start = self.place();
        if self.take_mark("-") {
            let inner = self.deeper(|p| p.unary())?;
            let place = start.to(inner.place);
            let kind = match inner.kind {
                ExprKind::Literal(ty, Value::Long(n)) => ExprKind::Literal(ty, Value::Long(-n)),
                ExprKind::Literal(ty, Value::Real(n)) => ExprKind::Literal(ty, Value::Real(-n)),
                ExprKind::Literal(ty, Value::Timespan(n)) => ExprKind::Literal(ty, Value::Timespan(-n)),
                kind => ExprKind::Minus(Box::new(Expr {
                    kind,
                    place: inner.place,
                })),
            };
            return Ok(Expr { kind, place });
        }
        if self.take_mark("+") {
            return self.deeper(|p| p.unary());
        }
        self.postfix()
    }

    pub(super) fn postfix(&mut self) -> Result<Expr, KqlError> {
        let mut expr = self.primary()?;
        for _ in 0..LONGEST {
            if self.is_mark(".") {
                self.at += 1;
                if self.is_mark("[") {
                    continue;
                }
                let (name, place) = self.name()?;
                let place = expr.place.to(place);
                expr = Expr {
                    kind: ExprKind::Member(Box::new(expr), name),
                    place,
                };
            } else if self.take_mark("[") {
                let index = self.expr()?;
                let end = self.need_mark("]")?;
                let place = expr.place.to(end);
                expr = Expr {
                    kind: ExprKind::Index(Box::new(expr), Box::new(index)),
                    place,
                };
            } else {
                return self.lower(expr);
            }
        }
        Err(self.too_long())
    }

    fn primary(&mut self) -> Result<Expr, KqlError> {
        let place = self.place();
        let Some(token) = self.token(0).cloned() else {
            return self.expected("an expression");
        };
        match token.kind {
            Kind::Literal(ty, value) => {
                self.at += 1;
                let value = if ty == Type::String { self.joined(value) } else { value };
                Ok(Expr {
                    kind: ExprKind::Literal(ty, value),
                    place: place.to(self.last()),
                })
            }
            Kind::Mark(mark) => match &*mark {
                "(" => {
                    self.at += 1;
                    let inner = self.pipeline_in_brackets()?;
                    let end = self.need_mark(")")?;
                    Ok(Expr {
                        kind: inner.kind,
                        place: place.to(end),
                    })
                }
                "[" => {
                    let (name, place) = self.name()?;
                    Ok(Expr {
                        kind: ExprKind::Name(name),
                        place,
                    })
                }
                "*" => {
                    self.at += 1;
                    Ok(Expr {
                        kind: ExprKind::Star,
                        place,
                    })
                }
                _ => self.expected("an expression"),
            },
            Kind::Word(word) => self.after_word(&word, place),
        }
    }

    fn after_word(&mut self, word: &Arc<str>, place: Place) -> Result<Expr, KqlError> {
        if word.starts_with('!') || &**word == "in~" {
            return self.expected("an expression");
        }
        self.at += 1;
        let kind = match &**word {
            "true" | "True" | "TRUE" if !self.is_mark("(") => ExprKind::Literal(Type::Bool, Value::Bool(true)),
            "false" | "False" | "FALSE" if !self.is_mark("(") => ExprKind::Literal(Type::Bool, Value::Bool(false)),
            "dynamic" if self.take_mark("(") => {
                let value = self.deeper(|p| p.dynamic())?;
                self.need_mark(")")?;
                ExprKind::Literal(Type::Dynamic, value)
            }
            "externaldata" | "external_data" if self.is_mark("(") => self.external()?,
            "typeof" if self.take_mark("(") => {
                let ty = self.ty()?;
                self.need_mark(")")?;
                ExprKind::TypeOf(ty)
            }
            _ if self.take_mark("(") => {
                let args = self.arguments()?;
                self.need_mark(")")?;
                ExprKind::Call(Arc::clone(word), args)
            }
            _ => ExprKind::Name(Arc::clone(word)),
        };
        Ok(Expr {
            kind,
            place: place.to(self.last()),
        })
    }

    /// A query, or an expression, inside brackets that the caller reads.
    pub(super) fn pipeline_in_brackets(&mut self) -> Result<Expr, KqlError> {
        if self.at_query() {
            return Ok(query_expr(self.deeper(|p| p.pipeline())?));
        }
        let expr = self.expr()?;
        if self.is_mark("|") {
            let place = expr.place;
            return Ok(query_expr(self.pipeline_from(Source::Expr(expr), place)?));
        }
        Ok(expr)
    }
}

fn query_expr(query: Pipeline) -> Expr {
    let place = query.place;
    Expr {
        kind: ExprKind::Query(Rc::new(query)),
        place,
    }
}

fn binary(operator: Arc<str>, left: Expr, right: Expr) -> Expr {
    let place = left.place.to(right.place);
    Expr {
        kind: ExprKind::Binary(operator, Box::new(left), Box::new(right)),
        place,
    }
}

fn chain(mut sides: Vec<Expr>, make: fn(Vec<Expr>) -> ExprKind) -> Expr {
    if sides.len() == 1
        && let Some(only) = sides.pop()
    {
        return only;
    }
    let start = sides.first().map_or(Place::default(), |e| e.place);
    let end = sides.last().map_or(Place::default(), |e| e.place);
    Expr {
        kind: make(sides),
        place: start.to(end),
    }
}

/// Whether the word is an operator between two expressions.
fn is_relation(word: &str) -> bool {
    if let Some(base) = word.strip_prefix('!') {
        let plain = base.strip_suffix("_cs").unwrap_or(base);
        return matches!(
            plain,
            "contains" | "startswith" | "endswith" | "has" | "hasprefix" | "hassuffix" | "in" | "in~" | "between"
        );
    }
    let plain = word.strip_suffix("_cs").unwrap_or(word);
    matches!(
        plain,
        "contains" | "startswith" | "endswith" | "has" | "hasprefix" | "hassuffix"
    ) || matches!(
        word,
        "in" | "in~" | "between" | "has_any" | "has_all" | "matches" | "like"
    )
}

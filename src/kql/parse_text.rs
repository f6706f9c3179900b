//! `parse`, `parse-where` and `parse-kv`: columns out of a text.

use super::ast::{Parse, ParseKind, ParseKv, Piece};
use super::bind::{Env, Machine};
use super::error::{KqlError, Place};
use super::eval::{At, Bound};
use super::functions;
use super::ops::scope_of;
use super::table::{Column, Row, Table};
use super::value::{Type, Value};
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A text as a value of a type; null where it is none.
fn convert(text: &str, ty: Type) -> Result<Value, String> {
    let name = match ty {
        Type::String | Type::Unknown => return Ok(Value::text(text)),
        Type::Bool => "tobool",
        Type::Int => "toint",
        Type::Long => "tolong",
        Type::Real => "toreal",
        Type::Datetime => "todatetime",
        Type::Timespan => "totimespan",
        Type::Guid => "toguid",
        Type::Dynamic => "parse_json",
    };
    match functions::find(name) {
        Some(function) => (function.run)(&[Value::text(text.trim())]),
        None => Err(format!("text cannot be read as {ty} here")),
    }
}

/// Adds columns, or gives those of these names a new type; where they stand.
fn added(columns: &mut Vec<Column>, new: impl IntoIterator<Item = (Arc<str>, Type)>) -> Vec<(usize, Type)> {
    let mut places = Vec::new();
    for (name, ty) in new {
        let index = columns.iter().position(|old| old.name == name).unwrap_or(columns.len());
        let column = Column { name, ty };
        match columns.get_mut(index) {
            Some(old) => *old = column,
            None => columns.push(column),
        }
        places.push((index, ty));
    }
    places
}

/// A pattern as a regex whose groups `c0`, `c1` are the columns; anchored at both ends or not at all.
fn pattern(parse: &Parse, anchored: bool) -> Result<Regex, String> {
    let (greedy, flags) = match &parse.kind {
        ParseKind::Regex(flags) => (true, &**flags),
        ParseKind::Simple | ParseKind::Relaxed => (false, "s"),
    };
    if !flags.chars().all(|flag| "imsUx".contains(flag)) {
        return Err(format!(
            "the flags `{flags}` are not known: `i`, `m`, `s`, `U` and `x` are"
        ));
    }
    let mut text = if flags.is_empty() {
        String::new()
    } else {
        format!("(?{flags})")
    };
    if anchored {
        text.push_str(r"\A");
    }
    let mut number = 0;
    for (index, piece) in parse.pieces.iter().enumerate() {
        let any = if greedy || index + 1 == parse.pieces.len() {
            ".*"
        } else {
            ".*?"
        };
        match piece {
            Piece::Star => text.push_str(any),
            Piece::Text(own) if greedy => text.push_str(own),
            Piece::Text(own) => text.push_str(&regex::escape(own)),
            Piece::Column(_, ty) => {
                let number_alone = match ty {
                    Type::Long | Type::Int => Some(r"-?[0-9]+"),
                    Type::Real => Some(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"),
                    _ => None,
                };
                let before_star = matches!(parse.pieces.get(index + 1), Some(Piece::Star));
                let group = match number_alone {
                    Some(alone) if parse.kind != ParseKind::Relaxed => alone.to_owned(),
                    // What is no number is taken, too; where anything may follow, a number comes first.
                    Some(alone) if before_star => format!("{alone}|{any}"),
                    _ => any.to_owned(),
                };
                text.push_str(&format!("(?P<c{number}>{group})"));
                number += 1;
            }
        }
    }
    if anchored {
        text.push_str(r"\z");
    }
    functions::regex(&text)
}

impl Machine<'_> {
    /// The text that an operator reads.
    fn text_source(&self, source: Bound, operator: &str) -> Result<Bound, KqlError> {
        if source.ty == Type::String || source.ty.is_loose() {
            return Ok(source);
        }
        Err(KqlError::at(
            source.place,
            format!("`{operator}` reads a string, this is {}", source.ty),
        ))
    }

    pub(super) fn parse(&self, table: Table, parse: &Parse, env: &Env, place: Place) -> Result<Table, KqlError> {
        let source = self.bind(&parse.source, scope_of(&table, env))?;
        let source = self.text_source(source, "parse")?;
        let refuse = |what: String| KqlError::at(place, what);
        let regex = pattern(parse, true).map_err(refuse)?;
        // The pages do not say whether a regex must fit the whole text.
        let loose = match parse.kind {
            ParseKind::Regex(_) => Some(pattern(parse, false).map_err(refuse)?),
            ParseKind::Simple | ParseKind::Relaxed => None,
        };
        let mut columns = table.columns.clone();
        let new = parse.pieces.iter().filter_map(|piece| match piece {
            Piece::Column(name, ty) => Some((Arc::clone(name), *ty)),
            Piece::Star | Piece::Text(_) => None,
        });
        let targets = added(&mut columns, new);
        let mut rows = Vec::new();
        for (index, row) in table.rows.iter().enumerate() {
            let at = At {
                rows: &table.rows,
                index,
            };
            let text = source.eval(at, &self.budget)?.to_text();
            self.budget.spend(text.len() as u64 / 8, place)?;
            let read = |regex: &Regex| -> Option<Vec<String>> {
                let found = regex.captures(&text)?;
                let group = |number| {
                    found
                        .name(&format!("c{number}"))
                        .map_or("", |group| group.as_str())
                        .to_owned()
                };
                Some((0..targets.len()).map(group).collect())
            };
            let found = read(&regex);
            if let Some(loose) = &loose
                && read(loose) != found
            {
                return Err(KqlError::at(
                    place,
                    "whether a pattern of `parse kind=regex` must fit the whole text is not documented, and here it \
                     matters: put `*` at both ends",
                ));
            }
            let mut values = Vec::new();
            let mut fits = found.is_some();
            for ((_, ty), text) in targets.iter().zip(found.iter().flatten()) {
                let value = convert(text, *ty).map_err(refuse)?;
                fits &= parse.kind == ParseKind::Relaxed || !value.is_null();
                values.push(value);
            }
            if !fits && parse.filter {
                continue;
            }
            let mut new = row.clone();
            new.resize(columns.len(), Value::Null);
            for (number, (index, ty)) in targets.iter().enumerate() {
                let value = values.get(number).filter(|_| fits).cloned();
                if let Some(cell) = new.get_mut(*index) {
                    *cell = value.unwrap_or_else(|| ty.null());
                }
            }
            rows.push(new);
        }
        Ok(Table {
            columns,
            rows,
            serialized: table.serialized,
            open: table.open,
        })
    }

    pub(super) fn parse_kv(&self, table: Table, parse: &ParseKv, env: &Env, place: Place) -> Result<Table, KqlError> {
        let source = self.bind(&parse.source, scope_of(&table, env))?;
        let source = self.text_source(source, "parse-kv")?;
        let regex = match &parse.regex {
            Some((text, at)) => {
                let regex = functions::regex(text).map_err(|what| KqlError::at(*at, what))?;
                if regex.captures_len() != 3 {
                    return Err(KqlError::at(*at, "this regex needs two groups: the key and the value"));
                }
                Some(regex)
            }
            None => None,
        };
        let mut columns = table.columns.clone();
        let targets = added(&mut columns, parse.keys.iter().cloned());
        let mut rows: Vec<Row> = Vec::new();
        for (index, row) in table.rows.iter().enumerate() {
            let at = At {
                rows: &table.rows,
                index,
            };
            let text = source.eval(at, &self.budget)?.to_text();
            self.budget.spend(text.len() as u64, place)?;
            let found = match (&regex, &parse.pairs, &parse.values) {
                (Some(regex), ..) => {
                    let mut found = BTreeMap::new();
                    for groups in regex.captures_iter(&text) {
                        let group = |n| {
                            groups
                                .get(n)
                                .map_or("", |g: regex::Match<'_>| g.as_str())
                                .trim()
                                .to_owned()
                        };
                        found.entry(group(1)).or_insert_with(|| group(2));
                    }
                    found
                }
                (None, Some(pairs), Some(values)) => {
                    let scanner = Scanner::new(parse, &text);
                    let found = scanner.delimited(pairs, values, false);
                    if parse.greedy && found != scanner.delimited(pairs, values, true) {
                        return Err(KqlError::at(
                            place,
                            "a key that is not listed stands in this text: whether it ends a value of a greedy \
                             `parse-kv` is not documented",
                        ));
                    }
                    found
                }
                _ => Scanner::new(parse, &text).loose(),
            };
            let mut new = row.clone();
            new.resize(columns.len(), Value::Null);
            for ((name, _), (index, ty)) in parse.keys.iter().zip(&targets) {
                let value = match found.get(&**name) {
                    Some(text) => convert(text, *ty).map_err(|what| KqlError::at(place, what))?,
                    None => ty.null(),
                };
                if let Some(cell) = new.get_mut(*index) {
                    *cell = value;
                }
            }
            rows.push(new);
        }
        Ok(Table {
            columns,
            rows,
            serialized: table.serialized,
            open: table.open,
        })
    }
}

/// Finds keys and values in a text.
struct Scanner<'t> {
    parse: &'t ParseKv,
    text: &'t str,
}

impl<'t> Scanner<'t> {
    fn new(parse: &'t ParseKv, text: &'t str) -> Scanner<'t> {
        Scanner { parse, text }
    }

    fn rest(&self, at: usize) -> &'t str {
        self.text.get(at..).unwrap_or("")
    }

    /// What is quoted from there on, and where it ends; none where no quote stands, or it is not closed.
    fn quoted(&self, at: usize) -> Option<(String, usize)> {
        let mut chars = self.rest(at).char_indices();
        let (_, first) = chars.next()?;
        let (_, close) = self.parse.quotes.iter().find(|(open, _)| *open == first)?;
        let mut out = String::new();
        while let Some((offset, c)) = chars.next() {
            if self.parse.escapes.contains(&c) {
                out.extend(chars.next().map(|(_, c)| c));
            } else if c == *close {
                return Some((out, at + offset + c.len_utf8()));
            } else {
                out.push(c);
            }
        }
        None
    }

    /// Past blanks, but not past the delimiter itself where it is a blank.
    fn blanks(&self, mut at: usize, delimiter: &str) -> usize {
        while let Some(c) = self.rest(at).chars().next().filter(|c| c.is_whitespace()) {
            if self.rest(at).starts_with(delimiter) {
                break;
            }
            at += c.len_utf8();
        }
        at
    }

    /// The first value of every key; `any_key`: a greedy value ends before a key that is not listed too.
    fn delimited(&self, pairs: &str, values: &str, any_key: bool) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut at = 0;
        while at < self.text.len() {
            let begin = self.blanks(at, pairs);
            let (key, after) = match self.quoted(begin) {
                Some((key, end)) => (key, self.blanks(end, values)),
                None => {
                    let rest = self.rest(begin);
                    let end = [rest.find(values), rest.find(pairs)].into_iter().flatten().min();
                    let end = end.unwrap_or(rest.len());
                    (rest.get(..end).unwrap_or("").trim().to_owned(), begin + end)
                }
            };
            if !self.rest(after).starts_with(values) {
                // No key: on to the next pair.
                at = self
                    .rest(after)
                    .find(pairs)
                    .map_or(self.text.len(), |n| after + n + pairs.len());
                continue;
            }
            let begin = self.blanks(after + values.len(), pairs);
            let (value, end) = match self.quoted(begin) {
                Some(quoted) => quoted,
                None => {
                    let end = self.value_end(begin, pairs, values, any_key);
                    (self.text.get(begin..end).unwrap_or("").trim().to_owned(), end)
                }
            };
            found.entry(key).or_insert(value);
            at = self
                .rest(end)
                .find(pairs)
                .map_or(self.text.len(), |n| end + n + pairs.len());
        }
        found
    }

    /// Where a value without quotes ends.
    fn value_end(&self, begin: usize, pairs: &str, values: &str, any_key: bool) -> usize {
        for (offset, _) in self.rest(begin).match_indices(pairs) {
            let next = begin + offset;
            if !self.parse.greedy {
                return next;
            }
            let rest = self.rest(next + pairs.len());
            let key_end = rest.find(values).unwrap_or(0);
            let key = rest.get(..key_end).unwrap_or("");
            let listed = self.parse.keys.iter().any(|(name, _)| *key.trim() == **name);
            if listed || (any_key && !key.trim().is_empty() && !key.contains(pairs)) {
                return next;
            }
        }
        self.text.len()
    }

    /// Keys and values without delimiters: every character that is no letter or digit is one.
    fn loose(&self) -> BTreeMap<String, String> {
        let mut words = Vec::new();
        let mut at = 0;
        while let Some(c) = self.rest(at).chars().next() {
            if let Some((word, end)) = self.quoted(at) {
                words.push(word);
                at = end;
            } else if c.is_alphanumeric() {
                let rest = self.rest(at);
                let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
                words.push(rest.get(..end).unwrap_or("").to_owned());
                at += end;
            } else {
                at += c.len_utf8();
            }
        }
        let mut found = BTreeMap::new();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            if self.parse.keys.iter().any(|(name, _)| **name == *word)
                && let Some(value) = words.next()
            {
                found.entry(word).or_insert(value);
            }
        }
        found
    }
}

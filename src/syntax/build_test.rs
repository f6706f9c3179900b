//! Tests of a rule: from pest's pairs to the tree.

use super::ast::{Expect, Given, Ident, Object, Replacement, Test, Text};
use super::build::Builder;
use super::{Pair, Rule};
use crate::diagnostics::{Code, Diagnostic};
use crate::value;

impl Builder {
    pub(super) fn test(&mut self, pair: Pair<'_>) -> Test {
        let span = self.span(&pair);
        let mut inner = pair.into_inner().skip(1);
        let name = match inner.next() {
            Some(pair) => self.text(&pair),
            None => Text {
                value: String::new(),
                span,
                block: false,
            },
        };
        let (mut now, mut now_text) = (
            value::Time(0),
            Ident {
                name: String::new(),
                span,
            },
        );
        let (mut replaced, mut common, mut given, mut expect) = (Vec::new(), None, Vec::new(), Vec::new());
        for part in inner {
            match part.as_rule() {
                Rule::timestamp => {
                    now = self.timestamp(&part);
                    now_text = self.ident(Some(part));
                }
                Rule::list_decl => replaced.push(Replacement::List(self.list_decl(part))),
                Rule::value_decl => replaced.push(Replacement::Value(self.value_decl(part))),
                Rule::common => {
                    common = part
                        .into_inner()
                        .find(|p| p.as_rule() == Rule::object)
                        .map(|p| self.object(p))
                }
                Rule::given => given.push(self.given(part)),
                Rule::expect => expect.push(self.expect(part)),
                _ => {}
            }
        }
        Test {
            name,
            now,
            now_text,
            replaced,
            common,
            given,
            expect,
            span,
        }
    }

    fn given(&mut self, pair: Pair<'_>) -> Given {
        let span = self.span(&pair);
        let mut given = Given {
            before: value::Span(0),
            before_span: span,
            repeat: None,
            source: None,
            fields: Object {
                pairs: Vec::new(),
                span,
            },
            span,
        };
        for part in pair.into_inner() {
            let part_span = self.span(&part);
            match part.as_rule() {
                Rule::offset => {
                    given.before_span = part_span;
                    let text = part.as_str().trim_end();
                    given.before = match text.strip_prefix('-') {
                        Some(duration) => self.duration(duration, part_span),
                        None => value::Span(0),
                    };
                }
                Rule::repeat => {
                    let mut inner = part.into_inner();
                    let count = inner
                        .next()
                        .map_or("", |p| p.as_str())
                        .parse::<u32>()
                        .ok()
                        .filter(|n| (1..=100_000).contains(n));
                    let every = inner
                        .next()
                        .map(|p| self.duration(p.as_str(), part_span))
                        .unwrap_or_default();
                    match count {
                        Some(count) => given.repeat = Some((count, every)),
                        None => self.findings.push(Diagnostic::new(
                            Code::BadLiteral,
                            part_span,
                            "an event repeats from 1 to 100000 times",
                        )),
                    }
                }
                Rule::source_name => given.source = part.into_inner().next().map(|p| self.path(p)),
                Rule::object => given.fields = self.object(part),
                _ => {}
            }
        }
        given
    }

    fn expect(&mut self, pair: Pair<'_>) -> Expect {
        let span = self.span(&pair);
        let (mut count, mut columns) = (1, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::k_none => count = 0,
                Rule::number => match part.as_str().trim_end().parse() {
                    Ok(number) => count = number,
                    Err(_) => self.findings.push(
                        Diagnostic::new(Code::BadLiteral, span, "a number of alerts is a whole number")
                            .help("write `expect none`, `expect 2` or `expect { column: value }`"),
                    ),
                },
                Rule::object => columns = Some(self.object(part)),
                _ => {}
            }
        }
        Expect { count, columns, span }
    }
}

//! Regular expressions in the dialect that engines share: literals, `.`, anchors, classes of characters and ranges,
//! groups, alternatives, greedy repetition, `\d \s \w \b`. The rest is refused. Whether a text matches does not depend on
//! names of groups or on laziness, so these are dropped.

use super::text::push_literal;
use regex_syntax::ast::{
    AssertionKind, Ast, ClassPerlKind, ClassSet, ClassSetItem, GroupKind, Literal, Repetition, RepetitionKind,
    RepetitionRange, parse::Parser,
};

/// A pattern in the common dialect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Common {
    pub(super) text: String,
    /// What engines read differently beyond ASCII or at line ends: `\w`.
    pub(super) open: Vec<&'static str>,
}

/// What engines do not share, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unshared {
    pub(super) what: String,
    pub(super) instead: Option<String>,
}

/// Prints a pattern in the common dialect.
pub(super) fn common(pattern: &str, ignore_case: bool) -> Result<Common, Unshared> {
    let tree = Parser::new().parse(pattern).map_err(|error| Unshared {
        what: format!("this pattern ({error})"),
        instead: None,
    })?;
    let mut printer = Printer {
        out: Common::default(),
        ignore_case,
    };
    printer.print(&tree)?;
    Ok(printer.out)
}

/// What the ledger says of parts of patterns that the specification leaves open.
pub(super) fn note(open: &str) -> String {
    format!("what {open} of a pattern takes at line ends and beyond ASCII is left to the engine")
}

struct Printer {
    out: Common,
    ignore_case: bool,
}

fn unshared(what: &str, instead: &str) -> Unshared {
    Unshared {
        what: what.to_owned(),
        instead: Some(instead.to_owned()),
    }
}

impl Printer {
    fn push(&mut self, text: &str) {
        self.out.text.push_str(text);
    }

    fn open(&mut self, what: &'static str) {
        if !self.out.open.contains(&what) {
            self.out.open.push(what);
        }
    }

    fn print(&mut self, tree: &Ast) -> Result<(), Unshared> {
        match tree {
            Ast::Empty(_) => {}
            Ast::Flags(_) => return Err(flags()),
            Ast::Literal(literal) => {
                self.folds(literal)?;
                push_literal(&mut self.out.text, literal.c);
            }
            Ast::Dot(_) => {
                self.push(".");
                self.open("`.`");
            }
            Ast::Assertion(assertion) => self.assertion(&assertion.kind)?,
            Ast::ClassUnicode(_) => return Err(unicode_class()),
            Ast::ClassPerl(class) => self.perl(&class.kind, class.negated),
            Ast::ClassBracketed(class) => {
                self.push(if class.negated { "[^" } else { "[" });
                match &class.kind {
                    ClassSet::Item(item) => self.class_item(item)?,
                    ClassSet::BinaryOp(_) => return Err(unshared("an operation on classes", "write one class")),
                }
                self.push("]");
            }
            Ast::Repetition(repetition) => self.repetition(repetition)?,
            Ast::Group(group) => {
                if matches!(&group.kind, GroupKind::NonCapturing(flags) if !flags.items.is_empty()) {
                    return Err(flags());
                }
                self.push("(");
                self.print(&group.ast)?;
                self.push(")");
            }
            Ast::Alternation(alternation) => {
                for (n, part) in alternation.asts.iter().enumerate() {
                    if n > 0 {
                        self.push("|");
                    }
                    self.print(part)?;
                }
            }
            Ast::Concat(concat) => {
                for part in &concat.asts {
                    self.print(part)?;
                }
            }
        }
        Ok(())
    }

    fn assertion(&mut self, kind: &AssertionKind) -> Result<(), Unshared> {
        match kind {
            AssertionKind::StartLine => self.push("^"),
            AssertionKind::EndLine => {
                self.push("$");
                self.open("`$`");
            }
            AssertionKind::WordBoundary => {
                self.push("\\b");
                self.open("`\\b`");
            }
            AssertionKind::NotWordBoundary => {
                self.push("\\B");
                self.open("`\\B`");
            }
            AssertionKind::StartText => return Err(unshared("`\\A`", "write `^`")),
            AssertionKind::EndText => return Err(unshared("`\\z`", "write `$`")),
            AssertionKind::WordBoundaryStart
            | AssertionKind::WordBoundaryEnd
            | AssertionKind::WordBoundaryStartAngle
            | AssertionKind::WordBoundaryEndAngle
            | AssertionKind::WordBoundaryStartHalf
            | AssertionKind::WordBoundaryEndHalf => return Err(unshared("one side of a word's border", "write `\\b`")),
        }
        Ok(())
    }

    fn perl(&mut self, kind: &ClassPerlKind, negated: bool) {
        let (text, name) = match (kind, negated) {
            (ClassPerlKind::Digit, false) => ("\\d", "`\\d`"),
            (ClassPerlKind::Digit, true) => ("\\D", "`\\D`"),
            (ClassPerlKind::Space, false) => ("\\s", "`\\s`"),
            (ClassPerlKind::Space, true) => ("\\S", "`\\S`"),
            (ClassPerlKind::Word, false) => ("\\w", "`\\w`"),
            (ClassPerlKind::Word, true) => ("\\W", "`\\W`"),
        };
        self.push(text);
        self.open(name);
    }

    fn class_item(&mut self, item: &ClassSetItem) -> Result<(), Unshared> {
        match item {
            ClassSetItem::Empty(_) => {}
            ClassSetItem::Literal(literal) => self.class_literal(literal)?,
            ClassSetItem::Range(range) => {
                self.class_literal(&range.start)?;
                self.push("-");
                self.class_literal(&range.end)?;
            }
            ClassSetItem::Perl(class) => self.perl(&class.kind, class.negated),
            ClassSetItem::Union(union) => {
                for item in &union.items {
                    self.class_item(item)?;
                }
            }
            ClassSetItem::Ascii(_) => return Err(unshared("a class by name", "write its ranges, such as `A-Za-z`")),
            ClassSetItem::Unicode(_) => return Err(unicode_class()),
            ClassSetItem::Bracketed(_) => return Err(unshared("a class inside of a class", "write one class")),
        }
        Ok(())
    }

    fn class_literal(&mut self, literal: &Literal) -> Result<(), Unshared> {
        self.folds(literal)?;
        match literal.c {
            // Doubled, the last two would be operations on classes somewhere.
            c @ ('\\' | '[' | ']' | '^' | '-' | '&' | '~') => {
                self.out.text.push('\\');
                self.out.text.push(c);
            }
            c @ ('\n' | '\r' | '\t' | '\0'..='\u{1f}') => push_literal(&mut self.out.text, c),
            c => self.out.text.push(c),
        }
        Ok(())
    }

    fn repetition(&mut self, repetition: &Repetition) -> Result<(), Unshared> {
        // `a*+` would be another operator somewhere, and an anchor cannot be repeated everywhere.
        let brackets = matches!(*repetition.ast, Ast::Repetition(_) | Ast::Assertion(_) | Ast::Empty(_));
        if brackets {
            self.push("(");
        }
        self.print(&repetition.ast)?;
        if brackets {
            self.push(")");
        }
        let times = match &repetition.op.kind {
            RepetitionKind::ZeroOrOne => "?".to_owned(),
            RepetitionKind::ZeroOrMore => "*".to_owned(),
            RepetitionKind::OneOrMore => "+".to_owned(),
            RepetitionKind::Range(RepetitionRange::Exactly(n)) => format!("{{{n}}}"),
            RepetitionKind::Range(RepetitionRange::AtLeast(n)) => format!("{{{n},}}"),
            RepetitionKind::Range(RepetitionRange::Bounded(n, m)) => format!("{{{n},{m}}}"),
        };
        self.push(&times);
        Ok(())
    }

    fn folds(&self, literal: &Literal) -> Result<(), Unshared> {
        if self.ignore_case && !literal.c.is_ascii() && literal.c.is_alphabetic() {
            return Err(Unshared {
                what: format!("`{}` without its case", literal.c),
                instead: Some("write the pattern without `i`, and both letters in a class".to_owned()),
            });
        }
        Ok(())
    }
}

fn flags() -> Unshared {
    unshared("flags inside of a pattern", "ignore case with `/../i`")
}

fn unicode_class() -> Unshared {
    unshared("a class of Unicode", "write its ranges, such as `A-Za-z`")
}

//! Texts that may be broken over lines: what the layout says, and the printer that decides where lines end.
//!
//! A [`Doc::Group`] stands on one line where it fits up to its limit, and otherwise breaks at its own [`Doc::Line`]s.

/// A line is no longer than this where a break can help it.
pub(super) const WIDTH: usize = 100;
/// The events of a test, which are read one under the other, may be this long.
pub(super) const WIDE: usize = 120;
/// Conditions of four parts and more, and filled lists, keep to this.
pub(super) const NARROW: usize = 80;

/// A text with its possible breaks.
#[derive(Debug)]
pub(super) enum Doc {
    /// Words without a line break.
    Text(String),
    /// A blank, or a line break.
    Line,
    /// Nothing, or a line break.
    Soft,
    /// A line break; every group around it breaks.
    Hard,
    /// A comment behind something; a break follows, and every group around it breaks.
    Comment(String),
    /// Words that stand only where the group is broken.
    Broken(&'static str),
    /// One after the other.
    Concat(Vec<Doc>),
    /// Lines that begin inside are indented by so much more.
    Nest(usize, Box<Doc>),
    /// Lines that begin inside are indented to the column where it stands, less so much.
    Align(usize, Box<Doc>),
    /// On one line, or broken.
    Group {
        /// What.
        doc: Box<Doc>,
        /// The column it must fit before.
        limit: usize,
        /// It holds something that needs a break.
        broken: bool,
    },
    /// As many items on each line as fit.
    Fill {
        /// The items, with their commas.
        items: Vec<Doc>,
        /// The column that each must end before.
        limit: usize,
    },
}

impl Doc {
    pub(super) fn text(text: impl Into<String>) -> Doc {
        Doc::Text(text.into())
    }

    pub(super) fn group(doc: Doc) -> Doc {
        Doc::group_within(WIDTH, doc)
    }

    pub(super) fn group_within(limit: usize, doc: Doc) -> Doc {
        Doc::Group {
            broken: doc.is_broken(),
            doc: Box::new(doc),
            limit,
        }
    }

    pub(super) fn nest(doc: Doc) -> Doc {
        Doc::Nest(2, Box::new(doc))
    }

    /// Whether it cannot stand on one line.
    pub(super) fn is_broken(&self) -> bool {
        match self {
            Doc::Text(_) | Doc::Line | Doc::Soft | Doc::Broken(_) => false,
            Doc::Hard | Doc::Comment(_) => true,
            Doc::Concat(parts) | Doc::Fill { items: parts, .. } => parts.iter().any(Doc::is_broken),
            Doc::Nest(_, doc) | Doc::Align(_, doc) => doc.is_broken(),
            Doc::Group { broken, .. } => *broken,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Flat,
    Break,
}

#[derive(Clone, Copy)]
enum Node<'a> {
    Doc(&'a Doc),
    /// The rest of a fill, whose first item follows others.
    Fill(&'a [Doc], usize),
}

type Command<'a> = (usize, Mode, Node<'a>);

/// The text with line breaks where they are needed.
pub(super) fn render(doc: &Doc) -> String {
    print(doc, Mode::Break)
}

/// The text on one line.
pub(super) fn render_flat(doc: &Doc) -> String {
    print(doc, Mode::Flat)
}

#[derive(Default)]
struct Printer {
    out: String,
    column: usize,
    /// The line is new and its indentation (`column`) not yet written.
    fresh: bool,
}

impl Printer {
    fn write(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if std::mem::take(&mut self.fresh) {
            self.out.extend(std::iter::repeat_n(' ', self.column));
        }
        self.out.push_str(text);
        self.column += width(text);
    }

    fn newline(&mut self, indent: usize) {
        self.out.push('\n');
        self.column = indent;
        self.fresh = true;
    }
}

fn print(doc: &Doc, mode: Mode) -> String {
    let mut printer = Printer::default();
    let mut stack: Vec<Command<'_>> = vec![(0, mode, Node::Doc(doc))];
    while let Some((indent, mode, node)) = stack.pop() {
        let doc = match node {
            Node::Doc(doc) => doc,
            Node::Fill(items, limit) => {
                let Some((item, rest)) = items.split_first() else {
                    continue;
                };
                let fits = !item.is_broken() && fits(item, &[], printer.column + 1, limit);
                if mode == Mode::Flat || fits {
                    printer.write(" ");
                } else {
                    printer.newline(indent);
                }
                stack.push((indent, mode, Node::Fill(rest, limit)));
                stack.push((indent, mode, Node::Doc(item)));
                continue;
            }
        };
        match doc {
            Doc::Text(text) => printer.write(text),
            Doc::Comment(text) => {
                printer.write(" ");
                printer.write(text);
            }
            Doc::Line if mode == Mode::Flat => printer.write(" "),
            Doc::Soft if mode == Mode::Flat => {}
            Doc::Line | Doc::Soft | Doc::Hard => printer.newline(indent),
            Doc::Broken(text) => {
                if mode == Mode::Break {
                    printer.write(text);
                }
            }
            Doc::Concat(parts) => stack.extend(parts.iter().rev().map(|part| (indent, mode, Node::Doc(part)))),
            Doc::Nest(more, doc) => stack.push((indent + more, mode, Node::Doc(doc))),
            Doc::Align(less, doc) => stack.push((printer.column.saturating_sub(*less), mode, Node::Doc(doc))),
            Doc::Group { doc, limit, broken } => {
                let flat = mode == Mode::Flat || !broken && fits(doc, &stack, printer.column, *limit);
                stack.push((indent, if flat { Mode::Flat } else { Mode::Break }, Node::Doc(doc)));
            }
            Doc::Fill { items, limit } => {
                if let Some((first, rest)) = items.split_first() {
                    stack.push((indent, mode, Node::Fill(rest, *limit)));
                    stack.push((indent, mode, Node::Doc(first)));
                }
            }
        }
    }
    printer.out
}

/// Whether `doc` on one line, and what follows it up to the next possible break, ends before the limit.
fn fits(doc: &Doc, rest: &[Command<'_>], column: usize, limit: usize) -> bool {
    let Some(mut left) = limit.checked_sub(column) else {
        return false;
    };
    let mut stack: Vec<(Mode, Node<'_>)> = vec![(Mode::Flat, Node::Doc(doc))];
    let mut rest = rest.iter().rev();
    loop {
        let (mode, node) = match stack.pop() {
            Some(top) => top,
            None => match rest.next() {
                Some((_, mode, node)) => (*mode, *node),
                None => return true,
            },
        };
        let wide = match node {
            Node::Fill([], _) => 0,
            Node::Fill(..) if mode == Mode::Break => return true,
            Node::Fill(items, _) => {
                for item in items.iter().rev() {
                    stack.push((mode, Node::Doc(item)));
                    stack.push((mode, Node::Doc(&Doc::Line)));
                }
                0
            }
            Node::Doc(doc) => match doc {
                Doc::Text(text) => width(text),
                Doc::Line if mode == Mode::Flat => 1,
                Doc::Soft if mode == Mode::Flat => 0,
                Doc::Line | Doc::Soft | Doc::Hard | Doc::Comment(_) => return true,
                Doc::Broken(text) => {
                    if mode == Mode::Break {
                        width(text)
                    } else {
                        0
                    }
                }
                Doc::Concat(parts) => {
                    stack.extend(parts.iter().rev().map(|part| (mode, Node::Doc(part))));
                    0
                }
                Doc::Nest(_, doc) | Doc::Align(_, doc) => {
                    stack.push((mode, Node::Doc(doc)));
                    0
                }
                Doc::Group { doc, broken, .. } => {
                    stack.push((if *broken { Mode::Break } else { mode }, Node::Doc(doc)));
                    0
                }
                Doc::Fill { items, limit } => {
                    if let Some((first, items)) = items.split_first() {
                        stack.push((mode, Node::Fill(items, *limit)));
                        stack.push((mode, Node::Doc(first)));
                    }
                    0
                }
            },
        };
        match left.checked_sub(wide) {
            Some(now) => left = now,
            None => return false,
        }
    }
}

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}

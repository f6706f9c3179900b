//! How a query looks on the page: pipelines, their wrapping, comments.

use super::literal;

/// The longest line.
const WIDTH: usize = 120;
/// The longest comment line.
const COMMENT_WIDTH: usize = 100;

/// How tightly a piece of text binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Or,
    And,
    Compare,
    Sum,
    Product,
    Atom,
}

/// A printed expression.
#[derive(Clone, Debug)]
pub(super) struct Text {
    text: String,
    level: Level,
    /// The operands of an `and` or `or`, for wrapping.
    parts: Vec<String>,
}

impl Text {
    pub(super) fn new(text: impl Into<String>, level: Level) -> Text {
        Text {
            text: text.into(),
            level,
            parts: Vec::new(),
        }
    }

    pub(super) fn atom(text: impl Into<String>) -> Text {
        Text::new(text, Level::Atom)
    }

    pub(super) fn compare(text: impl Into<String>) -> Text {
        Text::new(text, Level::Compare)
    }

    /// All of them. None: `true`.
    pub(super) fn all(parts: &[Text]) -> Text {
        Text::chain(parts, Level::And, " and ", "true")
    }

    /// Any of them. None: `false`.
    pub(super) fn any(parts: &[Text]) -> Text {
        Text::chain(parts, Level::Or, " or ", "false")
    }

    /// `none` changes nothing, and is left out beside others.
    fn chain(parts: &[Text], level: Level, word: &str, none: &str) -> Text {
        let parts: Vec<&Text> = parts.iter().filter(|part| part.text != none).collect();
        match parts.as_slice() {
            [] => Text::atom(none),
            [one] => (*one).clone(),
            parts => {
                let mut flat = Vec::new();
                for part in parts {
                    if part.level == level && !part.parts.is_empty() {
                        flat.extend(part.parts.iter().cloned());
                    } else if part.level < Level::Compare {
                        flat.push(format!("({})", part.text));
                    } else {
                        flat.push(part.text.clone());
                    }
                }
                Text {
                    text: flat.join(word),
                    level,
                    parts: flat,
                }
            }
        }
    }

    /// For a place that binds at this level.
    pub(super) fn at(&self, level: Level) -> String {
        if self.level < level {
            format!("({})", self.text)
        } else {
            self.text.clone()
        }
    }

    /// As it stands.
    pub(super) fn plain(&self) -> &str {
        &self.text
    }

    /// The text after `head`, on one line where it fits, else one operand a line.
    fn after(&self, head: &str, indent: usize, out: &mut Vec<String>) {
        let pad = " ".repeat(indent);
        let line = format!("{pad}{head}{}", self.text);
        let word = if self.level == Level::Or { "or" } else { "and" };
        let mut parts = self.parts.iter();
        match parts.next() {
            Some(first) if line.len() > WIDTH => {
                out.push(format!("{pad}{head}{first}"));
                out.extend(parts.map(|part| format!("{pad}    {word} {part}")));
            }
            _ => out.push(line),
        }
    }
}

/// A line of a pipeline.
#[derive(Clone, Debug)]
enum Op {
    Where(Text),
    Comment(String),
    Extend(Vec<(String, Text)>),
    Summarize(Vec<(String, String)>, Vec<(String, String)>),
    Project(Vec<(String, String)>),
    Line(String),
}

/// A table and what is done to it.
#[derive(Clone, Debug)]
pub(super) struct Pipe {
    source: String,
    ops: Vec<Op>,
}

/// `name = text`, or the name alone where they are the same.
fn assign((name, text): &(String, String)) -> String {
    if name == text {
        name.clone()
    } else {
        format!("{name} = {text}")
    }
}

impl Pipe {
    pub(super) fn new(source: impl Into<String>) -> Pipe {
        Pipe {
            source: source.into(),
            ops: Vec::new(),
        }
    }

    /// Conditions on one line, or one a line.
    pub(super) fn filter(&mut self, conditions: &[Text]) {
        let conditions: Vec<Text> = conditions
            .iter()
            .filter(|text| text.plain() != "true")
            .cloned()
            .collect();
        // What only asks whether something is there stands on a line of its own where the line would be long.
        let presence = |text: &Text| text.plain().starts_with("isnotempty(") && text.level == Level::Atom;
        let length: usize = conditions.iter().map(|text| text.plain().len() + 5).sum();
        if length > COMMENT_WIDTH {
            let (there, rest): (Vec<Text>, Vec<Text>) = conditions.into_iter().partition(presence);
            for part in [rest, there].into_iter().filter(|part| !part.is_empty()) {
                self.ops.push(Op::Where(Text::all(&part)));
            }
        } else if !conditions.is_empty() {
            self.ops.push(Op::Where(Text::all(&conditions)));
        }
    }

    pub(super) fn comment(&mut self, text: &str) {
        let text = literal::ascii(text);
        self.ops.extend(comment(&text).into_iter().map(Op::Comment));
    }

    /// Adds a column; joins the line before where that is an `extend` with room, and this one does not read from it.
    pub(super) fn extend(&mut self, name: &str, text: Text) {
        let width = |(name, text): &(String, Text)| name.len() + text.plain().len() + 5;
        let new = (name.to_owned(), text);
        if let Some(Op::Extend(columns)) = self.ops.last_mut() {
            let used: usize = columns.iter().map(width).sum();
            let free = !columns.iter().any(|(name, _)| mentions(new.1.plain(), name));
            if free && used + width(&new) + 10 <= COMMENT_WIDTH {
                columns.push(new);
                return;
            }
        }
        self.ops.push(Op::Extend(vec![new]));
    }

    /// Adds a column on a line of its own.
    pub(super) fn extend_alone(&mut self, name: &str, text: Text) {
        self.ops.push(Op::Extend(vec![(name.to_owned(), text)]));
    }

    pub(super) fn summarize(&mut self, aggregates: Vec<(String, String)>, by: Vec<(String, String)>) {
        self.ops.push(Op::Summarize(aggregates, by));
    }

    pub(super) fn project(&mut self, columns: Vec<(String, String)>) {
        self.ops.push(Op::Project(columns));
    }

    /// Any other operator, without its bar.
    pub(super) fn line(&mut self, text: impl Into<String>) {
        self.ops.push(Op::Line(text.into()));
    }

    /// The lines, at this indent.
    pub(super) fn lines(&self, indent: usize) -> Vec<String> {
        let pad = " ".repeat(indent);
        let mut out = vec![format!("{pad}{}", self.source)];
        out.extend(self.op_lines(indent));
        out
    }

    fn op_lines(&self, indent: usize) -> Vec<String> {
        let mut out = Vec::new();
        for line in self.raw_lines(indent) {
            wrap(line, &mut out);
        }
        out
    }

    fn raw_lines(&self, indent: usize) -> Vec<String> {
        let pad = " ".repeat(indent);
        let mut out = Vec::new();
        for op in &self.ops {
            match op {
                Op::Comment(text) => out.push(format!("{pad}// {text}").trim_end().to_owned()),
                Op::Line(text) => out.push(format!("{pad}| {text}")),
                Op::Where(text) => text.after("| where ", indent, &mut out),
                Op::Extend(columns) => match columns.as_slice() {
                    [(name, text)] => text.after(&format!("| extend {name} = "), indent, &mut out),
                    _ => {
                        let columns: Vec<String> =
                            columns.iter().map(|(n, t)| format!("{n} = {}", t.plain())).collect();
                        out.push(format!("{pad}| extend {}", columns.join(", ")));
                    }
                },
                Op::Summarize(aggregates, by) => {
                    let by: Vec<String> = by.iter().map(assign).collect();
                    let all: Vec<String> = aggregates.iter().map(assign).collect();
                    let line = format!("{pad}| summarize {} by {}", all.join(", "), by.join(", "));
                    if all.len() <= 3 && line.len() <= WIDTH {
                        out.push(line);
                        continue;
                    }
                    out.push(format!("{pad}| summarize"));
                    // The two times share a line, as they belong together.
                    let (times, rest) = all.split_at(all.len().min(2));
                    let mut lines: Vec<String> = Vec::new();
                    if !times.is_empty() {
                        lines.push(times.join(", "));
                    }
                    lines.extend(rest.iter().cloned());
                    let last = lines.len().saturating_sub(1);
                    for (n, line) in lines.iter().enumerate() {
                        out.push(format!("{pad}    {line}{}", if n == last { "" } else { "," }));
                    }
                    out.push(format!("{pad}    by {}", by.join(", ")));
                }
                Op::Project(columns) => {
                    let columns: Vec<String> = columns.iter().map(assign).collect();
                    fill(
                        &format!("{pad}| project "),
                        &format!("{pad}    "),
                        &columns,
                        "",
                        &mut out,
                    );
                }
            }
        }
        out
    }

    /// `let name = ..;` with the table on the first line.
    pub(super) fn named(&self, name: &str) -> String {
        let mut lines = vec![format!("let {name} = {}", self.source)];
        lines.extend(self.op_lines(4));
        lines.join("\n") + ";"
    }

    /// `let name = materialize(..);`
    pub(super) fn materialized(&self, name: &str) -> String {
        let lines = self.lines(4).join("\n");
        format!("let {name} = materialize(\n{lines});")
    }
}

/// Breaks a line that is too long behind a comma, or before `and` or `or`, as far outside of brackets as can be.
fn wrap(line: String, out: &mut Vec<String>) {
    let indent = line.len() - line.trim_start().len();
    if line.len() <= WIDTH || line.trim_start().starts_with("//") {
        out.push(line);
        return;
    }
    // Where, and how far inside: a comma goes before a word at the same depth.
    let mut best: Option<(usize, (usize, bool))> = None;
    let (mut depth, mut quoted, mut verbatim, mut escaped) = (0_usize, false, false, false);
    let bytes = line.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if !verbatim => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        match byte {
            b'"' => {
                quoted = true;
                verbatim = before == Some(&b'@');
            }
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b' ' if at > indent + 20 && at < WIDTH => {
                let rest = line.get(at..).unwrap_or_default();
                let comma = before == Some(&b',');
                let breaks = comma || rest.starts_with(" and ") || rest.starts_with(" or ");
                if breaks && best.is_none_or(|(_, least)| (depth, !comma) <= least) {
                    best = Some((at, (depth, !comma)));
                }
            }
            _ => {}
        }
    }
    match best.and_then(|(at, (depth, _))| Some((line.get(..at)?, line.get(at + 1..)?, depth))) {
        Some((head, rest, depth)) => {
            // What continues an operator or an argument stands four further in.
            let inside = depth > 0 || line.trim_start().starts_with("| ");
            let deeper = if inside { indent + 4 } else { indent };
            out.push(head.to_owned());
            wrap(format!("{}{rest}", " ".repeat(deeper)), out);
        }
        None => out.push(line),
    }
}

/// Whether a text has the name as a word.
fn mentions(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let bare = name.trim_start_matches("['").trim_end_matches("']");
    text.split(|c| !is_word(c)).any(|word| word == bare)
}

/// Items with commas between them, as many a line as fit.
fn fill(head: &str, pad: &str, items: &[String], tail: &str, out: &mut Vec<String>) {
    let mut line = head.to_owned();
    let mut fresh = true;
    for (n, item) in items.iter().enumerate() {
        let comma = if n + 1 == items.len() { tail } else { "," };
        if !fresh && line.len() + 1 + item.len() + comma.len() > WIDTH {
            out.push(std::mem::replace(&mut line, pad.to_owned()));
            fresh = true;
        }
        if !fresh {
            line.push(' ');
        }
        line.push_str(item);
        line.push_str(comma);
        fresh = false;
    }
    if items.is_empty() {
        line.push_str(tail);
    }
    out.push(line);
}

/// `let name = dynamic([..]);`
pub(super) fn list(name: &str, elements: &[String]) -> String {
    let one = format!("let {name} = dynamic([{}]);", elements.join(", "));
    if one.len() <= WIDTH {
        return one;
    }
    let mut lines = vec![format!("let {name} = dynamic([")];
    fill("    ", "    ", elements, "", &mut lines);
    lines.push("]);".to_owned());
    lines.join("\n")
}

/// Comment lines without their slashes: paragraphs wrapped, an empty line between them.
pub(super) fn comment(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for paragraph in text.split("\n\n") {
        let mut line = String::new();
        let mut lines = Vec::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.len() + 1 + word.len() + 3 > COMMENT_WIDTH {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() {
            lines.push(line);
        }
        if !lines.is_empty() {
            if !out.is_empty() {
                out.push(String::new());
            }
            out.extend(lines);
        }
    }
    out
}

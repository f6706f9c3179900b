//! Where comments go.
//!
//! The layout is made of entries (lines of a block, elements of a list, parts of a condition). A comment between two
//! entries stays between them; one in the middle of an entry, where no line can end, goes above that entry, together
//! with all before it in the entry, so that the order is kept. To know how far that reaches before the entry is laid
//! out, the layout is made twice: the first time only surveys.

use super::doc::Doc;
use crate::diagnostics::Span;
use crate::syntax::ast::Comment;

/// Makes the layout.
pub(super) struct Layout<'a> {
    text: &'a str,
    comments: &'a [Comment],
    taken: Vec<bool>,
    /// Comments before this place were taken by the entry around.
    floor: usize,
    /// Of every entry in the order of visits: where the comments end that go above it.
    reach: Vec<usize>,
    visited: usize,
    survey: bool,
}

/// Whether an empty line stands before an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// Never.
    None,
    /// Where the source has one.
    Keep,
    /// Always, but before the first.
    Always,
}

/// A laid out part that comments may stand around.
pub(super) struct Entry {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Comments from inside.
    pub(super) above: Vec<String>,
    pub(super) doc: Doc,
    pub(super) space: Space,
}

/// Comments between two entries.
#[derive(Default)]
pub(super) struct Gap {
    /// Behind the first.
    pub(super) trailing: Option<String>,
    /// Above the second, each with the place where it began.
    pub(super) above: Vec<(usize, String)>,
}

impl Gap {
    pub(super) fn is_empty(&self) -> bool {
        self.trailing.is_none() && self.above.is_empty()
    }
}

impl<'a> Layout<'a> {
    pub(super) fn new(text: &'a str, comments: &'a [Comment]) -> Layout<'a> {
        Layout {
            text,
            comments,
            taken: vec![false; comments.len()],
            floor: 0,
            reach: Vec::new(),
            visited: 0,
            survey: true,
        }
    }

    /// Makes a layout with every comment in its place.
    pub(super) fn twice(&mut self, make: impl Fn(&mut Self) -> Doc) -> Doc {
        let surveyed = make(self);
        if self.comments.is_empty() {
            return surveyed;
        }
        self.survey = false;
        self.visited = 0;
        self.taken.fill(false);
        make(self)
    }

    /// Lays out a part of the text that comments may stand around.
    pub(super) fn entry(&mut self, span: Span, space: Space, make: impl FnOnce(&mut Self) -> Doc) -> Entry {
        let (start, end) = (span.start as usize, self.end(span));
        let mut entry = Entry {
            start,
            end,
            above: Vec::new(),
            doc: Doc::Concat(Vec::new()),
            space,
        };
        let number = self.visited;
        self.visited += 1;
        if self.survey {
            self.reach.push(0);
            entry.doc = make(self);
            let mut reach = 0;
            for index in self.between(start, end) {
                if let (Some(taken), Some(comment)) = (self.taken.get_mut(index), self.comments.get(index))
                    && !std::mem::replace(taken, true)
                {
                    reach = comment.span.end as usize;
                }
            }
            if let Some(place) = self.reach.get_mut(number) {
                *place = reach;
            }
        } else {
            let around = self.floor;
            let reach = self.reach.get(number).copied().unwrap_or(0);
            entry.above = self
                .take(start, reach)
                .into_iter()
                .map(|(_, comment)| comment)
                .collect();
            self.floor = around.max(reach);
            entry.doc = make(self);
            self.floor = around;
        }
        entry
    }

    /// Takes the comments between two entries.
    pub(super) fn gap(&mut self, from: usize, to: usize) -> Gap {
        let mut gap = Gap::default();
        for (index, (start, text)) in self.take(from, to).into_iter().enumerate() {
            let trails = index == 0 && self.comment_at(start).is_some_and(|comment| !comment.own_line);
            if trails {
                gap.trailing = Some(text);
            } else {
                gap.above.push((start, text));
            }
        }
        gap
    }

    /// Whether a comment stands there.
    pub(super) fn has_comments(&self, from: usize, to: usize) -> bool {
        !self.between(from, to).is_empty()
    }

    fn take(&mut self, from: usize, to: usize) -> Vec<(usize, String)> {
        let range = self.between(from.max(self.floor), to);
        let mut found = Vec::new();
        for index in range {
            if let (Some(taken), Some(comment)) = (self.taken.get_mut(index), self.comments.get(index)) {
                *taken = true;
                found.push((comment.span.start as usize, comment.text.clone()));
            }
        }
        found
    }

    fn between(&self, from: usize, to: usize) -> std::ops::Range<usize> {
        let before = |place: usize| {
            self.comments
                .partition_point(|comment| (comment.span.start as usize) < place)
        };
        let first = before(from);
        first..before(to).max(first)
    }

    fn comment_at(&self, start: usize) -> Option<&'a Comment> {
        self.comments.get(self.between(start, start + 1).start)
    }

    /// The end of a span without blanks and comments; spans of the parser may reach over those that follow.
    pub(super) fn end(&self, span: Span) -> usize {
        let mut end = span.end as usize;
        while let Some(head) = self.text.get(..end) {
            end = head.trim_end().len();
            match self
                .between(0, end)
                .next_back()
                .and_then(|index| self.comments.get(index))
            {
                Some(comment) if (comment.span.end as usize) >= end && comment.span.start > span.start => {
                    end = comment.span.start as usize;
                }
                _ => break,
            }
        }
        end.max(span.start as usize)
    }

    /// The first such mark from there on, outside of comments.
    pub(super) fn find(&self, from: usize, mark: char) -> Option<usize> {
        let mut from = from;
        loop {
            let found = from + self.text.get(from..)?.find(mark)?;
            match self
                .between(0, found)
                .next_back()
                .and_then(|index| self.comments.get(index))
            {
                Some(comment) if (comment.span.end as usize) > found => from = comment.span.end as usize,
                _ => return Some(found),
            }
        }
    }

    /// How a part is written in the source.
    pub(super) fn spelled(&self, span: Span) -> &'a str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or("")
    }

    /// Whether the line above that place is empty.
    fn after_empty_line(&self, place: usize) -> bool {
        let head = self.text.get(..place).unwrap_or("");
        let blanks = head.get(head.trim_end().len()..).unwrap_or("");
        blanks.matches('\n').count() > 1
    }

    /// Whether there is an empty line between two entries.
    pub(super) fn parted(&self, from: usize, to: usize) -> bool {
        // What stands before the first line break and after the last belongs to the entries' own lines.
        let between = self.text.get(from..to).unwrap_or("");
        let inner = match (between.find('\n'), between.rfind('\n')) {
            (Some(first), Some(last)) => between.get(first + 1..last),
            _ => None,
        };
        inner.is_some_and(|inner| inner.split('\n').any(|line| line.trim().is_empty()))
    }

    /// Lines of a block, with the comments from `open` to `close`; begins with a line break, ends without.
    pub(super) fn lines(&mut self, open: usize, entries: Vec<Entry>, close: usize, tail: Space) -> Doc {
        let mut lines = Lines::default();
        let mut at = open;
        for entry in entries {
            let gap = self.gap(at, entry.start);
            lines.comments(self, gap, entry.space);
            lines.begin(self, entry.start, entry.space);
            for comment in entry.above {
                lines.out.extend([Doc::Text(comment), Doc::Hard]);
            }
            lines.out.push(entry.doc);
            at = entry.end;
        }
        let gap = self.gap(at, close);
        lines.comments(self, gap, tail);
        Doc::Concat(lines.out)
    }
}

#[derive(Default)]
struct Lines {
    out: Vec<Doc>,
    /// Something was written.
    begun: bool,
    /// The empty line before an entry was written above its comments.
    spaced: bool,
}

impl Lines {
    fn comments(&mut self, layout: &Layout<'_>, gap: Gap, space: Space) {
        self.spaced = false;
        self.out.extend(gap.trailing.map(Doc::Comment));
        for (place, comment) in gap.above {
            self.begin(layout, place, space);
            self.out.push(Doc::Text(comment));
        }
    }

    fn begin(&mut self, layout: &Layout<'_>, place: usize, space: Space) {
        let due = space == Space::Always && !self.spaced;
        if self.begun && (due || space != Space::None && layout.after_empty_line(place)) {
            self.out.push(Doc::Hard);
        }
        self.out.push(Doc::Hard);
        self.begun = true;
        self.spaced = true;
    }
}

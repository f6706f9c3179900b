//! What each target can say, construct by construct. `tripline targets` prints the table; a test builds the case of every
//! row and compares.

use super::Target;
use super::ledger::State;

/// What is said of a construct.
#[derive(Clone, Copy, Debug)]
pub struct Capability {
    /// In the words of the language.
    pub construct: &'static str,
    /// A rule that uses it: a folder of `tests/cases`.
    pub case: &'static str,
    /// In KQL, and so in Sentinel's rules and templates.
    pub sentinel: Says,
    /// In Sigma.
    pub sigma: Says,
}

/// How a target says it.
#[derive(Clone, Copy, Debug)]
pub struct Says {
    /// How it compares with the rule.
    pub state: State,
    /// In which form, or why not.
    pub how: &'static str,
}

impl Capability {
    /// What is said for a target.
    pub fn of(&self, target: Target) -> Says {
        match target {
            Target::Kql | Target::Sentinel | Target::Arm => self.sentinel,
            Target::Sigma => self.sigma,
        }
    }
}

const fn says(state: State, how: &'static str) -> Says {
    Says { state, how }
}

const fn exact(how: &'static str) -> Says {
    says(State::Exact, how)
}

const fn refused(how: &'static str) -> Says {
    says(State::Refused, how)
}

/// The table. A row for each construct that some target says in another way, or not at all.
pub const ALL: &[Capability] = &[
    Capability {
        construct: "`==`, `in`, `contains`, `starts with`, `ends with`, `matches`, `is missing`",
        case: "plain_tests",
        sentinel: exact("`where`"),
        sigma: exact("a selection; `cased` where case counts"),
    },
    Capability {
        construct: "`has`, `has any`",
        case: "words_of_a_text",
        sentinel: exact("`has`, `has_any`"),
        sigma: exact("a regular expression"),
    },
    Capability {
        construct: "field against field",
        case: "field_against_field",
        sentinel: exact("`where`, with a guard"),
        sigma: exact("`fieldref`"),
    },
    Capability {
        construct: "`is address`, `in cidr`",
        case: "address_blocks",
        sentinel: exact("`parse_ipv6`, `ipv4_is_in_range`, `ipv6_is_in_range`"),
        sigma: exact("`cidr`"),
    },
    Capability {
        construct: "`except`",
        case: "single_event_except",
        sentinel: exact("`where not(..)` below a comment"),
        sigma: exact("`filter_main_*` and `not`"),
    },
    Capability {
        construct: "`let` that only the output reads",
        case: "let_in_the_output",
        sentinel: exact("`extend`"),
        sigma: exact("not carried, with a note"),
    },
    Capability {
        construct: "`let`, `??`, functions in a condition or key",
        case: "computed_condition",
        sentinel: exact("`extend`"),
        sigma: refused("it compares fields; a `let` that only renames one is written out"),
    },
    Capability {
        construct: "`json(..)`, elements by number",
        case: "json_text_in_json",
        sentinel: exact("`parse_json`"),
        sigma: refused("it does not look into JSON inside a text"),
    },
    Capability {
        construct: "`each`",
        case: "each_element_kinds",
        sentinel: exact("`mv-expand`"),
        sigma: refused("it has no row for each element"),
    },
    Capability {
        construct: "`group` with one `count` and one threshold",
        case: "count_threshold",
        sentinel: exact("`summarize .. by bin(..)`"),
        sigma: says(
            State::Wider,
            "`event_count`; its windows slide, so `>` and `>=` find more, other comparisons differ",
        ),
    },
    Capability {
        construct: "`group` with one `distinct` and one threshold",
        case: "distinct_threshold",
        sentinel: exact("`count_distinctif`"),
        sigma: says(State::Wider, "`value_count`; as above"),
    },
    Capability {
        construct: "`group` with one `sum` or `avg` and one threshold",
        case: "sum_threshold",
        sentinel: exact("`sum`, `avg`"),
        sigma: says(
            State::Differs,
            "`value_sum`, `value_avg`; its windows slide, and what they add can be negative",
        ),
    },
    Capability {
        construct: "several aggregates in conditions, `min`, `max`, `set`",
        case: "several_aggregates",
        sentinel: exact("`summarize`"),
        sigma: refused("a correlation has one condition on one aggregate"),
    },
    Capability {
        construct: "`group` of several selections",
        case: "two_streams_in_a_group",
        sentinel: exact("one `summarize` over both"),
        sigma: refused("a correlation counts all its rules together"),
    },
    Capability {
        construct: "`baseline`",
        case: "baseline_missing",
        sentinel: exact("the window and its history from one function, `lookup`"),
        sigma: refused("a correlation has one span of time"),
    },
    Capability {
        construct: "`union`, `intersect`, `minus`",
        case: "set_words",
        sentinel: exact("`set_union`, `set_intersect`, `set_difference`"),
        sigma: refused("it has no sets"),
    },
    Capability {
        construct: "`match .. then ..`",
        case: "match_then",
        sentinel: exact("`join kind=inner` and a condition on the times"),
        sigma: exact("`temporal_ordered`, keys as `aliases`"),
    },
    Capability {
        construct: "`match .. with ..`",
        case: "match_with",
        sentinel: exact("`join kind=inner`"),
        sigma: exact("`temporal`"),
    },
    Capability {
        construct: "condition over several parts of a match",
        case: "match_condition_across_parts",
        sentinel: exact("`where` after the join"),
        sigma: refused("parts share keys only; a condition that the keys bring into one part moves there"),
    },
    Capability {
        construct: "`match .. without ..`",
        case: "match_without",
        sentinel: exact("`join kind=leftanti` with what is covered"),
        sigma: refused("it has no absence"),
    },
    Capability {
        construct: "`group` in a `match`",
        case: "group_in_a_match",
        sentinel: exact("`summarize` before the join"),
        sigma: says(
            State::Differs,
            "a correlation of a correlation; it has the time of the last event, not of the window's end",
        ),
    },
];

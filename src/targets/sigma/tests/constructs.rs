//! Groups and matches as correlations: whole texts, and what differs.

use super::{emitted, rule, section};
use crate::targets::ledger::{State, Text};

/// A rule over one group: the base's detection, the correlation, and the state.
fn group(columns: &str, condition: &str) -> (String, String, Option<State>) {
    let file = emitted(&rule(&format!(
        "events e = aws.cloudtrail where eventName == \"A\" and sourceIPAddress is present \
         group g = e by sourceIPAddress per 5m {{ {columns} }} alert g {condition} {{ }}"
    )));
    (
        section(&file.text, "detection"),
        section(&file.text, "correlation"),
        state(&file),
    )
}

fn state(file: &Text) -> Option<State> {
    file.differences
        .iter()
        .map(|difference| difference.state)
        .reduce(State::and)
}

#[test]
fn a_threshold_with_its_base_rule() {
    let file = emitted(&rule(
        "about \"A caller that is refused.\" falsepositive \"tests\" author \"Blue team\" \
         references \"https://example.com/a\" \
         events refused = aws.cloudtrail where errorCode == \"AccessDenied\" except \"scanner\" where userAgent contains \"scan\" \
         group hour = refused by caller = userIdentity.arn, recipientAccountId per 1h { calls = count  names = set eventName } \
         alert hour where calls >= 20 { account caller show calls, names }",
    ));
    insta::assert_snapshot!(file.text);
    let ledger: Vec<String> = file
        .differences
        .iter()
        .map(|d| format!("{} {}: {}", d.state.word(), d.construct, d.reason))
        .chain(file.notes.iter().map(|n| format!("note {}: {}", n.construct, n.text)))
        .collect();
    assert_eq!(
        ledger,
        [
            "wider group: Sigma's windows of 1h slide, those of the group do not: events on both sides of the edge of a window count together",
            "note group: `names` is left out: a correlation has the one number that it compares",
            "note missing: whether `null` takes fields that are absent is left to the engine",
            "note alert: a Sigma correlation says which groups alert, not which rows, columns, entities or texts",
        ]
    );
}

#[test]
fn what_a_group_counts() {
    let base = "selection: eventName|cased: 'A' filter_main_no_sourceipaddress: - sourceIPAddress: null - sourceIPAddress: '' \
                condition: selection and not 1 of filter_main_*";
    let of = |kind: &str, condition: &str| {
        format!("type: {kind} rules: - some_rule_e group-by: - sourceIPAddress timespan: 5m condition: {condition}")
    };
    for (columns, condition, kind, compared, difference) in [
        ("n = count", "where n >= 3", "event_count", "gte: 3", Some(State::Wider)),
        ("n = count", "where n > 3", "event_count", "gt: 3", Some(State::Wider)),
        ("n = count", "where 3 < n", "event_count", "gt: 3", Some(State::Wider)),
        (
            "n = count",
            "where not n < 3",
            "event_count",
            "gte: 3",
            Some(State::Wider),
        ),
        ("n = count", "where n < 3", "event_count", "lt: 3", Some(State::Differs)),
        (
            "n = count",
            "where n <= 3",
            "event_count",
            "lte: 3",
            Some(State::Differs),
        ),
        (
            "n = count",
            "where n == 3",
            "event_count",
            "eq: 3",
            Some(State::Differs),
        ),
        (
            "n = count",
            "where n != 3",
            "event_count",
            "neq: 3",
            Some(State::Differs),
        ),
        // One event is enough, wherever the window's edges are.
        ("n = count", "where n >= 1", "event_count", "gte: 1", None),
        ("n = count", "where n > 0", "event_count", "gt: 0", None),
        ("n = count", "", "event_count", "gte: 1", None),
        // A column that only renames, or holds the condition.
        (
            "n = count  m = n",
            "where m >= 3.0",
            "event_count",
            "gte: 3",
            Some(State::Wider),
        ),
        (
            "n = count  many = n >= 3",
            "where many",
            "event_count",
            "gte: 3",
            Some(State::Wider),
        ),
        (
            "n = sum requestParameters.n",
            "where n > 9",
            "value_sum",
            "field: requestParameters.n gt: 9",
            Some(State::Differs),
        ),
    ] {
        let correlation = of(kind, compared);
        assert_eq!(
            group(columns, condition),
            (base.to_owned(), correlation, difference),
            "{columns} {condition}"
        );
    }
}

#[test]
fn values_that_count_are_present() {
    let (base, correlation, difference) = group("n = distinct requestParameters.user", "where n >= 3");
    assert!(
        base.contains("filter_main_no_user: - requestParameters.user: null - requestParameters.user: ''"),
        "{base}"
    );
    assert!(correlation.ends_with("type: value_count rules: - some_rule_e group-by: - sourceIPAddress timespan: 5m condition: field: requestParameters.user gte: 3"), "{correlation}");
    assert_eq!(difference, Some(State::Wider));
    let (base, correlation, difference) = group("n = avg requestParameters.n", "where n > 3");
    assert!(base.contains("filter_main_no_n: - requestParameters.n: null"), "{base}");
    assert!(correlation.contains("type: value_avg"), "{correlation}");
    assert_eq!(difference, Some(State::Differs));
    // Where none at all satisfies the condition, events without the value are needed.
    let (base, _, difference) = group("n = distinct requestParameters.user", "where n < 3");
    assert!(!base.contains("no_user"), "{base}");
    assert_eq!(difference, Some(State::Differs));
}

#[test]
fn sums_that_cannot_fall_are_wider() {
    let file = emitted(&rule(
        "events e = aws.cloudtrail where requestParameters.n >= 0 and sourceIPAddress is present \
         group g = e by sourceIPAddress per 5m { n = sum requestParameters.n } alert g where n > 9 { }",
    ));
    assert_eq!(state(&file), Some(State::Wider));
}

#[test]
fn conditions_of_aggregates_and_on_keys_join_the_base_rule() {
    let (base, correlation, _) = group(
        "n = count where errorCode == \"x\"",
        "where n >= 3 and sourceIPAddress != \"AWS Internal\"",
    );
    assert_eq!(
        base,
        "selection: eventName|cased: 'A' errorCode|cased: 'x' \
         filter_main_no_sourceipaddress: - sourceIPAddress: null - sourceIPAddress: '' \
         filter_main_sourceipaddress: sourceIPAddress|cased: 'AWS Internal' condition: selection and not 1 of filter_main_*"
    );
    assert!(correlation.ends_with("condition: gte: 3"), "{correlation}");
}

#[test]
fn lengths_of_time() {
    for (per, timespan) in [
        ("90s", "90s"),
        ("1m", "1m"),
        ("120m", "2h"),
        ("1d", "1d"),
        ("24h", "1d"),
    ] {
        let file = emitted(&rule(&format!(
            "events e = aws.cloudtrail where sourceIPAddress is present group g = e by sourceIPAddress per {per} {{ n = count }} alert g where n > 2 {{ }}"
        )));
        assert!(
            section(&file.text, "correlation").contains(&format!("timespan: {timespan} ")),
            "{per}"
        );
    }
}

const MADE: &str = "events made = aws.cloudtrail where eventName == \"CreateLoginProfile\" and success \
    and sourceIPAddress is present and requestParameters.userName is present";
const USED: &str = "events used = aws.cloudtrail where eventName == \"ConsoleLogin\" and success \
    and sourceIPAddress is present and userIdentity.userName is present";

#[test]
fn an_ordered_pair_with_an_alias() {
    let file = emitted(&rule(&format!(
        "{MADE} {USED} match taken = made then used \
         on sourceIPAddress, made.requestParameters.userName == used.userIdentity.userName within 1h \
         where made.userIdentity.userName != \"admin\" and used.awsRegion == \"eu-west-1\" \
         except \"the office\" where sourceIPAddress in cidr \"192.0.2.0/24\" or made.userAgent contains \"terraform\" \
         alert taken {{ account used.userIdentity.userName ip sourceIPAddress }}"
    )));
    insta::assert_snapshot!(file.text);
    assert_eq!(state(&file), None);
}

#[test]
fn any_order_and_chains() {
    let pair = |link: &str| {
        let file = emitted(&rule(&format!(
            "{MADE} {USED} match m = made {link} used on sourceIPAddress within 90m alert m {{ }}"
        )));
        section(&file.text, "correlation")
    };
    assert_eq!(
        pair("then"),
        "type: temporal_ordered rules: - some_rule_made - some_rule_used group-by: - sourceIPAddress timespan: 90m"
    );
    assert_eq!(
        pair("with"),
        "type: temporal rules: - some_rule_made - some_rule_used group-by: - sourceIPAddress timespan: 90m condition: gte: 2"
    );
    // Keys that are equal over the middle part are one.
    let file = emitted(&rule(
        "events a = aws.cloudtrail where eventName == \"A\" and requestParameters.x is present \
         events b = aws.cloudtrail where eventName == \"B\" and requestParameters.y is present \
         events c = aws.cloudtrail where eventName == \"C\" and requestParameters.z is present \
         match m = a then b then c on a.requestParameters.x == b.requestParameters.y, b.requestParameters.y == c.requestParameters.z within 1h \
         alert m { }",
    ));
    assert_eq!(
        section(&file.text, "correlation"),
        "type: temporal_ordered rules: - some_rule_a - some_rule_b - some_rule_c \
         aliases: z: some_rule_a: requestParameters.x some_rule_b: requestParameters.y some_rule_c: requestParameters.z \
         group-by: - z timespan: 1h"
    );
}

#[test]
fn parts_of_two_sources() {
    let file = emitted(&rule(
        "events a = aws.cloudtrail where eventName == \"A\" and sourceIPAddress is present \
         events b = azure.activity where level == \"Error\" and callerIpAddress is present \
         match m = a with b on a.sourceIPAddress == b.callerIpAddress within 1h alert m { }",
    ));
    assert_eq!(
        section(&file.text, "logsource"),
        "product: aws service: cloudtrail --- product: azure service: activitylogs"
    );
    assert!(
        section(&file.text, "correlation")
            .contains("aliases: calleripaddress: some_rule_a: sourceIPAddress some_rule_b: CallerIpAddress")
    );
}

#[test]
fn a_group_inside_of_a_match() {
    let file = emitted(&rule(
        "events failure = aws.cloudtrail where eventName == \"ConsoleLogin\" and errorMessage is present and sourceIPAddress is present \
         events used = aws.cloudtrail where eventName == \"GetSecretValue\" and requestParameters.ip is present \
         group burst = failure by sourceIPAddress per 10m { n = count } \
         match m = burst with used on burst.sourceIPAddress == used.requestParameters.ip within 1h \
         where burst.n >= 5 and used.awsRegion == \"eu-west-1\" \
         alert m { }",
    ));
    insta::assert_snapshot!(file.text);
    assert_eq!(state(&file), Some(State::Differs));
    // One name everywhere needs no alias.
    let file = emitted(&rule(
        "events failure = aws.cloudtrail where eventName == \"ConsoleLogin\" and sourceIPAddress is present \
         events used = aws.cloudtrail where eventName == \"GetSecretValue\" and sourceIPAddress is present \
         group burst = failure by sourceIPAddress per 10m { n = count } where n >= 5 \
         match m = burst with used on sourceIPAddress within 1h alert m { }",
    ));
    assert_eq!(
        section(&file.text, "correlation"),
        "type: event_count rules: - some_rule_failure group-by: - sourceIPAddress timespan: 10m condition: gte: 5 --- \
         type: temporal rules: - some_rule_burst - some_rule_used group-by: - sourceIPAddress timespan: 1h condition: gte: 2"
    );
}

#[test]
fn what_only_the_output_reads_is_noted() {
    let file = emitted(&rule(
        "events e = aws.cloudtrail where eventName == \"A\" let who = userIdentity.arn ?? \"nobody\" let name = userAgent \
         alert e { show who, name }",
    ));
    let notes: Vec<&str> = file.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(
        notes,
        [
            "`who` is left out: a Sigma rule carries no columns",
            "`name` is left out: a Sigma rule carries no columns",
            "entities, shown columns, title and message of the alert are left out: a Sigma rule carries none",
        ]
    );
}

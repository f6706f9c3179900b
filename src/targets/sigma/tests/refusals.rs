//! What Sigma cannot say: every reason, its place, and the way out.

use super::{answer, on_events, rule};
use crate::compile::Files;
use crate::diagnostics::{Code, Diagnostic};
use std::path::Path;

/// Code, the text at the place, and the label of each finding.
fn refused(text: &str) -> Vec<(Code, String, String)> {
    let mut files = Files::default();
    files.add(Path::new("rule.trip"), text.as_bytes());
    let findings: Vec<Diagnostic> = answer(text).unwrap_err();
    let all = findings.iter().map(|finding| {
        assert!(!finding.help.is_empty(), "{finding:?}");
        let place = finding.primary.span;
        let at = text.get(place.start as usize..place.end as usize).unwrap_or("");
        (finding.code, at.trim().to_owned(), finding.primary.text.clone())
    });
    all.collect()
}

fn one(text: &str, at: &str, label: &str) {
    let expected = vec![(Code::SigmaRefused, at.to_owned(), label.to_owned())];
    assert_eq!(refused(text), expected, "{text}");
}

#[test]
fn conditions_on_events() {
    for (condition, at, label) in [
        ("length(userAgent) > 3", "length(userAgent)", "a computed value"),
        (
            "split(userAgent, \"/\")[0] == \"a\"",
            "split(userAgent, \"/\")[0]",
            "a computed value",
        ),
        (
            "capture(userAgent, /a(.)/) == \"b\"",
            "capture(userAgent, /a(.)/)",
            "a computed value",
        ),
        (
            "json(requestParameters.x).Effect == \"Allow\"",
            "json(requestParameters.x).Effect",
            "a computed value",
        ),
        (
            "size(requestParameters.x) > 1",
            "size(requestParameters.x)",
            "a computed value",
        ),
        (
            "(errorCode ?? errorMessage) == \"x\"",
            "errorCode ?? errorMessage",
            "a computed value",
        ),
        (
            "requestParameters.x / 2 > 4",
            "requestParameters.x / 2",
            "a computed value",
        ),
        (
            "if(readOnly, \"a\", \"b\") == \"a\"",
            "if(readOnly, \"a\", \"b\")",
            "a computed value",
        ),
        ("actor == \"eve\"", "actor", "a computed value"),
        (
            "resources[0].ARN == \"x\"",
            "resources[0].ARN",
            "an element by its number",
        ),
        (
            "requestParameters[\"a b\"] == \"x\"",
            "requestParameters[\"a b\"]",
            "the key `a b`",
        ),
        (
            "\"x\" in requestParameters.x",
            "\"x\" in requestParameters.x",
            "Sigma does not look for an element of a list",
        ),
        (
            "requestParameters.x is empty",
            "requestParameters.x is empty",
            "Sigma does not count the elements of a list",
        ),
        (
            "requestParameters.x > requestParameters.y",
            "requestParameters.x > requestParameters.y",
            "Sigma compares two fields for equality only",
        ),
        (
            "userIdentity.sessionContext.attributes.creationDate < eventTime",
            "userIdentity.sessionContext.attributes.creationDate < eventTime",
            "Sigma does not compare times",
        ),
        (
            "lower(userAgent) == errorCode",
            "lower(userAgent) == errorCode",
            "a computed value",
        ),
        (
            "userAgent contains \"É\"",
            "userAgent contains \"É\"",
            "letters beyond ASCII without their case",
        ),
        (
            "userAgent in~ [\"É\"]",
            "userAgent in~ [\"É\"]",
            "letters beyond ASCII without their case",
        ),
        (
            "operationName == \"x\"",
            "operationName",
            "`operationName` has no Sigma name",
        ),
        ("errorCode in []", "errorCode in []", "no event satisfies this"),
    ] {
        one(&on_events(&format!("where {condition}")), at, label);
    }
}

#[test]
fn patterns_that_engines_do_not_share() {
    for (pattern, what) in [
        (r"/a\z/", r"`\z`"),
        (r"/\Aa/", r"`\A`"),
        (r"/\p{L}/", "a class of Unicode"),
        (r"/[\p{L}]/", "a class of Unicode"),
        (r"/[[:alpha:]]/", "a class by name"),
        (r"/[a-z&&[^b]]/", "an operation on classes"),
        (r"/[a[bc]]/", "a class inside of a class"),
        (r"/(?i)a/", "flags inside of a pattern"),
        (r"/(?s:a.)/", "flags inside of a pattern"),
        (r"/\b{start}a/", "one side of a word's border"),
        (r"/É/i", "`É` without its case"),
    ] {
        let condition = format!("userAgent matches {pattern}");
        one(
            &on_events(&format!("where {condition}")),
            &condition,
            &format!("{what} is not read by all engines"),
        );
    }
}

#[test]
fn selections_of_everything_and_nothing() {
    one(
        &on_events(""),
        "events e",
        "no test is left, and a Sigma rule needs one",
    );
    one(
        &on_events("except \"none\" where errorCode in []"),
        "events e",
        "no test is left, and a Sigma rule needs one",
    );
    one(
        &on_events("where eventName == \"A\" except \"all\" where errorCode is missing or not errorCode in []"),
        "errorCode is missing or not errorCode in []",
        "this removes every event",
    );
}

#[test]
fn a_let_is_shown_where_it_is_used() {
    let text = on_events("let who = split(userIdentity.arn, \"/\")[-1] where who == \"eve\"");
    let findings = answer(&text).unwrap_err();
    let at = |place: crate::diagnostics::Span| text.get(place.start as usize..place.end as usize).unwrap();
    assert_eq!(at(findings[0].primary.span), "who");
    assert_eq!(
        at(findings[0].secondary[0].span).trim(),
        "let who = split(userIdentity.arn, \"/\")[-1]"
    );
    assert_eq!(findings[0].secondary[0].text, "computed here");
    assert_eq!(findings[0].notes, ["Sigma does not take text apart"]);
}

/// A rule over one group.
fn group(by: &str, columns: &str, condition: &str) -> String {
    rule(&format!(
        "events e = aws.cloudtrail where eventName == \"A\" let who = before(userAgent, \"/\") let day = eventTime \
         group g = e by {by} per 5m {{ {columns} }} alert g {condition} {{ show who_ }}"
    ))
    .replace(" show who_", "")
}

#[test]
fn groups() {
    let ip = "sourceIPAddress";
    for (by, columns, condition, at, label) in [
        ("who", "n = count", "where n > 2", "who", "a computed key"),
        (ip, "n = distinct who", "where n > 2", "who", "a computed key"),
        (
            ip,
            "n = count  m = count where readOnly",
            "where n > 2 and m > 2",
            "m > 2",
            "a correlation has one",
        ),
        (
            ip,
            "n = count",
            "where n > 2 and n < 9",
            "n < 9",
            "a correlation has one",
        ),
        (
            ip,
            "n = max requestParameters.n",
            "where n > 2",
            "n > 2",
            "Sigma has no least and no greatest value of a group",
        ),
        (
            ip,
            "n = set eventName",
            "where size(n) > 2",
            "size(n) > 2",
            "Sigma does not collect sets of values",
        ),
        (
            ip,
            "n = set eventName",
            "where \"x\" in n",
            "\"x\" in n",
            "Sigma does not collect sets of values",
        ),
        (
            ip,
            "n = count  m = distinct userAgent",
            "where n > m",
            "n > m",
            "a correlation compares one number of the group with a whole number",
        ),
        (
            ip,
            "n = count  m = count where readOnly",
            "where n > 2 or m > 2",
            "n > 2 or m > 2",
            "a correlation compares one number of the group with a whole number",
        ),
        (
            ip,
            "n = avg requestParameters.n",
            "where n > 2.5",
            "n > 2.5",
            "a correlation compares with whole numbers",
        ),
        (ip, "n = count", "where n >= 0", "n >= 0", "this never changes"),
        (
            ip,
            "n = count where readOnly",
            "where n < 3",
            "readOnly",
            "a group without such an event satisfies it too, and Sigma does not see that group",
        ),
        (
            ip,
            "n = count",
            "where n > 2 and last > first",
            "last > first",
            "Sigma compares no times of events",
        ),
    ] {
        one(&group(by, columns, condition), at, label);
    }
    one(
        &rule(
            "events a = aws.cloudtrail where eventName == \"A\" events b = aws.cloudtrail where eventName == \"B\" \
             group g = a, b by sourceIPAddress per 5m { n = count a } alert g where n > 2 { }",
        ),
        "group g",
        "a correlation counts the events of all its selections together",
    );
    one(
        &rule(
            "events a = aws.cloudtrail where eventName == \"A\" \
             group g = a by sourceIPAddress per 0.5s { n = count } alert g where n > 2 { }",
        ),
        "group g",
        "Sigma knows no parts of seconds",
    );
}

#[test]
fn matches() {
    let pair = |on: &str, steps: &str| {
        rule(&format!(
            "events a = aws.cloudtrail where eventName == \"A\" events b = aws.cloudtrail where eventName == \"B\" \
             events c = aws.cloudtrail where eventName == \"C\" match m = {on} within 1h {steps} alert m {{ }}"
        ))
    };
    let two = "a then b on sourceIPAddress";
    let without_c = |text: String| text.replace(" events c = aws.cloudtrail where eventName == \"C\"", "");
    for (on, steps, at, label) in [
        (
            two,
            "where a.userAgent != b.userAgent",
            "a.userAgent != b.userAgent",
            "it compares `a` with `b`, and Sigma only joins parts on equal fields",
        ),
        (
            two,
            "where a.userAgent == \"x\" or b.userAgent == \"x\"",
            "a.userAgent == \"x\" or b.userAgent == \"x\"",
            "it compares `a` with `b`, and Sigma only joins parts on equal fields",
        ),
        (
            two,
            "where b.time > a.time",
            "b.time > a.time",
            "Sigma compares no times of events",
        ),
        (
            "a then b on a.sourceIPAddress == b.sourceIPAddress, a.awsRegion == b.sourceIPAddress",
            "",
            "a.awsRegion",
            "it joins two fields of one part",
        ),
        (
            "a then b on a.actor == b.sourceIPAddress",
            "",
            "a.actor",
            "a computed key",
        ),
        (
            "a without b on sourceIPAddress",
            "",
            "match m",
            "asks for the absence of events",
        ),
    ] {
        one(&without_c(pair(on, steps)), at, label);
    }
    let chain = pair(
        "a then b then c on a.sourceIPAddress == b.sourceIPAddress, b.awsRegion == c.awsRegion",
        "",
    );
    let labels: Vec<(String, String)> = refused(&chain).into_iter().map(|(_, at, label)| (at, label)).collect();
    assert_eq!(
        labels,
        [("a.sourceIPAddress", "c"), ("b.awsRegion", "a")].map(|(at, part)| {
            let label = format!("it does not reach `{part}`, and Sigma joins all parts on every key");
            (at.to_owned(), label)
        })
    );
    one(
        &rule(
            "events a = aws.cloudtrail where eventName == \"A\" events b = aws.cloudtrail where eventName == \"B\" \
             group g = a by sourceIPAddress, awsRegion per 5m { n = count } \
             match m = g with b on sourceIPAddress within 1h alert m { }",
        ),
        "group g",
        "a group that is joined must have the keys of the match, and no more",
    );
}

#[test]
fn constructs_wherever_they_stand() {
    assert_eq!(
        refused(&rule(
            "events a = aws.cloudtrail where length(userAgent) > 3 each r in resources where r.accountId != recipientAccountId \
             group g = a by sourceIPAddress per 1h { n = set awsRegion } baseline past = g over 2d \
             alert g where past is present let new = n minus past.n where new is not empty { show new }",
        ))
        .into_iter()
        .map(|(_, at, label)| (at, label))
        .collect::<Vec<_>>(),
        [
            ("length(userAgent)", "a computed value"),
            ("each r in resources", "Sigma has no construct for one row per list element"),
            ("baseline past", "compares each window with the 2d before its end"),
        ]
        .map(|(at, label)| (at.to_owned(), label.to_owned()))
    );
}

#[test]
fn the_way_out_is_the_promise_that_can_be_kept() {
    for (targets, help) in [
        ("", "leave `sigma` out"),
        ("targets native", "leave `sigma` out"),
        (
            "targets sentinel, native, sigma wider",
            "write `targets sentinel, native`",
        ),
        ("targets native wider, sigma", "write `targets native wider`"),
        (
            "targets sigma",
            "leave `targets` out, so that the rule is built where it can be",
        ),
    ] {
        let text = rule(&format!(
            "{targets} events e = aws.cloudtrail where length(userAgent) > 3 alert e {{ }}"
        ));
        assert_eq!(answer(&text).unwrap_err()[0].help, [help], "{targets}");
    }
}

#[test]
fn metadata() {
    let without_id = "rule r \"R\" { severity low events e = aws.cloudtrail where eventName == \"A\" alert e { } }";
    assert_eq!(answer(without_id).unwrap_err()[0].code, Code::MetadataNeeded);
    let long = format!(
        "rule r \"{}\" {{ {} events e = aws.cloudtrail where eventName == \"A\" alert e {{ }} }}",
        "word ".repeat(25),
        super::HEAD
    );
    let findings = answer(&long).unwrap_err();
    assert_eq!(findings[0].code, Code::TextTooLong);
    assert_eq!(findings[0].primary.text, "124 characters, 120 at most");
}

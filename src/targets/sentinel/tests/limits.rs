//! Each limit of the service, on both sides.

use super::*;
use crate::diagnostics::{FileId, Span as Place};
use crate::targets::testing::errors_targets;

fn codes(findings: &[Diagnostic]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code.as_str()).collect()
}

/// The first text compiles, the second is refused with this code, once and with a way out.
fn edge(fits: &str, does_not: &str, code: Code) -> Diagnostic {
    emitted(fits, &scheduled());
    let mut findings = refused(does_not, &scheduled());
    assert_eq!(codes(&findings), [code.as_str()]);
    let finding = findings.remove(0);
    assert!(!finding.help.is_empty(), "{finding:?}");
    finding
}

#[test]
fn ten_entities() {
    let entities = |n: usize| {
        let lines: Vec<String> = (0..n).map(|i| format!("ip requestParameters.ip{i}")).collect();
        on_events(&lines.join("\n"))
    };
    let finding = edge(&entities(10), &entities(11), Code::TooManyEntities);
    assert_eq!(finding.primary.text, "11 entities, 10 at most");
    assert_eq!(
        finding.help,
        ["show the columns of the others instead: `show requestParameters.ip10`"]
    );
}

#[test]
fn twenty_details() {
    let details = |n: usize| {
        let paths: Vec<String> = (0..n).map(|i| format!("requestParameters.d{i}")).collect();
        on_events(&format!("account account show account, {}", paths.join(", ")))
    };
    let finding = edge(&details(20), &details(21), Code::TooManyDetails);
    assert_eq!(finding.primary.text, "21 columns, 20 at most");
}

#[test]
fn a_detail_has_a_name_of_twenty_characters() {
    let shown = |word: &str| on_events(&format!("account account show requestParameters.{word}"));
    let finding = edge(
        &shown("destinationBucketNam"),
        &shown("destinationBucketName"),
        Code::BadDetailName,
    );
    assert_eq!(finding.primary.text, "21 characters, 20 at most");
    let way = "let destinationBucket = requestParameters.destinationBucketName";
    assert_eq!(
        finding.help,
        [format!("name it in the alert: `{way}`, and `show destinationBucket`")]
    );
    emitted(
        &rule(&format!(
            "events e = aws.cloudtrail where eventName == \"X\" alert e {way} {{ account account show destinationBucket }}"
        )),
        &scheduled(),
    );
}

#[test]
fn a_detail_is_named_by_letters() {
    let finding = edge(
        &on_events("account account show requestParameters[\"x 2\"]"),
        &on_events("account account show requestParameters[\"2 x\"]"),
        Code::BadDetailName,
    );
    assert_eq!(
        finding.help,
        ["name it in the alert: `let x = requestParameters[\"2 x\"]`, and `show x`"]
    );
}

#[test]
fn two_details_of_one_name_in_other_letters() {
    let shown = |a: &str, b: &str| {
        rule(&format!(
            "events e = aws.cloudtrail where eventName == \"X\" let {a} = awsRegion let {b} = eventName alert e {{ account account show {a}, {b} }}"
        ))
    };
    let finding = edge(&shown("user", "other"), &shown("user", "User"), Code::BadDetailName);
    assert_eq!(
        finding.help,
        ["name it in the alert: `let user2 = User`, and `show user2`"]
    );
}

#[test]
fn a_key_gets_its_name_where_it_is_a_key() {
    let long = "requestParameters.destinationBucketName";
    let grouped = |key: &str| {
        rule(&format!(
            "events e = aws.cloudtrail where {long} is present group g = e by {key} per 1h {{ n = count }} alert g where n > 1 {{ show n }}"
        ))
    };
    let finding = edge(
        &grouped(&format!("destinationBucket = {long}")),
        &grouped(long),
        Code::BadDetailName,
    );
    assert_eq!(finding.help, [format!("name the key: `by destinationBucket = {long}`")]);
    let named = edge(
        &grouped(&format!("b = {long}")),
        &grouped(&format!("theDestinationBucketName = {long}")),
        Code::BadDetailName,
    );
    assert_eq!(named.help, ["give the key another name: `by theDestination = ..`"]);
    let matched = |key: &str| {
        rule(&format!(
            "events a = aws.cloudtrail where {long} is present let {key} = {long} events b = aws.cloudtrail where eventName == \"Y\" and {long} is present let {key} = {long} \
             match m = a then b on {key} within 1h alert m {{ account b.account }}"
        ))
    };
    let joined = edge(
        &matched("bucket"),
        &matched("theDestinationBucketName"),
        Code::BadDetailName,
    );
    assert_eq!(
        joined.help,
        ["name it in each part, `let theDestination = ..`, and match `on theDestination`"]
    );
}

#[test]
fn three_placeholders() {
    for word in ["title", "message"] {
        let text = |n: usize| on_events(&format!("account account {word} \"{}\"", "{awsRegion} ".repeat(n)));
        let finding = edge(&text(3), &text(4), Code::BadOverride);
        assert_eq!(finding.primary.text, "4 placeholders");
    }
}

#[test]
fn texts_of_an_alert_are_so_long() {
    for (word, most) in [("title", 256), ("message", 5_000)] {
        // `{awsRegion}` is `{{AWSRegion}}`, 13 characters.
        let text = |n: usize| {
            on_events(&format!(
                "account account {word} \"{{awsRegion}}{}\"",
                "x".repeat(n - 13)
            ))
        };
        let finding = edge(&text(most), &text(most + 1), Code::BadOverride);
        assert_eq!(finding.primary.text, format!("{} characters, {most} at most", most + 1));
        // A letter beyond the basic plane is two characters for the service.
        let wide = |n: usize| on_events(&format!("account account {word} \"{}\"", "\u{1F600}".repeat(n)));
        edge(&wide(most / 2), &wide(most / 2 + 1), Code::BadOverride);
    }
}

#[test]
fn braces_that_would_be_a_placeholder() {
    let text = |text: &str| on_events(&format!("account account message \"{text}\""));
    let fine = text("a {{x}} }}{{ {{ {account} }}");
    for broken in [
        "{{{{x}}}}",
        "}}}}",
        "{{{account}",
        "{account}}}",
        "{account}{awsRegion}}}",
    ] {
        let finding = edge(&fine, &text(broken), Code::BadOverride);
        assert_eq!(
            finding.primary.text, "it takes `{{` and `}}` for the ends of one",
            "{broken}"
        );
    }
    let message = value(&emitted(&fine, &scheduled()).text, "alertDetailsOverride");
    assert_eq!(message["alertDescriptionFormat"], "a {x} }{ { {{account}} }");
    edge(&text("x"), &text(""), Code::BadOverride);
    edge(&text("x"), &text(" "), Code::BadOverride);
}

#[test]
fn entities_are_identified_by_one_to_three_texts() {
    let fine =
        on_events("account { fullName: account, upnSuffix: account_upn_suffix, displayName: userIdentity.userName }");
    for (broken, label) in [
        (
            "account { fullName: account, name: account_name, upnSuffix: account_upn_suffix, displayName: userIdentity.userName }",
            "4 of them",
        ),
        (
            "account { upnSuffix: account_upn_suffix }",
            "one of `fullName`, `name`, `sid`, `aadUserId`, `puid`, `objectGuid` is needed",
        ),
        (
            "host { dnsDomain: account, osVersion: account_name }",
            "one of `fullName`, `hostName`, `netBiosName`, `azureID`, `omsAgentID` is needed",
        ),
        ("file { directory: account }", "`name` is needed"),
        (
            "process { elevationToken: account }",
            "one of `commandLine`, `processId` is needed",
        ),
    ] {
        let finding = edge(&fine, &on_events(broken), Code::EntityUnfit);
        assert_eq!(finding.primary.text, label);
    }
}

#[test]
fn identifiers_take_text_and_few_other_types() {
    let on_processes = |items: &str| {
        rule(&format!(
            "events e = linux.process where fileName == \"x\" alert e {{ {items} }}"
        ))
    };
    let fine = on_processes(
        "process { processId: processId, creationTimeUtc: processCreationTime } account { name: accountName, isDomainJoined: is_it }",
    );
    let fine = fine.replace("alert e", "let is_it = accountName == \"x\" alert e");
    emitted(&fine, &scheduled());
    for (items, message) in [
        (
            "ip processId",
            "`processId` is int, and Sentinel takes text for `Address`",
        ),
        (
            "process { commandLine: processCommandLine, elevationToken: processCreationTime }",
            "`processCreationTime` is time, and Sentinel takes text for `ElevationToken`",
        ),
        (
            "process { processId: processId, creationTimeUtc: processId }",
            "`processId` is int, and Sentinel takes text for `CreationTimeUtc`",
        ),
    ] {
        let finding = edge(&fine, &on_processes(items), Code::EntityUnfit);
        assert_eq!(finding.message, message);
    }
    edge(
        &on_events("account requestParameters.n"),
        &rule("events e = aws.cloudtrail let n = length(eventName) / 2 alert e { account n }"),
        Code::EntityUnfit,
    );
}

#[test]
fn every_is_whole_minutes_and_hourly_with_a_long_period() {
    let with = |every: &str, over: &str| {
        format!(
            "rule r \"R\" {{ id \"7b0a4a52-0d2c-5d0e-8f0a-0c6a1f1f3a01\" version 1.0.0 severity low attack T1562.008 every {every} \
             events e = aws.cloudtrail where awsRegion is present group g = e by awsRegion per 5m {{ n = count }} \
             baseline past = g over {over} alert g where past is missing {{ show n }} }}"
        )
    };
    // A run reads `every`, `over`, and five minutes of delay.
    let finding = edge(&with("55m", "1d22h55m"), &with("55m", "1d23h"), Code::FrequencyTooShort);
    assert_eq!(finding.primary.text, "a run reads 2d");
    edge(&with("1h", "10d"), &with("55m", "10d"), Code::FrequencyTooShort);
    let seconds = edge(&with("6m", "1d"), &with("5m30s", "1d"), Code::FrequencyTooShort);
    assert_eq!(seconds.help, ["write `every 6m`"]);
    let both = refused(&with("5m", "14d"), &scheduled());
    assert_eq!(codes(&both), ["T102", "T104"]);
}

#[test]
fn near_real_time_is_for_single_events() {
    let mut settings = near_real_time();
    let place = Place {
        file: FileId(7),
        start: 1,
        end: 2,
    };
    settings.places.insert("sentinel.kind".to_owned(), place);
    emitted(&on_events("account account"), &settings);
    let events = "events e = aws.cloudtrail where awsRegion is present events f = aws.cloudtrail where awsRegion is present and errorCode is present";
    let group = "group g = e by awsRegion per 1h { n = count }";
    for body in [
        format!("{events} {group} alert g where n > 3 {{ show n }}"),
        format!("{events} {group} baseline past = g over 2d alert g where past is missing {{ show n }}"),
        format!("{events} match m = e then f on awsRegion within 1h alert m {{ account e.account }}"),
        format!("{events} match m = e without f on awsRegion within 1h alert m {{ account e.account }}"),
    ] {
        // Whatever else is unused in this body is no matter of this test.
        let body = if body.contains(" match ") {
            body
        } else {
            body.replace(events, events.split(" events f").next().unwrap())
        };
        let findings = refused(&rule(&body), &settings);
        assert_eq!(codes(&findings), ["T105"], "{body}");
        assert!(
            findings[0].secondary.iter().any(|label| label.span == place),
            "{findings:?}"
        );
        assert_eq!(
            findings[0].help,
            ["let it run as scheduled: `sentinel.kind = \"scheduled\"` under `[rule.r]`"]
        );
        emitted(&rule(&body), &scheduled());
    }
    let rules = compiled(&on_events("account account"));
    for (hours, fits) in [(11, true), (12, false)] {
        let late = cloudtrail("\ndelay: 5m", &format!("\ndelay: {hours}h"));
        assert_eq!(emit(&rules.plans[0], &late, &settings).is_ok(), fits);
    }
}

#[test]
fn names_and_descriptions_are_so_long() {
    let titled = |n: usize| on_events("account account").replace("New keys", &"x".repeat(n));
    let finding = edge(&titled(256), &titled(257), Code::TextTooLong);
    assert_eq!(finding.primary.text, "257 characters, 256 at most");
    // The name has no final period.
    edge(
        &on_events("account account").replace("New keys", &format!("{}.", "x".repeat(256))),
        &titled(257),
        Code::TextTooLong,
    );
    let about = |n: usize| {
        let text = format!("Detects {}", "x".repeat(n));
        on_events("account account").replace(
            "every 1h",
            &format!("every 1h about \"{text}\n\nMore.\"").replace('\n', "\\n"),
        )
    };
    // `Identifies `, and a period.
    let finding = edge(&about(5_000 - 12), &about(5_000 - 11), Code::TextTooLong);
    assert_eq!(finding.primary.text, "5001 characters, 5000 at most");
}

#[test]
fn what_is_missing_is_asked_for() {
    let without = |key: &str| on_events("account account").replace(key, "");
    let fine = on_events("account account");
    let id = edge(
        &fine,
        &without("id \"7b0a4a52-0d2c-5d0e-8f0a-0c6a1f1f3a01\""),
        Code::MetadataNeeded,
    );
    assert!(id.help[0].contains("`id \""), "{:?}", id.help);
    let version = edge(&fine, &without("version 1.2.3"), Code::MetadataNeeded);
    assert!(version.help[0].contains("`version 1.0.0`"), "{:?}", version.help);
}

#[test]
fn all_refusals_of_a_rule_come_together() {
    let rule = format!(
        "rule r \"{}\" {{ severity low every 5m30s events e = aws.cloudtrail where 1.5 in requestParameters.x \
         alert e {{ title \"{{{{{{account}}}}}}\" host {{ osVersion: account }} show requestParameters.destinationBucketName }} }}",
        "x".repeat(257)
    );
    let mut found = codes(&refused(&rule, &scheduled()));
    found.sort_unstable();
    assert_eq!(found, ["T101", "T104", "T108", "T109", "T110", "T111", "T112"]);
}

#[test]
fn the_mistakes_are_found() {
    let mut seen = BTreeSet::new();
    for (name, text) in errors_targets() {
        let code = match name.as_str() {
            "every_shorter_than_an_hour" | "every_with_seconds" => Code::FrequencyTooShort,
            "nrt_on_a_group" => Code::NrtUnfit,
            "too_many_entities" => Code::TooManyEntities,
            "too_many_details" => Code::TooManyDetails,
            "detail_named_by_a_number" | "detail_with_a_long_name" | "key_with_a_long_name" => Code::BadDetailName,
            "braces_in_a_title" | "too_many_placeholders" => Code::BadOverride,
            "entity_that_is_a_number" | "entity_that_nothing_identifies" | "entity_with_four_identifiers" => {
                Code::EntityUnfit
            }
            "rule_without_a_version" => Code::MetadataNeeded,
            "title_that_goes_on" => Code::TextTooLong,
            // Of other targets.
            _ => continue,
        };
        let settings = if code == Code::NrtUnfit {
            near_real_time()
        } else {
            scheduled()
        };
        let rules = compiled(&text);
        let findings = answer(&rules, &settings).unwrap_err();
        assert_eq!(codes(&findings), [code.as_str()], "{name}");
        seen.insert(code);
    }
    assert_eq!(seen.len(), 9, "{seen:?}");
}

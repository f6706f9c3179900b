//! Each row of the language's tables of operators and functions, by the condition that it becomes; the constructs by
//! whole texts.

use super::*;
use crate::compile::{self, Files};
use crate::diagnostics::has_errors;
use std::path::Path;

/// The query of the one rule in a text.
fn query(text: &str) -> Result<Query, Vec<Diagnostic>> {
    let catalog = Catalog::builtin().unwrap();
    let mut files = Files::default();
    files.add(Path::new("rule.trip"), text.as_bytes());
    let world = files.world(&catalog).unwrap();
    let mut findings = std::mem::take(&mut files.findings);
    let compiled = compile::compile(&files.trees, &world, &mut findings);
    assert!(!has_errors(&findings), "{findings:#?}");
    emit(&compiled[0].plan, &catalog)
}

fn emitted(text: &str) -> String {
    query(text).unwrap().text
}

const HEAD: &str = "severity low attack T1059 every 1h";

/// The text of a rule on CloudTrail with these steps, and what its query says between table and projection.
fn steps(steps: &str) -> String {
    let text = emitted(&format!(
        "rule r \"R\" {{ {HEAD} events e = aws.cloudtrail {steps} alert e {{ message \"m\" account userIdentity.arn }} }}"
    ));
    assert!(text.is_ascii(), "{text}");
    let lines = text.lines().skip_while(|line| *line != "AWSCloudTrail").skip(1);
    let lines = lines.take_while(|line| !line.starts_with("| project"));
    lines.collect::<Vec<_>>().join("\n")
}

fn condition(text: &str) -> String {
    let steps = steps(&format!("where {text}"));
    let words: Vec<&str> = steps.split_whitespace().collect();
    words.join(" ").replacen("| where ", "", 1)
}

#[test]
fn operators_on_columns() {
    for (rule, kql) in [
        (r#"errorCode == "X""#, r#"ErrorCode == "X""#),
        (r#"errorCode != "X""#, r#"ErrorCode != "X""#),
        (r#"errorCode =~ "x""#, r#"ErrorCode =~ "x""#),
        (r#"errorCode !~ "x""#, r#"ErrorCode !~ "x""#),
        (r#"errorCode in ["a", "b"]"#, r#"ErrorCode in ("a", "b")"#),
        (r#"not errorCode in ["a", "b"]"#, r#"ErrorCode !in ("a", "b")"#),
        (r#"errorCode in~ ["a"]"#, r#"ErrorCode in~ ("a")"#),
        ("errorCode is missing", "isempty(ErrorCode)"),
        ("errorCode is present", "isnotempty(ErrorCode)"),
        ("not errorCode is present", "isempty(ErrorCode)"),
        (
            "errorCode == errorMessage",
            "isnotempty(ErrorCode) and ErrorCode == ErrorMessage",
        ),
        (
            "errorCode != errorMessage",
            "isempty(ErrorCode) or ErrorCode != ErrorMessage",
        ),
        (
            "errorCode is present and errorCode != errorMessage",
            "isnotempty(ErrorCode) and ErrorCode != ErrorMessage",
        ),
        ("readOnly", "ReadOnly == true"),
        ("not readOnly", "ReadOnly != true"),
        ("readOnly == false", "ReadOnly == false"),
        (
            "readOnly != managementEvent",
            "isnull(ReadOnly) or ReadOnly != ManagementEvent",
        ),
        ("readOnly is missing", "isnull(ReadOnly)"),
        (
            "userIdentity.sessionContext.attributes.creationDate < eventTime",
            "SessionCreationDate < TimeGenerated",
        ),
        (
            "not userIdentity.sessionContext.attributes.creationDate < eventTime",
            "not(coalesce(SessionCreationDate < TimeGenerated, false))",
        ),
        (r#"userAgent contains "x""#, r#"UserAgent contains "x""#),
        (r#"not userAgent contains "x""#, r#"UserAgent !contains "x""#),
        (r#"userAgent starts with "x""#, r#"UserAgent startswith "x""#),
        (r#"userAgent ends with "x""#, r#"UserAgent endswith "x""#),
        (r#"userAgent has "x""#, r#"UserAgent has "x""#),
        (r#"userAgent has any ["x", "y"]"#, r#"UserAgent has_any ("x", "y")"#),
        (r#"not userAgent has any ["x"]"#, r#"not(UserAgent has_any ("x"))"#),
        (r"userAgent matches /a\/b/i", r#"UserAgent matches regex @"(?i)a/b""#),
        (
            "userAgent matches /a*/",
            r#"isnotempty(UserAgent) and UserAgent matches regex @"a*""#,
        ),
        (
            "sourceIPAddress is address",
            r#"isnotempty(parse_ipv6(SourceIpAddress)) and SourceIpAddress !contains "/""#,
        ),
        (
            r#"sourceIPAddress in cidr "10.0.0.0/8""#,
            r#"SourceIpAddress !contains "/" and coalesce(ipv4_is_in_range(SourceIpAddress, "10.0.0.0/8"), false)"#,
        ),
        (
            r#"not sourceIPAddress in cidr "2001:db8::/32""#,
            r#"not(SourceIpAddress contains ":" and SourceIpAddress !contains "/" and coalesce(ipv6_is_in_range(SourceIpAddress, "2001:db8::/32"), false))"#,
        ),
        (
            r#"(errorCode ?? errorMessage) == "x""#,
            r#"coalesce(ErrorCode, ErrorMessage) == "x""#,
        ),
        (
            r#"userAgent == "a\"b\\c\n${x}{{y}}é""#,
            r#"UserAgent == "a\"b\\c\n${x}{{y}}\u00e9""#,
        ),
    ] {
        assert_eq!(condition(rule), kql, "{rule}");
    }
}

#[test]
fn operators_on_json() {
    let t = "tostring(parse_json(RequestParameters).x)";
    for (rule, kql) in [
        (r#"requestParameters.x == "l""#, format!(r#"{t} == "l""#)),
        (r#"requestParameters.x != "l""#, format!(r#"{t} != "l""#)),
        ("requestParameters.x == true", format!(r#"{t} =~ "true""#)),
        ("not requestParameters.x", format!(r#"{t} !~ "true""#)),
        ("requestParameters.x == 5", format!("toreal({t}) == 5")),
        ("requestParameters.x != 5", format!("toreal({t}) != 5")),
        ("requestParameters.x > 5", format!("toreal({t}) > 5")),
        (
            "not requestParameters.x > 5",
            format!("not(coalesce(toreal({t}) > 5, false))"),
        ),
        ("requestParameters.x in [1, 2]", format!("toreal({t}) in (1, 2)")),
        (r#"requestParameters.x in ["a"]"#, format!(r#"{t} in ("a")"#)),
        (r#"requestParameters.x contains "a""#, format!(r#"{t} contains "a""#)),
        ("requestParameters.x is present", format!("isnotempty({t})")),
        (
            "requestParameters is present",
            "isnotempty(RequestParameters)".to_owned(),
        ),
        (
            r#"requestParameters contains "abc""#,
            r#"RequestParameters contains "abc""#.to_owned(),
        ),
        (
            r#"requestParameters.in["a b"][-1].x == "l""#,
            r#"tostring(parse_json(RequestParameters)["in"]["a b"][-1].x) == "l""#.to_owned(),
        ),
        ("requestParameters.x / 2 > 4", format!("toreal({t}) / 2 > 4")),
        (
            r#"lower(requestParameters.x) == "a""#,
            format!(r#"tolower({t}) == "a""#),
        ),
        ("length(requestParameters.x) > 3", format!("strlen({t}) > 3")),
        (
            "json(requestParameters.x) is present",
            format!(r#"gettype(parse_json({t})) in ("array", "dictionary")"#),
        ),
        (
            r#"json(requestParameters.x).Effect == "Allow""#,
            format!(r#"tostring(parse_json({t}).Effect) == "Allow""#),
        ),
        (
            r#"split(requestParameters.x, "/")[-1] == "a""#,
            format!(r#"tostring(split({t}, "/")[-1]) == "a""#),
        ),
        (
            r"capture(requestParameters.x, /a(.)/) == 'b'"
                .replace('\'', "\"")
                .as_str(),
            format!(r#"extract(@"a(.)", 1, {t}) == "b""#),
        ),
    ] {
        assert_eq!(condition(rule), kql, "{rule}");
    }
}

#[test]
fn lists_and_functions() {
    let x = r#"iff(gettype(x) == "array", x, pack_array(x))"#;
    let head = "| extend request = parse_json(RequestParameters) | extend x = request.x | where ";
    for (rule, kql) in [
        (r#""*" in requestParameters.x"#, format!(r#"set_has_element({x}, "*")"#)),
        (
            "5 in requestParameters.x",
            format!(r#"set_has_element({x}, 5) or set_has_element({x}, "5")"#),
        ),
        (
            "size(requestParameters.x) > 1",
            r#"case(isempty(tostring(x)), 0, gettype(x) == "array", array_length(x), 1) > 1"#.to_owned(),
        ),
        (
            "requestParameters.x is empty",
            "isempty(tostring(x)) or array_length(x) == 0".to_owned(),
        ),
        (
            "requestParameters.x is not empty",
            "isnotempty(tostring(x)) and array_length(x) != 0".to_owned(),
        ),
    ] {
        let all = steps(&format!("where {rule}"));
        let words: Vec<&str> = all.split_whitespace().collect();
        assert_eq!(words.join(" "), format!("{head}{kql}"), "{rule}");
    }
    assert_eq!(
        condition(r#"before(userAgent, "/") == "a" and after(userAgent, "//") == "b""#),
        r#"iff(UserAgent contains_cs "/", substring(UserAgent, 0, indexof(UserAgent, "/")), "") == "a" and iff(UserAgent contains_cs "//", substring(UserAgent, indexof(UserAgent, "//") + 2), "") == "b""#
    );
}

#[test]
fn what_kql_cannot_say_is_refused() {
    for (condition, reason) in [
        (
            r#"userAgent contains "É""#,
            "it is not settled how KQL compares letters beyond ASCII without their case",
        ),
        (
            "1.5 in requestParameters.x",
            "KQL finds texts and whole numbers in a JSON list, not truth values or fractions",
        ),
    ] {
        let text = format!(
            "rule r \"R\" {{ {HEAD} events e = aws.cloudtrail where {condition} alert e {{ message \"m\" account userIdentity.arn }} }}"
        );
        let refusals = query(&text).unwrap_err();
        assert_eq!(refusals[0].code, Code::KqlRefused);
        assert_eq!(refusals[0].primary.text, reason);
        assert!(!refusals[0].help.is_empty());
    }
}

#[test]
fn a_history_that_does_not_fit_says_which_one_would() {
    let rule = |over: &str| {
        format!(
            "rule r \"R\" {{ {HEAD} events e = aws.cloudtrail where userIdentity.arn is present \
             group g = e by user = userIdentity.arn per 1h {{ n = count }} baseline past = g over {over} \
             alert g where past is missing {{ message \"m\" account user }} }}"
        )
    };
    let refusal = query(&rule("14d")).unwrap_err();
    assert_eq!(refusal[0].code, Code::PeriodTooLong);
    assert_eq!(
        refusal[0].help,
        ["shorten the history to `over 13d`, or shorten `every`"]
    );
    let fits = query(&rule("13d")).unwrap();
    assert_eq!(fits.period.to_string(), "13d1h5m");
    assert_eq!((fits.delay, fits.frequency), (Span::minutes(5), Span::hours(1)));
}

#[test]
fn a_query_that_is_too_long_is_refused() {
    let words: Vec<String> = (0..1200).map(|n| format!("\"word-{n:04}\"")).collect();
    let text = format!(
        "list words = [{}] rule r \"R\" {{ {HEAD} events e = aws.cloudtrail where eventName in words alert e {{ message \"m\" account userIdentity.arn }} }}",
        words.join(", ")
    );
    let refusal = query(&text).unwrap_err();
    assert_eq!(refusal[0].code, Code::QueryTooLong);
    assert_eq!(
        refusal[0].help,
        ["let the workspace keep the long list: `list words = watchlist \"words\" column \"Item\"`"]
    );
}

#[test]
fn single_events_need_no_clock() {
    let query = query(&format!(
        "list admins = [\"arn:x\"] rule r \"Título – “x”\" {{ {HEAD} about \"Two words.\" events e = aws.cloudtrail \
         where eventName == \"StopLogging\" except \"the pipeline\" where userIdentity.arn in admins \
         alert e {{ message \"{{requestParameters.name}}\" account userIdentity.arn show awsRegion }} }}"
    ))
    .unwrap();
    insta::assert_snapshot!(query.text, @r#"
    // Titulo - "x"
    // Two words.
    let admins = dynamic(["arn:x"]);
    AWSCloudTrail
    | where EventName == "StopLogging"
    // Excluded: the pipeline
    | where UserIdentityArn !in (admins)
    | project TimeGenerated, StartTime = TimeGenerated, EndTime = TimeGenerated, AWSRegion, UserIdentityArn,
        requestParameters_name = tostring(parse_json(RequestParameters).name)
    "#);
    assert_eq!(
        (query.delay, query.period, query.frequency),
        (Span(0), Span::hours(1), Span::hours(1))
    );
    assert_eq!(query.tables, ["AWSCloudTrail"]);
    let columns: Vec<_> = query.columns.iter().map(|c| (c.name.as_str(), c.output)).collect();
    assert_eq!(
        columns,
        [
            ("TimeGenerated", None),
            ("StartTime", None),
            ("EndTime", None),
            ("AWSRegion", Some(0)),
            ("UserIdentityArn", Some(1)),
            ("requestParameters_name", Some(2)),
        ]
    );
}

#[test]
fn two_sources_are_brought_together_by_union() {
    let text = emitted(&format!(
        "rule r \"R\" {{ {HEAD} \
         events made = aws.cloudtrail where eventName == \"CreateUser\" and userIdentity.arn is present let who = userIdentity.arn \
         events other = azure.activity where caller is present let who = caller \
         group hour = made, other by who per 1h {{ n = count made  bad = count other where level == \"Error\"  ops = set other.operationNameValue }} \
         alert hour where n > 0 {{ message \"m\" account who show bad, ops }} }}"
    ));
    insta::assert_snapshot!(text);
}

#[test]
fn names_that_kql_or_the_query_needs() {
    let text = emitted(&format!(
        "value window = 5 rule r \"R\" {{ {HEAD} \
         events startTime = aws.cloudtrail where requestParameters.window is present let title = requestParameters.window \
         let kind = awsRegion where kind is present \
         group set_ = startTime by title, kind per 1h {{ runEnd = count  EventName = set userAgent }} \
         alert set_ where runEnd > window {{ message \"m\" account title show kind, runEnd, EventName }} }}"
    ));
    insta::assert_snapshot!(text);
}

#[test]
fn a_template_of_ones_own_frames_the_query() {
    let catalog = Catalog::builtin().unwrap();
    let mut files = Files::default();
    let rule = format!(
        "rule r \"R\" {{ {HEAD} events e = aws.cloudtrail where eventName == \"X\" alert e {{ message \"m\" account userIdentity.arn }} }}"
    );
    files.add(Path::new("rule.trip"), rule.as_bytes());
    let world = files.world(&catalog).unwrap();
    let mut findings = Vec::new();
    let compiled = compile::compile(&files.trees, &world, &mut findings);
    let plan = &compiled[0].plan;
    let own = emit_with(plan, &catalog, "// ours\n{{ body }}\n").unwrap();
    assert!(
        own.text
            .starts_with("// ours\nAWSCloudTrail\n| where EventName == \"X\"\n")
    );
    let wrong = emit_with(plan, &catalog, "{{ nothing }}").unwrap_err();
    assert!(wrong[0].message.contains("cannot be filled"), "{wrong:?}");
}

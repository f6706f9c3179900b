//! Each row of the language's table of tests, by the detection that it becomes.

use super::{detection, emitted, on_events};

/// The detection of one condition, without the `condition: selection` that most have.
fn condition(text: &str) -> String {
    let whole = detection(&format!("where {text}"));
    let plain = whole.strip_suffix(" condition: selection").map(str::to_owned);
    plain.unwrap_or(whole)
}

/// What stands for a test under `not`.
fn filter(name: &str, text: &str) -> String {
    format!("filter_main_{name}: {text} condition: not 1 of filter_main_*")
}

#[test]
fn texts() {
    for (rule, sigma) in [
        (r#"errorCode == "X""#, "selection: errorCode|cased: 'X'".to_owned()),
        (r#""X" == errorCode"#, "selection: errorCode|cased: 'X'".to_owned()),
        (r#"errorCode != "X""#, filter("errorcode", "errorCode|cased: 'X'")),
        (r#"errorCode =~ "x""#, "selection: errorCode: 'x'".to_owned()),
        (r#"errorCode !~ "x""#, filter("errorcode", "errorCode: 'x'")),
        (r#"errorCode in ["a", "b"]"#, "selection: errorCode|cased: - 'a' - 'b'".to_owned()),
        (r#"not errorCode in ["a"]"#, filter("errorcode", "errorCode|cased: 'a'")),
        (r#"errorCode in~ ["a", "A", "b"]"#, "selection: errorCode: - 'a' - 'b'".to_owned()),
        (r#"errorCode == "a" or errorCode == "b""#, "selection: errorCode|cased: - 'a' - 'b'".to_owned()),
        (r#"errorCode in ["a*", "b", "5"]"#, r"selection: - errorCode|cased: 'b' - errorCode|re: - '^a\*$' - '^5$'".to_owned()),
        (r#"errorCode =~ "a*""#, r"selection: errorCode|re|i: '^a\*$'".to_owned()),
        (r#"userAgent contains "x""#, "selection: userAgent|contains: 'x'".to_owned()),
        (r#"not userAgent contains "x""#, filter("useragent", "userAgent|contains: 'x'")),
        (r#"userAgent starts with "x""#, "selection: userAgent|startswith: 'x'".to_owned()),
        (r#"userAgent ends with "x""#, "selection: userAgent|endswith: 'x'".to_owned()),
        (r#"userAgent contains "x?""#, r"selection: userAgent|re|i: 'x\?'".to_owned()),
        (r#"userAgent starts with "x?""#, r"selection: userAgent|re|i: '^x\?'".to_owned()),
        (r#"userAgent ends with "x?""#, r"selection: userAgent|re|i: 'x\?$'".to_owned()),
        (r#"userAgent contains "443""#, "selection: userAgent|contains: '443'".to_owned()),
        (
            r#"userAgent has "aws-cli""#,
            "selection: userAgent|re|i: '(^|[^0-9A-Za-z])aws-cli($|[^0-9A-Za-z])'".to_owned(),
        ),
        (
            r#"userAgent has any ["x.y", "z"]"#,
            r"selection: userAgent|re|i: - '(^|[^0-9A-Za-z])x\.y($|[^0-9A-Za-z])' - '(^|[^0-9A-Za-z])z($|[^0-9A-Za-z])'".to_owned(),
        ),
        (r#"lower(userAgent) == "x""#, "selection: userAgent: 'x'".to_owned()),
        (r#"upper(userAgent) in ["X", "Y"]"#, "selection: userAgent: - 'X' - 'Y'".to_owned()),
        (r#"lower(userAgent) contains "x""#, "selection: userAgent|contains: 'x'".to_owned()),
        ("lower(userAgent) is missing", "selection: - userAgent: null - userAgent: ''".to_owned()),
    ] {
        assert_eq!(condition(rule), sigma, "{rule}");
    }
}

#[test]
fn patterns() {
    for (rule, sigma) in [
        (
            r"userAgent matches /^aws-cli\/[12]\./",
            r"selection: userAgent|re: '^aws-cli/[12]\.'",
        ),
        (r"userAgent matches /a\/b/i", r"selection: userAgent|re|i: 'a/b'"),
        (
            r"userAgent matches /(?:a|b)+?(?P<x>c)\d{2,}/",
            r"selection: userAgent|re: '(a|b)+(c)\d{2,}'",
        ),
        (r"userAgent matches /[\w.-]\b/", r"selection: userAgent|re: '[\w.\-]\b'"),
        (
            r"userAgent matches /[^\]\[&~]\t\x41/",
            r"selection: userAgent|re: '[^\]\[\&\~]\tA'",
        ),
        (
            r"userAgent matches /(a+)*$/",
            r"selection: userAgent|re: '(a+)*$' filter_main_no_useragent: - userAgent: null - userAgent: '' condition: selection and not 1 of filter_main_*",
        ),
    ] {
        assert_eq!(condition(rule), sigma, "{rule}");
    }
}

#[test]
fn missing_values_and_fields() {
    let missing = "- errorCode: null - errorCode: ''";
    for (rule, sigma) in [
        ("errorCode is missing", format!("selection: {missing}")),
        ("errorCode is present", filter("no_errorcode", missing)),
        ("not errorCode is present", format!("selection: {missing}")),
        (
            "errorCode == errorMessage",
            format!("selection: errorCode|cased|fieldref: 'errorMessage' filter_main_no_errorcode: {missing} condition: selection and not 1 of filter_main_*"),
        ),
        (
            "errorCode != errorMessage",
            format!("part_errorcode: errorCode|cased|fieldref: 'errorMessage' part_no_errorcode: {missing} condition: not (part_errorcode and not part_no_errorcode)"),
        ),
        (
            "errorCode =~ errorMessage",
            format!("selection: errorCode|fieldref: 'errorMessage' filter_main_no_errorcode: {missing} condition: selection and not 1 of filter_main_*"),
        ),
        (
            "readOnly == managementEvent",
            "selection: readOnly|fieldref: 'managementEvent' filter_main_no_readonly: - readOnly: null - readOnly: '' condition: selection and not 1 of filter_main_*".to_owned(),
        ),
    ] {
        assert_eq!(condition(rule), sigma, "{rule}");
    }
}

#[test]
fn truth_values_and_numbers() {
    for (rule, sigma) in [
        ("readOnly", "selection: readOnly: true".to_owned()),
        ("not readOnly", filter("readonly", "readOnly: true")),
        ("readOnly == false", "selection: readOnly: false".to_owned()),
        (
            "userIdentity.sessionContext.attributes.mfaAuthenticated",
            "selection: userIdentity.sessionContext.attributes.mfaAuthenticated: 'true'".to_owned(),
        ),
        (
            "requestParameters.x",
            "selection: requestParameters.x: 'true'".to_owned(),
        ),
        (
            "requestParameters.x == false",
            "selection: requestParameters.x: 'false'".to_owned(),
        ),
        (
            "requestParameters.x in [true, false]",
            "selection: requestParameters.x: - 'true' - 'false'".to_owned(),
        ),
        (
            "requestParameters.x == 5",
            "selection: requestParameters.x: 5".to_owned(),
        ),
        (
            "requestParameters.x == 5.0",
            "selection: requestParameters.x: 5".to_owned(),
        ),
        ("requestParameters.x != 5.5", filter("x", "requestParameters.x: 5.5")),
        (
            "requestParameters.x in [1, 2]",
            "selection: requestParameters.x: - 1 - 2".to_owned(),
        ),
        (
            "requestParameters.x > 5",
            "selection: requestParameters.x|gt: 5".to_owned(),
        ),
        (
            "5 > requestParameters.x",
            "selection: requestParameters.x|lt: 5".to_owned(),
        ),
        (
            "requestParameters.x >= -1",
            "selection: requestParameters.x|gte: -1".to_owned(),
        ),
        (
            "requestParameters.x < 0.5",
            "selection: requestParameters.x|lt: 0.5".to_owned(),
        ),
        (
            "not requestParameters.x <= 5",
            filter("x", "requestParameters.x|lte: 5"),
        ),
    ] {
        assert_eq!(condition(rule), sigma, "{rule}");
    }
}

#[test]
fn json_and_addresses() {
    for (rule, sigma) in [
        (
            r#"requestParameters["a-b"].c == "x""#,
            "selection: requestParameters.a-b.c|cased: 'x'",
        ),
        (
            r#"requestParameters contains "x""#,
            "selection: requestParameters|contains: 'x'",
        ),
        (
            "requestParameters is missing",
            "selection: - requestParameters: null - requestParameters: ''",
        ),
        (
            "sourceIPAddress is address",
            "selection: sourceIPAddress|cidr: - '0.0.0.0/0' - '::/0'",
        ),
        (
            r#"sourceIPAddress in cidr "10.1.2.3/8""#,
            "selection: sourceIPAddress|cidr: '10.0.0.0/8'",
        ),
        (
            r#"sourceIPAddress in cidr ["10.0.0.0/8", "2001:db8::/32"]"#,
            "selection: sourceIPAddress|cidr: - '10.0.0.0/8' - '2001:db8::/32'",
        ),
    ] {
        assert_eq!(condition(rule), sigma, "{rule}");
    }
}

#[test]
fn sections_of_a_detection() {
    for (steps, sigma) in [
        // Different keys share a map; equal ones, and missing values, have sections of their own.
        (
            r#"where eventName == "A" and userAgent contains "x" and userAgent contains "y" and errorCode is missing"#,
            "selection: eventName|cased: 'A' userAgent|contains: 'x' selection_useragent: userAgent|contains: 'y' \
             selection_no_errorcode: - errorCode: null - errorCode: '' condition: all of selection*",
        ),
        (
            r#"where eventName == "A" or userAgent contains "x" and errorCode == "e""#,
            "selection: - eventName|cased: 'A' - userAgent|contains: 'x' errorCode|cased: 'e' condition: selection",
        ),
        (
            r#"where eventName == "A" except "the pipeline" where userAgent contains "x" and errorCode == "e"
               except "Our scanner (nightly)" where userAgent contains "y" or errorCode == "f""#,
            "selection: eventName|cased: 'A' filter_main_the_pipeline: userAgent|contains: 'x' errorCode|cased: 'e' \
             filter_main_our_scanner_nightly: - userAgent|contains: 'y' - errorCode|cased: 'f' \
             condition: selection and not 1 of filter_main_*",
        ),
        // Neither a section nor a filter: named parts and brackets.
        (
            r#"where eventName == "A" and (errorCode != "e" or userAgent contains "x" and not readOnly)"#,
            "selection: eventName|cased: 'A' part_errorcode: errorCode|cased: 'e' part_useragent: userAgent|contains: 'x' \
             part_readonly: readOnly: true condition: selection and (not part_errorcode or (part_useragent and not part_readonly))",
        ),
        (
            r#"where eventName == "A" except "known" where userAgent contains "x" and not readOnly"#,
            "selection: eventName|cased: 'A' part_known_useragent: userAgent|contains: 'x' part_known_readonly: readOnly: true \
             condition: selection and not (part_known_useragent and not part_known_readonly)",
        ),
        (
            r#"where if(eventName == "A", errorCode == "a", errorCode == "b")"#,
            "part_eventname_and_errorcode: eventName|cased: 'A' errorCode|cased: 'a' part_errorcode: errorCode|cased: 'b' \
             part_eventname: eventName|cased: 'A' \
             condition: part_eventname_and_errorcode or (part_errorcode and not part_eventname)",
        ),
        // Names are unique.
        (
            r#"where eventName == "A" where userIdentity.userName != "a" where requestParameters.userName != "b""#,
            "selection: eventName|cased: 'A' filter_main_username: userIdentity.userName|cased: 'a' \
             filter_main_username_2: requestParameters.userName|cased: 'b' condition: selection and not 1 of filter_main_*",
        ),
        // A `let` that renames, and one that is a condition, are what they say; an empty list under `except` is nothing.
        (
            r#"let name = requestParameters.userName let bad = errorCode == "X" where name == "a" and bad
               except "none yet" where name in []"#,
            "selection: requestParameters.userName|cased: 'a' errorCode|cased: 'X' condition: selection",
        ),
        (
            r#"where eventName == "StopLogging" and success"#,
            "selection: eventName|cased: 'StopLogging' selection_no_errorcode: - errorCode: null - errorCode: '' \
             selection_no_errormessage: - errorMessage: null - errorMessage: '' condition: all of selection*",
        ),
        (
            r#"where eventName == "ConsoleLogin" and success"#,
            "selection: eventName|cased: 'ConsoleLogin' responseElements.ConsoleLogin|cased: 'Success' condition: selection",
        ),
    ] {
        assert_eq!(detection(steps), sigma.replace("             ", ""), "{steps}");
    }
}

#[test]
fn constants_stand_where_they_are_used() {
    let file = emitted(&format!(
        "list names = [\"a\", \"b\"] value most = 5 value agent = \"x\" {}",
        on_events("where eventName in names and requestParameters.n > most and userAgent == agent")
    ));
    assert_eq!(
        super::section(&file.text, "detection"),
        "selection: eventName|cased: - 'a' - 'b' requestParameters.n|gt: 5 userAgent|cased: 'x' condition: selection"
    );
}

#[test]
fn names_of_other_sources() {
    let rule = |source: &str, steps: &str| super::rule(&format!("events e = {source} {steps} alert e {{ }}"));
    let file = emitted(&rule(
        "azure.activity",
        r#"where operationNameValue =~ "x" and authorization.action == "y""#,
    ))
    .text;
    assert_eq!(
        super::section(&file, "logsource"),
        "product: azure service: activitylogs"
    );
    assert_eq!(
        super::section(&file, "detection"),
        "selection: operationName: 'x' Authorization.action|cased: 'y' condition: selection"
    );
    // The source's own condition stays.
    let file = emitted(&rule("linux.process", r#"where processCommandLine contains "curl""#)).text;
    assert_eq!(
        super::section(&file, "logsource"),
        "product: linux category: process_creation"
    );
    assert_eq!(
        super::section(&file, "detection"),
        r"selection: CommandLine|contains: 'curl' filter_main_image: Image|contains: '\\' condition: selection and not 1 of filter_main_*"
    );
}

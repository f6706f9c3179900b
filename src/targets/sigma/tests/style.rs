//! Metadata in the way of SigmaHQ.

use super::super::metadata::{part_title, title};
use super::{HEAD, emitted, rule, section};

#[test]
fn titles() {
    for (written, printed) in [
        ("Many refused calls by one caller", "Many Refused Calls by One Caller"),
        ("the root user and a key", "The Root User and a Key"),
        ("Detects a login from AWS CloudShell.", "A Login from AWS CloudShell"),
        ("CloudTrail logging stopped", "CloudTrail Logging Stopped"),
        ("a file in /etc/cron.d, s3 and ec2", "A File in /etc/cron.d, S3 and Ec2"),
        ("3 calls (of many) to \"iam\"", "3 Calls (Of Many) to \"Iam\""),
        ("x  y", "X Y"),
    ] {
        assert_eq!(title(written), printed);
    }
    assert_eq!(part_title("A Key Made", "new_key"), "A Key Made - New Key");
    let long = part_title(&"Word ".repeat(40), "new_key");
    assert!(
        long.chars().count() <= 120 && long.ends_with("Word - New Key"),
        "{long}"
    );
}

#[test]
fn a_whole_rule() {
    let file = emitted(
        "rule trail_stopped \"CloudTrail logging stopped or deleted\" { \
         id \"77c72306-d717-5ea8-8a51-6652639f226d\" version 1.0.0 status test author \"Blue team\" severity high \
         attack T1562.008, T1078.004 (InitialAccess, Persistence) every 1h \
         about \"\"\"\n  A trail stops. See https://example.com/why for more. It is seldom planned.\n\n  Second paragraph.\n\"\"\" \
         references \"https://example.com/a\", \"https://attack.mitre.org/techniques/T1562/008/\", \"https://example.com/a\" \
         falsepositive \"planned changes: ask first\" falsepositive \"A pentest\" falsepositive \"none\" \
         events stop = aws.cloudtrail where eventSource == \"cloudtrail.amazonaws.com\" and eventName in [\"StopLogging\", \"DeleteTrail\"] \
         and success except \"the pipeline\" where userIdentity.arn == \"arn:aws:iam::111111111111:role/deployer\" \
         alert stop { account userIdentity.arn } }",
    );
    insta::assert_snapshot!(file.text);
    let notes: Vec<String> = file
        .notes
        .iter()
        .map(|note| format!("{}: {}", note.construct, note.text))
        .collect();
    assert_eq!(
        notes,
        [
            "about: a sentence with a link is left out of the description: links stand in `references`",
            "references: `https://attack.mitre.org/techniques/T1562/008/` is left out: techniques stand in the tags",
            "falsepositive: `A pentest` is left out: SigmaHQ takes no such entry",
            "falsepositive: `none` is left out: SigmaHQ takes no such entry",
            "missing: whether `null` takes fields that are absent is left to the engine",
            "alert: entities, shown columns, title and message of the alert are left out: a Sigma rule carries none",
        ]
    );
    assert!(file.differences.is_empty());
}

#[test]
fn what_is_left_out_has_a_default() {
    let file = emitted(
        "rule r \"R\" { id \"77c72306-d717-5ea8-8a51-6652639f226d\" events e = aws.cloudtrail where eventName == \"A\" alert e { } }",
    );
    for line in [
        "status: experimental\n",
        "level: medium\n",
        "falsepositives:\n    - Unknown\n",
    ] {
        assert!(file.text.contains(line), "{}", file.text);
    }
    assert!(
        !file.text.contains("tags:") && !file.text.contains("author:"),
        "{}",
        file.text
    );
}

#[test]
fn tags_have_tactics_first() {
    let file = emitted(&rule("events e = aws.cloudtrail where eventName == \"A\" alert e { }").replace(
        HEAD,
        "id \"77c72306-d717-5ea8-8a51-6652639f226d\" attack T1078.004 (InitialAccess), T1580, T1078 (InitialAccess)",
    ));
    assert_eq!(
        section(&file.text, "tags"),
        "- attack.initial-access - attack.discovery - attack.t1078.004 - attack.t1580 - attack.t1078"
    );
}

/// The same rule gives the same bytes.
#[test]
fn deterministic() {
    let text = rule(
        "events a = aws.cloudtrail where eventName == \"A\" events b = aws.cloudtrail where eventName == \"B\" \
         match m = a then b on sourceIPAddress within 1h alert m { }",
    );
    assert_eq!(emitted(&text).text, emitted(&text).text);
}

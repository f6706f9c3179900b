//! Whole files, what they name, and what the ledger says of them.

mod limits;
pub(in crate::targets) mod quoting;

use super::*;
use crate::settings::{EventGrouping, Incident, Kind, Sentinel};
use crate::targets::ledger::Text;
use crate::targets::testing::{Compiled, cloudtrail, compiled, pages, rule_files};
use crate::targets::{attack, kql};
use crate::value::Span;
use std::collections::BTreeSet;

const HEAD: &str = "id \"7b0a4a52-0d2c-5d0e-8f0a-0c6a1f1f3a01\" version 1.2.3 severity low attack T1562.008 every 1h";

/// A rule with a head and a body.
fn rule(body: &str) -> String {
    format!("rule r \"New keys\" {{ {HEAD} {body} }}")
}

/// A rule on single events with these words in its alert.
fn on_events(items: &str) -> String {
    rule(&format!(
        "events e = aws.cloudtrail where eventName == \"X\" alert e {{ {items} }}"
    ))
}

fn scheduled() -> Settings {
    Settings::default()
}

fn near_real_time() -> Settings {
    Settings {
        sentinel: Sentinel {
            kind: Kind::Nrt,
            ..Sentinel::default()
        },
        ..Settings::default()
    }
}

fn answer(rules: &Compiled, settings: &Settings) -> Answer {
    emit(&rules.plans[0], &rules.catalog, settings)
}

fn emitted(text: &str, settings: &Settings) -> Text {
    let rules = compiled(text);
    answer(&rules, settings).unwrap_or_else(|findings| panic!("{}", pages(&findings, &rules.sources)))
}

fn refused(text: &str, settings: &Settings) -> Vec<Diagnostic> {
    answer(&compiled(text), settings).unwrap_err()
}

/// What a reader of the file sees under a key.
fn value(text: &str, key: &str) -> serde_json::Value {
    let whole: serde_json::Value = serde_yaml::from_str(text).unwrap();
    whole[key].clone()
}

#[test]
fn a_scheduled_rule() {
    let text = emitted(
        &format!(
            "rule r \"Access key made for another user.\" {{ {HEAD} about \"\"\"
               Detects somebody who makes an access key for another user, which is how a stolen credential outlives the change of a password.

               First look: who is it?
             \"\"\"
             events made = aws.cloudtrail where eventName == \"CreateAccessKey\" and success
             alert made {{
               title \"Key made by {{account_name}}\"
               message \"{{account_name}} made a key for {{requestParameters.userName}}\"
               account {{ name: account_name, upnSuffix: account_upn_suffix, cloudAppAccountId: recipientAccountId }}
               ip sourceIPAddress
               resource userIdentity.arn
               show requestParameters.userName, awsRegion, eventName
             }} }}"
        ),
        &scheduled(),
    );
    insta::assert_snapshot!(text.text);
    let notes: Vec<String> = text
        .notes
        .iter()
        .map(|note| format!("{}: {}", note.construct, note.text))
        .collect();
    assert_eq!(
        notes,
        [
            "alert: each row is an alert, up to 150 in a run; the last one stands for all further rows",
            "title: where a value of a title or message is missing, the alert shows the name or description of the rule; \
             a set is shown as JSON",
            "resource: Sentinel knows resources of Azure only, so this is a custom detail",
            "about: the description is made of the first paragraph; the others stay in the rule",
        ]
    );
    assert!(text.differences.is_empty());
}

#[test]
fn a_rule_near_real_time_has_no_schedule_and_no_clock() {
    let rules = compiled(&on_events("account account"));
    let late = cloudtrail("\ndelay: 5m", "\ndelay: 20m");
    let text = emit(&rules.plans[0], &late, &near_real_time()).unwrap();
    insta::assert_snapshot!(text.text);
    assert!(text.notes.iter().any(|note| note.text.contains("up to 30 in a run")));
    assert!(text.notes.iter().any(|note| note.construct == "every"));
    let with_clock = emit(&rules.plans[0], &late, &scheduled()).unwrap();
    assert!(
        with_clock.text.contains("let runEnd = now() - 20m;"),
        "{}",
        with_clock.text
    );
    assert!(with_clock.text.contains("queryPeriod: 80m\n"), "{}", with_clock.text);
}

#[test]
fn a_rule_without_severity_is_a_hunting_query() {
    let text = emitted(
        "rule r \"Keys of the root user\" {
           id \"7b0a4a52-0d2c-5d0e-8f0a-0c6a1f1f3a01\" version 1.2.3 attack T1098.001 (Persistence), T1078
           events made = aws.cloudtrail where eventName == \"CreateAccessKey\" and userIdentity.type == \"Root\"
           alert made { message \"{sourceIPAddress}\" ip sourceIPAddress resource userIdentity.arn show awsRegion }
         }",
        &near_real_time(),
    );
    insta::assert_snapshot!(text.text);
    let notes: Vec<String> = text
        .notes
        .iter()
        .map(|note| format!("{}: {}", note.construct, note.text))
        .collect();
    assert_eq!(
        notes,
        [
            "rule: a rule without `severity` is a hunting query: somebody runs it, over a time range of their choice",
            "message: a hunting query makes no alert that could carry this text",
            "rule: a hunting query does not run near real time; this setting is not used",
            "resource: Sentinel knows resources of Azure only, so this is a column and no entity",
        ]
    );
    let counted = "rule r \"R\" { id \"7b0a4a52-0d2c-5d0e-8f0a-0c6a1f1f3a01\" version 1.0.0 every 2h
        events e = aws.cloudtrail where awsRegion is present group g = e by awsRegion per 1h { n = count }
        alert g where n > 3 { show n } }";
    let text = emitted(counted, &scheduled());
    assert!(
        text.text.contains("\ntactics: []\nrelevantTechniques: []\n"),
        "{}",
        text.text
    );
    assert!(
        text.notes[0]
            .text
            .ends_with("a time range that ends now and is 3h5m long or longer"),
        "{:?}",
        text.notes
    );
}

#[test]
fn resources_of_azure_are_entities() {
    let text = emitted(
        &rule("events e = azure.activity where level == \"Error\" alert e { resource resourceId show level }"),
        &scheduled(),
    );
    let mappings = serde_json::json!([
        { "entityType": "AzureResource", "fieldMappings": [{ "identifier": "ResourceId", "columnName": "_ResourceId" }] }
    ]);
    assert_eq!(value(&text.text, "entityMappings"), mappings);
    assert_eq!(
        value(&text.text, "customDetails"),
        serde_json::json!({ "level": "Level" })
    );
    assert!(!text.notes.iter().any(|note| note.construct == "resource"));
    let connectors = serde_json::json!([{ "connectorId": "AzureActivity", "dataTypes": ["AzureActivity"] }]);
    assert_eq!(value(&text.text, "requiredDataConnectors"), connectors);
}

#[test]
fn connectors_are_those_of_every_source_and_may_be_none() {
    let union = rule(
        "events a = aws.cloudtrail where eventName == \"X\" and awsRegion is present let where_ = awsRegion
         events b = azure.activity where level == \"Error\" and level is present let where_ = level
         group g = a, b by where_ per 1h { n = count a m = count b }
         alert g where n > 1 { show n, m }",
    );
    let text = emitted(&union, &scheduled());
    assert_eq!(
        value(&text.text, "requiredDataConnectors"),
        serde_json::json!([
            { "connectorId": "AWS", "dataTypes": ["AWSCloudTrail"] },
            { "connectorId": "AzureActivity", "dataTypes": ["AzureActivity"] },
        ])
    );
    let rules = compiled(&on_events("account account"));
    let text = emit(&rules.plans[0], &cloudtrail("\nconnector: AWS\n", "\n"), &scheduled())
        .unwrap()
        .text;
    assert!(text.contains("\nrequiredDataConnectors: []\n"), "{text}");
}

#[test]
fn details_are_called_by_the_last_word_of_their_path() {
    let text = emitted(
        &rule(
            "events a = aws.cloudtrail where eventName == \"X\" and awsRegion is present
             events b = aws.cloudtrail where eventName == \"Y\" and awsRegion is present
             match m = a then b on awsRegion within 1h
             alert m { account b.userIdentity.arn show a.sourceIPAddress, b.sourceIPAddress, b.requestParameters.name, b.userIdentity.arn, b.resources[0].ARN }",
        ),
        &scheduled(),
    );
    let details = value(&text.text, "customDetails");
    let keys: Vec<&String> = details.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["ARN", "a_sourceIPAddress", "awsRegion", "b_sourceIPAddress", "name"]
    );
}

#[test]
fn techniques_are_those_of_the_version_that_is_asked_for() {
    let source = on_events("account account").replace(
        "T1562.008",
        "T1098.006 (PrivilegeEscalation), T1656, T1110 (CredentialAccess)",
    );
    let mut settings = scheduled();
    let text = emitted(&source, &settings);
    assert_eq!(
        value(&text.text, "tactics"),
        serde_json::json!(["Persistence", "CredentialAccess"])
    );
    assert_eq!(
        value(&text.text, "relevantTechniques"),
        serde_json::json!(["T1098", "T1110"])
    );
    assert_eq!(text.notes.iter().filter(|note| note.construct == "attack").count(), 2);
    settings.sentinel.attack = attack::Version::V17;
    let text = emitted(&source, &settings);
    assert_eq!(
        value(&text.text, "relevantTechniques"),
        serde_json::json!(["T1098.006", "T1656", "T1110"])
    );
    assert!(!text.notes.iter().any(|note| note.construct == "attack"));
}

#[test]
fn settings_that_the_yaml_has_no_key_for_are_noted() {
    let mut settings = scheduled();
    let text = emitted(&on_events("account account"), &settings);
    assert_eq!(text.notes.len(), 1, "{:?}", text.notes);
    settings.sentinel.enabled = false;
    settings.sentinel.suppression = Some(Span::hours(1));
    settings.sentinel.incident = Incident {
        create: false,
        grouping: None,
    };
    settings.sentinel.grouping = EventGrouping::SingleAlert;
    let other = emitted(&on_events("account account"), &settings);
    assert_eq!(other.text, text.text.replace("AlertPerResult", "SingleAlert"));
    let notes: Vec<&str> = other.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(notes.len(), 4, "{notes:?}");
    assert!(notes[0].starts_with("all rows of a run make one alert"));
    assert!(
        notes[1..]
            .iter()
            .all(|note| note.starts_with("the YAML has no key for"))
    );
}

/// Every column that a file names is a column of its query's result, for every rule and case that compiles.
#[test]
fn every_column_that_is_named_is_in_the_result() {
    let mut count = 0;
    for path in rule_files() {
        let rules = compiled(&std::fs::read_to_string(&path).unwrap());
        for plan in &rules.plans {
            let mut plan = plan.clone();
            plan.rule.id = Some("7b0a4a52-0d2c-5d0e-8f0a-0c6a1f1f3a01".to_owned());
            plan.rule.version = Some("1.0.0".to_owned());
            plan.rule.severity = Some(crate::plan::Severity::Low);
            let Ok((model, _)) = model(&plan, &rules.catalog, &scheduled(), Target::Sentinel) else {
                continue;
            };
            let query = kql::emit(&plan, &rules.catalog).unwrap();
            let columns: BTreeSet<&str> = query.columns.iter().map(|column| column.name.as_str()).collect();
            let Model::Analytics(analytics) = &model else {
                panic!("{}: no rule", path.display())
            };
            let fields = analytics.content.entities.iter().flat_map(|entity| &entity.fields);
            let mut named: Vec<&str> = fields.map(|field| field.column.as_str()).collect();
            named.extend(analytics.details.iter().map(|detail| detail.column.as_str()));
            for text in [&analytics.title, &analytics.message].into_iter().flatten() {
                named.extend(text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()));
            }
            for column in named {
                assert!(
                    columns.contains(column),
                    "{}: {column} is not in {columns:?}",
                    path.display()
                );
                count += 1;
            }
            let text = emit(&plan, &rules.catalog, &scheduled()).unwrap().text;
            assert!(text.is_ascii() && text.ends_with("Scheduled\n"), "{text}");
        }
    }
    assert!(count > 100, "{count}");
}

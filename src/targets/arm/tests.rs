use super::*;
use crate::settings::{EventGrouping, Incident, IncidentGrouping, Kind, Matching, Sentinel};
use crate::targets::sentinel::tests::quoting::{TEXTS, written};
use crate::targets::testing::{Compiled, compiled, pages, rule_files};
use crate::value::Span;
use serde_json::{Value, json};

const RULE: &str = "rule r \"New keys\" {
    id \"7b0a4a52-0d2c-5d0e-8f0a-0c6a1f1f3a01\" version 1.2.3 severity high every 1h
    attack T1562.008, T1562.001, T1098 (Persistence)
    events e = aws.cloudtrail where eventName == \"X\"
    alert e {
      title \"Key of {account}\" message \"{account} in {awsRegion}\"
      account account ip sourceIPAddress show awsRegion, eventName
    }
  }";

const HUNTING: &str = "rule h \"Keys of the root user\" {
    id \"7b0a4a52-0d2c-5d0e-8f0a-0c6a1f1f3a02\" version 1.2.3
    attack T1562.008, T1098 (Persistence)
    events e = aws.cloudtrail where eventName == \"X\"
    alert e { account account show awsRegion }
  }";

fn answer(rules: &Compiled, settings: &Settings) -> Answer {
    emit(&rules.plans[0], &rules.catalog, settings)
}

fn emitted(text: &str, settings: &Settings) -> Text {
    let rules = compiled(text);
    answer(&rules, settings).unwrap_or_else(|findings| panic!("{}", pages(&findings, &rules.sources)))
}

fn resource(text: &Text) -> Value {
    let whole: Value = serde_json::from_str(&text.text).unwrap();
    whole["resources"][0].clone()
}

fn place(n: u32) -> Place {
    Place {
        file: FileId(7),
        start: n,
        end: n + 1,
    }
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

#[test]
fn a_scheduled_rule() {
    let mut settings = Settings::default();
    settings.arm.workspace = Some("soc-prod".to_owned());
    let text = emitted(RULE, &settings);
    insta::assert_snapshot!(text.text);
    assert!(text.differences.is_empty());
    let notes: Vec<&str> = text.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(
        notes[notes.len() - 1],
        "version 2025-09-01 of the interface has no sub-techniques: T1562.008, T1562.001 as T1562"
    );
    assert_eq!(emitted(RULE, &settings).text, text.text);
}

#[test]
fn a_hunting_query_is_a_saved_search() {
    let text = emitted(HUNTING, &Settings::default());
    insta::assert_snapshot!(text.text);
    assert!(
        text.notes
            .iter()
            .any(|note| note.text.starts_with("a saved search has no entities"))
    );
}

#[test]
fn previews_have_sub_techniques() {
    let mut settings = Settings::default();
    for (version, there) in [
        ("2025-07-01-preview", true),
        ("2023-12-01-preview", true),
        ("2023-11-01-preview", false),
        ("2025-09-01", false),
    ] {
        settings.arm.api_version = version.to_owned();
        let text = emitted(RULE, &settings);
        let properties = &resource(&text)["properties"];
        assert_eq!(properties["techniques"], json!(["T1562", "T1098"]));
        assert_eq!(properties.get("subTechniques").is_some(), there, "{version}");
        assert_eq!(
            text.notes.iter().any(|note| note.construct == "attack"),
            !there,
            "{version}"
        );
        if there {
            assert_eq!(properties["subTechniques"], json!(["T1562.008", "T1562.001"]));
        }
    }
}

#[test]
fn rules_near_real_time_need_a_preview() {
    let mut settings = near_real_time();
    let text = emitted(RULE, &settings);
    let rule = resource(&text);
    assert_eq!(rule["kind"], "NRT");
    assert_eq!(rule["apiVersion"], "2025-07-01-preview");
    assert!(
        text.notes
            .iter()
            .any(|note| note.text.contains("only previews have rules near real time"))
    );
    for key in ["queryFrequency", "queryPeriod", "triggerOperator", "triggerThreshold"] {
        assert!(rule["properties"].get(key).is_none(), "{key}");
    }
    assert_eq!(rule["properties"]["suppressionDuration"], "PT5H");
    // Somebody chose a version.
    settings.places.insert("arm.api_version".to_owned(), place(3));
    let findings = answer(&compiled(RULE), &settings).unwrap_err();
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].code, findings[0].primary.span), (Code::NrtUnfit, place(3)));
    assert_eq!(findings[0].help, ["write `api_version = \"2025-07-01-preview\"`"]);
    settings.arm.api_version = "2024-01-01-preview".to_owned();
    assert_eq!(resource(&emitted(RULE, &settings))["apiVersion"], "2024-01-01-preview");
}

#[test]
fn settings_of_the_deployed_rule() {
    let mut settings = Settings::default();
    settings.sentinel.enabled = false;
    settings.sentinel.grouping = EventGrouping::SingleAlert;
    settings.sentinel.suppression = Some(Span::minutes(90));
    settings.places.insert("sentinel.suppression".to_owned(), place(4));
    let mut incident = Incident {
        create: true,
        grouping: Some(IncidentGrouping {
            reopen_closed: true,
            lookback: Span::days(7),
            matching: Matching::Selected {
                entities: vec!["Account".to_owned()],
                details: vec!["Severity".to_owned()],
                custom_details: vec!["awsRegion".to_owned()],
            },
        }),
    };
    settings.sentinel.incident = incident.clone();
    let text = emitted(RULE, &settings);
    let properties = resource(&text)["properties"].clone();
    assert_eq!(properties["enabled"], false);
    assert_eq!(properties["suppressionEnabled"], true);
    assert_eq!(properties["suppressionDuration"], "PT1H30M");
    assert_eq!(
        properties["eventGroupingSettings"],
        json!({ "aggregationKind": "SingleAlert" })
    );
    assert_eq!(
        properties["incidentConfiguration"],
        json!({
            "createIncident": true,
            "groupingConfiguration": {
                "enabled": true,
                "reopenClosedIncident": true,
                "lookbackDuration": "P7D",
                "matchingMethod": "Selected",
                "groupByEntities": ["Account"],
                "groupByAlertDetails": ["Severity"],
                "groupByCustomDetails": ["awsRegion"],
            },
        })
    );
    let suppressed = text.notes.iter().find(|note| note.span == place(4)).unwrap();
    assert!(
        suppressed.text.contains("does not run the rule for 1h30m"),
        "{suppressed:?}"
    );
    incident.grouping.as_mut().unwrap().matching = Matching::AnyAlert;
    settings.sentinel.incident = incident;
    let grouping = resource(&emitted(RULE, &settings))["properties"]["incidentConfiguration"].clone();
    assert_eq!(grouping["groupingConfiguration"]["matchingMethod"], "AnyAlert");
    assert_eq!(grouping["groupingConfiguration"]["groupByEntities"], json!([]));
    settings.sentinel.incident.create = false;
    settings.sentinel.incident.grouping = None;
    let none = resource(&emitted(RULE, &settings))["properties"]["incidentConfiguration"].clone();
    assert_eq!(none["createIncident"], false);
    assert_eq!(none["groupingConfiguration"]["enabled"], false);
}

#[test]
fn incidents_are_put_together_by_what_the_rule_has() {
    let mut settings = Settings::default();
    settings.sentinel.incident.grouping = Some(IncidentGrouping {
        reopen_closed: false,
        lookback: Span::hours(5),
        matching: Matching::Selected {
            entities: vec!["Account".to_owned(), "Host".to_owned()],
            details: Vec::new(),
            custom_details: vec!["awsregion".to_owned(), "eventName".to_owned()],
        },
    });
    settings
        .places
        .insert("sentinel.incident.custom_details".to_owned(), place(5));
    let findings = answer(&compiled(RULE), &settings).unwrap_err();
    let found: Vec<_> = findings
        .iter()
        .map(|finding| (finding.code, finding.help[0].as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (Code::UnfitSetting, "there are Account, IP"),
            (Code::UnfitSetting, "did you mean `awsRegion`?"),
        ]
    );
    assert_eq!(findings[1].primary.span, place(5));
    let bare = RULE.replace("account account ip sourceIPAddress show awsRegion, eventName", "");
    let findings = answer(&compiled(&bare), &settings).unwrap_err();
    assert_eq!(findings.len(), 4);
    assert_eq!(
        findings[0].help,
        ["they have no entity at all: leave it out for this rule"]
    );
}

#[test]
fn one_template_of_many_rules() {
    let rules = compiled(&format!("{RULE} {HUNTING}"));
    let settings = Settings::default();
    let rule = |n: usize| Rule {
        plan: &rules.plans[n],
        catalog: &rules.catalog,
        settings: &settings,
    };
    let text = folder(&[rule(0), rule(1)]).unwrap();
    let whole: Value = serde_json::from_str(&text.text).unwrap();
    let alone = emitted(RULE, &settings);
    assert_eq!(whole["resources"][0], resource(&alone));
    assert_eq!(whole["resources"][1], resource(&emitted(HUNTING, &settings)));
    assert_eq!(whole["parameters"], json!({ "workspace": { "type": "String" } }));
    assert_eq!(folder(&[rule(0)]).unwrap().text, alone.text);
    assert!(folder(&[]).unwrap().text.contains("\"resources\": []\n"));
}

#[test]
fn the_rules_of_a_template_agree_on_the_workspace() {
    let rules = compiled(&format!("{RULE} {HUNTING}"));
    let ours = Settings::default();
    let mut theirs = Settings::default();
    theirs.arm.workspace = Some("soc-test".to_owned());
    theirs.places.insert("arm.workspace".to_owned(), place(8));
    let mut named = Settings::default();
    named.arm.workspace_parameter = "logs".to_owned();
    for (other, span, what) in [
        (&theirs, place(8), "`h` has another workspace than `r`"),
        (
            &named,
            rules.plans[1].rule.span,
            "`h` has another parameter for the workspace than `r`",
        ),
    ] {
        let rule = |n: usize, settings| Rule {
            plan: &rules.plans[n],
            catalog: &rules.catalog,
            settings,
        };
        let findings = folder(&[rule(0, &ours), rule(1, other)]).unwrap_err();
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].code, findings[0].primary.span), (Code::BadSetting, span));
        assert!(findings[0].message.starts_with(what), "{}", findings[0].message);
        assert!(folder(&[rule(0, other), rule(1, other)]).is_ok());
    }
}

#[test]
fn a_parameter_stands_in_quotes_and_its_default_is_no_expression() {
    let mut settings = Settings::default();
    settings.arm.workspace_parameter = "log's".to_owned();
    settings.arm.workspace = Some("[x]".to_owned());
    let text = emitted(RULE, &settings);
    let whole: Value = serde_json::from_str(&text.text).unwrap();
    assert_eq!(
        whole["parameters"],
        json!({ "log's": { "type": "String", "defaultValue": "[[x]" } })
    );
    assert_eq!(
        whole["resources"][0]["name"],
        "[concat(parameters('log''s'),'/Microsoft.SecurityInsights/7b0a4a52-0d2c-5d0e-8f0a-0c6a1f1f3a01')]"
    );
}

/// What Resource Manager makes of a text that is no expression; none for an expression.
fn evaluated(text: &str) -> Option<&str> {
    match text.strip_prefix('[') {
        Some(rest) if text.ends_with(']') => rest.starts_with('[').then_some(rest),
        _ => Some(text),
    }
}

#[test]
fn texts_come_through() {
    for text in TEXTS {
        let doubled = text.replace('{', "{{").replace('}', "}}");
        for severity in ["severity low", ""] {
            let source = format!(
                "rule r {} {{ id \"7b0a4a52-0d2c-5d0e-8f0a-0c6a1f1f3a01\" version 1.0.0 {severity} about {} \
                 events e = aws.cloudtrail where eventName == {} alert e {{ title {} message {} account account }} }}",
                written(text),
                written(text),
                written(text),
                written(&doubled),
                written(&doubled),
            );
            let file = emitted(&source, &Settings::default());
            assert!(file.text.is_ascii() && file.text.ends_with("]\n}\n"), "{}", file.text);
            let properties = resource(&file)["properties"].clone();
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let read = |value: &Value| evaluated(value.as_str().unwrap()).unwrap().to_owned();
            assert_eq!(read(&properties["displayName"]), line);
            if severity.is_empty() {
                assert!(read(&properties["tags"][0]["value"]).contains(&line));
            } else {
                assert!(read(&properties["description"]).contains(&line));
                let texts = &properties["alertDetailsOverride"];
                assert_eq!(read(&texts["alertDisplayNameFormat"]), text);
                assert_eq!(read(&texts["alertDescriptionFormat"]), text);
            }
            let rules = compiled(&source);
            let query = crate::targets::kql::emit(&rules.plans[0], &rules.catalog).unwrap();
            assert_eq!(read(&properties["query"]), query.text);
        }
    }
}

/// The YAML and the template of a rule say the same, as what deploys the YAML would translate it.
#[test]
fn yaml_and_template_say_the_same() {
    let mut count = 0;
    for path in rule_files() {
        let rules = compiled(&std::fs::read_to_string(&path).unwrap());
        for plan in &rules.plans {
            let mut plan = plan.clone();
            plan.rule.id = Some("7b0a4a52-0d2c-5d0e-8f0a-0c6a1f1f3a01".to_owned());
            plan.rule.version = Some("1.0.0".to_owned());
            plan.rule.severity = Some(crate::plan::Severity::Medium);
            let settings = Settings::default();
            let Ok(yaml) = sentinel::emit(&plan, &rules.catalog, &settings) else {
                assert!(emit(&plan, &rules.catalog, &settings).is_err());
                continue;
            };
            let yaml: Value = serde_yaml::from_str(&yaml.text).unwrap();
            let rule = resource(&emit(&plan, &rules.catalog, &settings).unwrap());
            let arm = &rule["properties"];
            for (here, there) in [
                ("name", "displayName"),
                ("severity", "severity"),
                ("query", "query"),
                ("tactics", "tactics"),
                ("entityMappings", "entityMappings"),
                ("customDetails", "customDetails"),
                ("alertDetailsOverride", "alertDetailsOverride"),
                ("eventGroupingSettings", "eventGroupingSettings"),
            ] {
                assert_eq!(yaml[here], arm[there], "{}: {here}", path.display());
            }
            assert_eq!(yaml["kind"], rule["kind"]);
            let description = yaml["description"].as_str().unwrap().replace('\n', " ");
            assert_eq!(description, format!("'{}' ", arm["description"].as_str().unwrap()));
            count += 1;
        }
    }
    assert!(count > 30, "{count}");
}

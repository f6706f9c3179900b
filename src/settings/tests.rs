#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use super::known::{KNOWN, OF_SOURCE, SERVICE};
use super::*;
use crate::diagnostics::{Diagnostic, FileId, Sources, render, to_json};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::OnceLock;

fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| Catalog::builtin().unwrap())
}

/// Reads files, the nearest first, and gives what holds for the rule `a`, and what is wrong.
fn read_all(texts: &[&str]) -> (Settings, Vec<Diagnostic>) {
    let (catalog, mut findings) = (catalog(), Vec::new());
    let files: Vec<File> = texts
        .iter()
        .zip(0..)
        .map(|(text, file)| read(FileId(file), text, catalog, &mut findings))
        .collect();
    let files: Vec<&File> = files.iter().collect();
    let settings = Settings::of(&files, "a", &mut findings);
    (settings, findings)
}

/// As [`read_all`], of files without a mistake.
fn settings(texts: &[&str]) -> Settings {
    let (settings, findings) = read_all(texts);
    assert_eq!(findings, [], "{texts:?}");
    settings
}

fn messages(texts: &[&str]) -> Vec<String> {
    let (_, findings) = read_all(texts);
    findings
        .iter()
        .map(|finding| format!("{} {}", finding.code.as_str(), finding.message))
        .collect()
}

/// The example of the document.
fn example() -> &'static str {
    let text = include_str!("../../docs/deployment.md");
    let (_, block) = text.split_once("```toml\n").unwrap();
    block.split_once("```").unwrap().0
}

#[test]
fn the_example_of_the_document_is_right_and_shows_every_setting() {
    let catalog = catalog();
    let mut findings = Vec::new();
    let file = read(FileId(0), example(), catalog, &mut findings);
    let of_rule = Settings::of(&[&file], "trail_stopped", &mut findings);
    Settings::of(&[&file], "another", &mut findings);
    assert_eq!(findings, []);
    assert_eq!(file.rules().collect::<Vec<_>>(), ["trail_stopped"]);
    for known in KNOWN {
        let path = format!("{}.{}", known.section, known.name);
        assert!(of_rule.places.contains_key(&path), "the example lacks {path}");
    }
    for known in OF_SOURCE {
        let path = format!("source.aws.cloudtrail.{}", known.name);
        assert!(of_rule.places.contains_key(&path), "the example lacks {path}");
    }
}

/// The document names every setting, in a table of its section.
#[test]
fn the_document_names_every_setting() {
    let text = include_str!("../../docs/deployment.md");
    let names = KNOWN.iter().map(|known| known.name);
    for name in names.chain(OF_SOURCE.iter().map(|known| known.name)) {
        assert!(
            text.contains(&format!("\n| `{name}` |")),
            "docs/deployment.md lacks {name}"
        );
    }
}

/// What a message tells people to write is right.
#[test]
fn values_to_paste_are_read() {
    for known in KNOWN {
        let line = format!("[{}]\n{} = {}\n", known.section, known.name, known.write);
        let mut findings = Vec::new();
        let file = read(FileId(0), &line, catalog(), &mut findings);
        assert_eq!((findings, file.plain.len()), (Vec::new(), 1), "{line}");
    }
    for known in OF_SOURCE {
        settings(&[&format!(
            "[source.\"aws.cloudtrail\"]\n{} = {}\n",
            known.name, known.write
        )]);
    }
}

/// What stands here instead of the service's names is right, too.
#[test]
fn what_to_write_instead_of_names_of_the_service_is_read() {
    let mut lines = 0;
    for (name, help) in SERVICE {
        for line in help.split('`').filter(|part| part.contains(" = ")) {
            let (ours, _) = line.split_once(" = ").unwrap();
            let known = KNOWN.iter().find(|known| known.name == ours).unwrap();
            let mut findings = Vec::new();
            let text = format!("[{}]\n{line}\n", known.section);
            read(FileId(0), &text, catalog(), &mut findings);
            assert_eq!(findings, [], "{name}: {line}");
            assert!(
                !help.contains("below") || help.contains(&format!("[{}]", known.section)),
                "{name}: {help}"
            );
            lines += 1;
        }
    }
    assert!(lines > 10);
}

#[test]
fn without_a_file_the_defaults_hold() {
    assert_eq!(settings(&[]), Settings::default());
    assert_eq!(settings(&["", "# nothing\n"]), Settings::default());
}

#[test]
fn every_setting_arrives() {
    let all = settings(&[r#"
        [output]
        folder = "prod/aws"
        [sentinel]
        kind = "nrt"
        enabled = false
        delay = "1h30m"
        event_grouping = "SingleAlert"
        attack = "v17"
        suppression = "24h"
        [sentinel.incident]
        create = true
        matching = "Selected"
        lookback = "7d"
        reopen_closed = true
        entities = ["Account", "IP"]
        details = ["Severity"]
        custom_details = ["bucket"]
        [arm]
        api_version = "2024-01-01-preview"
        workspace_parameter = "where"
        workspace = "soc-prod"
        [sigma]
        attack = "v13"
        [source."azure.activity"]
        table = "Activity_CL"
        connector = "Ours"
        delay = "0s"
    "#]);
    let mut places = all.places.keys().map(String::as_str);
    assert_eq!(places.next(), Some("arm.api_version"));
    assert_eq!(places.count(), KNOWN.len() + OF_SOURCE.len() - 1);
    let source = Source {
        table: Some("Activity_CL".to_owned()),
        connector: Some("Ours".to_owned()),
        delay: Some(Span(0)),
    };
    let expected = Settings {
        folder: Some(PathBuf::from("prod/aws")),
        sentinel: Sentinel {
            kind: Kind::Nrt,
            enabled: false,
            grouping: EventGrouping::SingleAlert,
            delay: Some(Span::minutes(90)),
            attack: attack::Version::V17,
            incident: Incident {
                create: true,
                grouping: Some(IncidentGrouping {
                    reopen_closed: true,
                    lookback: Span::days(7),
                    matching: Matching::Selected {
                        entities: vec!["Account".to_owned(), "IP".to_owned()],
                        details: vec!["Severity".to_owned()],
                        custom_details: vec!["bucket".to_owned()],
                    },
                }),
            },
            suppression: Some(Span::hours(24)),
        },
        arm: Arm {
            api_version: "2024-01-01-preview".to_owned(),
            workspace_parameter: "where".to_owned(),
            workspace: Some("soc-prod".to_owned()),
        },
        sigma: Sigma {
            attack: attack::Version::V13,
        },
        sources: BTreeMap::from([("azure.activity".to_owned(), source)]),
        places: all.places.clone(),
    };
    assert_eq!(all, expected);
}

/// The spellings that TOML has for one setting are one.
#[test]
fn spellings_of_toml() {
    for text in [
        "sentinel.incident.matching = 'AnyAlert'",
        "sentinel = { incident.matching = \"AnyAlert\" }",
        "[sentinel]\nincident = { matching = \"AnyAlert\" }",
        "[sentinel.incident]\n\"matching\" = \"\"\"AnyAlert\"\"\"",
        "[rule.a]\nsentinel.incident.matching = \"AnyAlert\"",
        "[rule.a.sentinel.incident]\nmatching = \"AnyAlert\"",
        "rule.a = { sentinel = { incident = { matching = \"AnyAlert\" } } }",
        "\u{feff}[sentinel.incident]\r\nmatching = \"AnyAlert\"\r\n",
    ] {
        let grouping = settings(&[text]).sentinel.incident.grouping;
        assert_eq!(grouping.unwrap().matching, Matching::AnyAlert, "{text}");
    }
}

/// The nearer plain section goes before the farther, a section of the rule before any plain one.
#[test]
fn precedence() {
    let plain = |minutes: u8| format!("[sentinel]\ndelay = \"{minutes}m\"\n");
    let of_rule = |minutes: u8| format!("[rule.a.sentinel]\ndelay = \"{minutes}m\"\n");
    let other = "[rule.b.sentinel]\ndelay = \"50m\"\n";
    for (files, delay) in [
        (vec![plain(1), plain(2)], 1),
        (vec![String::new(), plain(2)], 2),
        (vec![plain(1) + &of_rule(3), plain(2)], 3),
        (vec![plain(1), plain(2) + &of_rule(4)], 4),
        (vec![plain(1) + &of_rule(3), plain(2) + &of_rule(4)], 3),
        (vec![plain(1) + other, of_rule(4)], 4),
        (vec![other.to_owned(), other.to_owned() + &plain(2)], 2),
    ] {
        let texts: Vec<&str> = files.iter().map(String::as_str).collect();
        assert_eq!(settings(&texts).sentinel.delay, Some(Span::minutes(delay)), "{texts:?}");
    }
}

/// Each setting is looked for by itself; a list is taken as a whole.
#[test]
fn files_are_merged_setting_by_setting() {
    let near = r#"
        [sentinel]
        enabled = false
        [sentinel.incident]
        entities = ["IP"]
        [source."aws.cloudtrail"]
        delay = "15m"
    "#;
    let far = r#"
        [output]
        folder = "."
        [sentinel]
        kind = "nrt"
        enabled = true
        [sentinel.incident]
        matching = "Selected"
        entities = ["Account", "Host"]
        [source."aws.cloudtrail"]
        delay = "1h"
        table = "Trail_CL"
    "#;
    let both = settings(&[near, far]);
    assert_eq!((both.sentinel.enabled, both.sentinel.kind), (false, Kind::Nrt));
    assert_eq!(both.folder, Some(PathBuf::new()));
    let matching = both.sentinel.incident.grouping.unwrap().matching;
    assert!(matches!(matching, Matching::Selected { entities, .. } if entities == ["IP"]));
    let source = &both.sources["aws.cloudtrail"];
    assert_eq!(
        (source.delay, source.table.as_deref()),
        (Some(Span::minutes(15)), Some("Trail_CL"))
    );
    // Places are those of the settings that hold.
    let file = |path: &str| both.places[path].file.0;
    let files = ["sentinel.enabled", "sentinel.kind", "source.aws.cloudtrail.delay"].map(file);
    assert_eq!(files, [0, 1, 0]);
    assert_eq!(file("source.aws.cloudtrail.table"), 1);
}

#[test]
fn places_are_key_and_value() {
    let text =
        "[sentinel]\nkind  =  \"nrt\" # so\nincident.matching = \"Selected\"\nincident.entities = [\n  \"IP\",\n]\n";
    let mut sources = Sources::default();
    sources.add("tripline.toml", text);
    let settings = settings(&[text]);
    let snippet = |path: &str| sources.snippet(settings.places[path]);
    assert_eq!(snippet("sentinel.kind"), "kind  =  \"nrt\"");
    assert_eq!(snippet("sentinel.incident.matching"), "matching = \"Selected\"");
    // A list over several lines: a finding shows where it begins.
    assert_eq!(snippet("sentinel.incident.entities"), "entities");
}

/// What a nearer file switches off is off; what stands no farther than its switch is a mistake.
#[test]
fn settings_that_have_no_effect() {
    let incident = |lines: &str| format!("[sentinel.incident]\n{lines}\n");
    let grouped = incident("matching = \"Selected\"\nentities = [\"IP\"]\nlookback = \"1d\"");
    for nearer in ["create = false", "matching = \"off\""] {
        let settings = settings(&[&incident(nearer), &grouped]);
        assert_eq!(settings.sentinel.incident.grouping, None, "{nearer}");
    }
    let any = settings(&[&incident("matching = \"AnyAlert\""), &grouped]);
    let grouping = any.sentinel.incident.grouping.unwrap();
    assert_eq!(
        (grouping.matching, grouping.lookback),
        (Matching::AnyAlert, Span::days(1))
    );

    for (near, far, expected) in [
        ("lookback = \"1d\"", "", "S004 `lookback` has no effect on rule `a`"),
        (
            "",
            "reopen_closed = true",
            "S004 `reopen_closed` has no effect on rule `a`",
        ),
        (
            "lookback = \"1d\"",
            "matching = \"off\"",
            "S004 `lookback` has no effect on rule `a`",
        ),
        (
            "lookback = \"1d\"\nmatching = \"off\"",
            "",
            "S004 `lookback` has no effect on rule `a`",
        ),
        (
            "entities = [\"IP\"]",
            "matching = \"AnyAlert\"",
            "S004 `entities` has no effect on rule `a`",
        ),
        (
            "matching = \"AnyAlert\"",
            "create = false",
            "S004 `matching` has no effect on rule `a`",
        ),
        (
            "lookback = \"1d\"\ncreate = false",
            "matching = \"AnyAlert\"",
            "S004 `lookback` has no effect on rule `a`",
        ),
        (
            "matching = \"Selected\"",
            "",
            "S003 `Selected` compares what is selected",
        ),
        (
            "entities = []",
            "matching = \"Selected\"\nentities = [\"IP\"]",
            "S003 `Selected` compares what is selected",
        ),
    ] {
        assert_eq!(
            messages(&[&incident(near), &incident(far)]),
            [expected],
            "{near}\n{far}"
        );
    }
    // What could not be read may be the switch: one mistake is one finding.
    let unread = messages(&[&incident("matching = \"All\"\nlookback = \"1d\"")]);
    assert_eq!(unread.len(), 1, "{unread:?}");
    let unknown = messages(&[&incident("matchin = \"AnyAlert\"\nlookback = \"1d\"")]);
    assert_eq!(unknown, ["S002 `sentinel.incident` has no setting `matchin`"]);
    // Off is off, and nothing more.
    settings(&[&incident("create = false\nmatching = \"off\"")]);
}

#[test]
fn suppression_can_be_switched_off_again() {
    let far = "[sentinel]\nsuppression = \"1h\"\n";
    assert_eq!(settings(&[far]).sentinel.suppression, Some(Span::hours(1)));
    assert_eq!(
        settings(&["[sentinel]\nsuppression = \"off\"\n", far])
            .sentinel
            .suppression,
        None
    );
}

#[test]
fn folders_stay_below_that_of_the_target() {
    let folder = |text: &str| read_all(&[&format!("[output]\nfolder = '{text}'\n")]);
    for right in ["prod", "prod/aws", "with blanks", "Größe", ".", "..a"] {
        let (settings, findings) = folder(right);
        let expected = PathBuf::from(if right == "." { "" } else { right });
        assert_eq!((settings.folder, findings), (Some(expected), Vec::new()), "{right}");
    }
    for wrong in [
        "", "/", "/prod", "prod/", "a//b", "..", "a/../..", "./a", "C:", "a\\b", "a*", "\t",
    ] {
        let (settings, findings) = folder(wrong);
        assert_eq!((settings.folder, findings.len()), (None, 1), "{wrong:?}");
    }
}

#[test]
fn limits_of_durations() {
    let taken = |setting: &str, value: &str| {
        let (_, findings) = read_all(&[&format!(
            "[sentinel]\nincident.matching = \"AnyAlert\"\n{setting} = {value}\n"
        )]);
        findings.is_empty()
    };
    for (setting, right, wrong) in [
        (
            "delay",
            ["\"0s\"", "\"90s\"", "\"14d\""],
            ["\"14d1s\"", "\"0.5s\"", "10"],
        ),
        (
            "suppression",
            ["\"5m\"", "\"24h\"", "\"off\""],
            ["\"4m59s\"", "\"24h1m\"", "false"],
        ),
        (
            "incident.lookback",
            ["\"5m\"", "\"5h\"", "\"7d\""],
            ["\"1m\"", "\"7d1m\"", "\"off\""],
        ),
    ] {
        for value in right {
            assert!(taken(setting, value), "{setting} = {value}");
        }
        for value in wrong {
            assert!(!taken(setting, value), "{setting} = {value}");
        }
    }
}

#[test]
fn tables_are_plain_names() {
    let taken = |table: &str| {
        read_all(&[&format!("[source.\"aws.cloudtrail\"]\ntable = '{table}'\n")])
            .1
            .is_empty()
    };
    assert!(["AWSCloudTrail", "AWSCloudTrail_CL", "_t1"].into_iter().all(taken));
    for wrong in [
        "", "1a", "a b", "a.b", "a-b", "Größe", "title", "table", "database", "union",
    ] {
        assert!(!taken(wrong), "{wrong}");
    }
}

#[test]
fn the_catalog_of_a_workspace() {
    let catalog = catalog();
    let id = |name| catalog.find(name).unwrap();
    let (trail, activity) = (id("aws.cloudtrail"), id("azure.activity"));
    assert!(matches!(settings(&[""]).catalog(catalog), Cow::Borrowed(_)));

    let of_source = "[source.\"aws.cloudtrail\"]\ntable = \"Trail_CL\"\nconnector = \"Ours\"\ndelay = \"15m\"\n";
    let settings_of_source = settings(&[of_source]);
    let ours = settings_of_source.catalog(catalog);
    assert_eq!(ours.get(trail).name, "aws.cloudtrail");
    assert_eq!(ours.get(trail).table, "Trail_CL");
    assert_eq!(ours.get(trail).connector.as_deref(), Some("Ours"));
    assert_eq!(ours.get(trail).delay, Span::minutes(15));
    assert_eq!(ours.get(activity).delay, catalog.get(activity).delay);
    assert_eq!(ours.get(activity).table, "AzureActivity");

    // The delay of the rule goes before that of its source.
    let settings_of_rule = settings(&["[sentinel]\ndelay = \"20m\"\n", of_source]);
    let ours = settings_of_rule.catalog(catalog);
    let delays = [trail, activity].map(|source| ours.get(source).delay);
    assert_eq!(delays, [Span::minutes(20); 2]);
    assert_eq!(ours.get(trail).table, "Trail_CL");
}

#[test]
fn unknown_rules_are_found() {
    let text = "[rule.a]\n[rule.\"b c\"]\n";
    let file = read(FileId(0), text, catalog(), &mut Vec::new());
    let known = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let message = |names| {
        file.unknown_rules(&known(names))
            .into_iter()
            .map(|found| found.message)
            .collect::<Vec<_>>()
    };
    assert_eq!(message(&["a", "b c"]), [""; 0]);
    assert_eq!(message(&["a", "b"]), ["there is no rule `b c`"]);
    let many: Vec<String> = (0..30).map(|n| format!("some_rule_{n:02}")).collect();
    let findings = file.unknown_rules(&many.into_iter().collect());
    let help = &findings.first().unwrap().help;
    assert!(help.first().unwrap().ends_with("some_rule_09 and 20 more"), "{help:?}");
}

/// Reads a text as people's is, and prints what is wrong with it.
fn read_and_print(text: &str) {
    let catalog = catalog();
    let mut sources = Sources::default();
    let file = sources.add("tripline.toml", text);
    let mut findings = Vec::new();
    let read = read(file, text, catalog, &mut findings);
    findings.extend(read.unknown_rules(&BTreeSet::new()));
    for rule in ["a", "trail_stopped"] {
        let settings = Settings::of(&[&read, &read], rule, &mut findings);
        settings.catalog(catalog);
        for place in settings.places.values() {
            assert!(!sources.snippet(*place).is_empty(), "{text:?}");
        }
    }
    for finding in &findings {
        assert!(!render(finding, &sources, true).is_empty());
        to_json(finding, &sources);
    }
}

#[test]
fn no_odd_text_panics() {
    let deep = "[".repeat(5_000);
    let nested = format!("a = {}{}", "[".repeat(300), "]".repeat(300));
    let dotted = format!("{}a = 1", "source.".repeat(2_000));
    let long = format!("{} = 1", "x".repeat(100_000));
    for text in [
        "",
        "\0",
        "\u{feff}",
        "=",
        "[]",
        "[[]]",
        "[rule]",
        "[rule.\"\"]",
        "[source.\"\"]\ntable = \"\"",
        "rule = 1",
        "rule = []",
        "[[rule.a]]",
        "[[rule.a]]\n[rule.a.sentinel]",
        "[a]\n[[a]]",
        "[[a]]\n[a]",
        "a.b = 1\n[a]\n[a.b]",
        "a = 1\na.b = 1",
        "[source.aws]\ncloudtrail = 1",
        "[source.aws.cloudtrail.x.y]",
        "sentinel = [{ kind = 1 }]",
        "sentinel.incident.entities = [[[]]]",
        "sentinel.incident.entities = [\"\u{1F600}\", 'x\u{301}', \"\\u0000\"]",
        "sentinel.delay = 99999999999999999999999",
        "sentinel.delay = \"99999999999999999999999d\"",
        "sentinel.attack = 1e400",
        "\"a\nb\" = 1",
        "\"a\\nb\\u001b[31m\" = 1",
        "é = “x”",
        "a = é\u{301}",
        "x = \"\"\"\n\r\n",
        "\r\r\n[rule.a]\r",
        &deep,
        &nested,
        &dotted,
        &long,
    ] {
        read_and_print(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_panics(text in ".{0,80}") {
        read_and_print(&text);
    }

    #[test]
    fn no_words_of_ours_panic(words in prop::collection::vec(
        prop::sample::select(vec![
            "[", "]", "[[", "]]", "{", "}", "=", ".", ",", "\n", "\"", "'", "\"\"\"", "rule", "a", "source", "aws.cloudtrail",
            "\"aws.cloudtrail\"", "sentinel", "incident", "matching", "\"Selected\"", "entities", "[\"IP\"]", "kind", "\"nrt\"",
            "delay", "\"10m\"", "10", "true", "2025-01-01", "1.5", "#", "é", "\r",
        ]), 0..30)) {
        read_and_print(&words.concat());
    }

    /// The example with a piece taken out, doubled or moved.
    #[test]
    fn no_broken_example_panics(at in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), change in 0_u8..3) {
        let letters: Vec<char> = example().chars().collect();
        let (at, to) = (at.index(letters.len()), to.index(letters.len()));
        let piece = letters.get(at.min(to)..at.max(to)).unwrap_or(&[]);
        let text: String = match change {
            0 => letters.iter().take(at.min(to)).chain(letters.iter().skip(at.max(to))).collect(),
            1 => letters.iter().take(at).chain(piece).chain(letters.iter().skip(at)).collect(),
            _ => piece.iter().rev().chain(&letters).collect(),
        };
        read_and_print(&text);
    }
}

use super::*;
use crate::diagnostics::Sources;
use std::path::Path;

fn catalog() -> Catalog {
    Catalog::builtin().unwrap()
}

fn source(name: &str) -> Source {
    let catalog = catalog();
    catalog.get(catalog.find(name).unwrap()).clone()
}

fn json(text: &str) -> Json {
    Json::parse_counting(text).unwrap().0
}

#[test]
fn the_builtin_sources_are_sound() {
    for (_, source) in catalog().iter() {
        assert!(source.get(source.time).never_missing, "{}", source.name);
        for (_, field) in source.iter() {
            assert!(
                !field.doc.is_empty() && (field.doc.ends_with("...") || !field.doc.ends_with('.')),
                "{}",
                field.name
            );
            let raw = field.paths.iter().skip(2).any(|paths| !paths.is_empty());
            let table = source.shapes.len() == 2;
            assert!(raw != field.table_only || table, "{}: {}", source.name, field.name);
        }
        for computed in &source.computed {
            let written = &source.text[computed.place.clone()];
            let first = computed.text.lines().next().unwrap();
            assert!(written.contains(first), "{}: {written}", computed.name);
        }
        if let Some(condition) = &source.condition {
            assert!(source.text[source.places.condition.clone()].contains(condition));
        }
    }
}

fn read(source: &Source, shape: ShapeId, field: &str, record: &str) -> Reading {
    source.read(shape, source.field(field).unwrap(), &json(record))
}

#[test]
fn fields_are_read_by_shape_and_converted_once() {
    let aws = source("aws.cloudtrail");
    let log = ShapeId(2);
    let record = r#"{"eventTime":"2025-08-15T10:00:00Z","userIdentity":{"userName":"eve","arn":"",
        "sessionContext":{"attributes":{"mfaAuthenticated":"False"}}},"readOnly":true,
        "requestParameters":{"a":1},"errorCode":null,"apiVersion":3,"managementEvent":"maybe","awsRegion":{}}"#;
    let value = |field| read(&aws, log, field, record).value;
    assert_eq!(value("userIdentity.userName"), Value::text("eve"));
    assert_eq!(value("userIdentity.arn"), Value::Missing);
    assert_eq!(value("errorCode"), Value::Missing);
    assert_eq!(
        value("userIdentity.sessionContext.attributes.mfaAuthenticated"),
        Value::Bool(false)
    );
    assert_eq!(value("readOnly"), Value::Bool(true));
    assert_eq!(value("apiVersion"), Value::text("3"));
    assert_eq!(value("requestParameters"), Value::Json(json(r#"{"a":1}"#)));
    assert!(matches!(value("eventTime"), Value::Time(_)));
    for bad in ["managementEvent", "awsRegion"] {
        let reading = read(&aws, log, bad, record);
        assert!(reading.unconverted && !reading.value.is_present());
    }
    assert_eq!(aws.unconverted(log, &json(record)), 2);
}

#[test]
fn a_table_holds_open_records_as_text() {
    let aws = source("aws.cloudtrail");
    let record = r#"{"RequestParameters":"{\"a\":[1]}","ResponseElements":"[cut","Resources":"\"x\""}"#;
    assert_eq!(
        read(&aws, TABLE, "requestParameters", record).value,
        Value::Json(json(r#"{"a":[1]}"#))
    );
    assert_eq!(
        read(&aws, TABLE, "responseElements", record).value,
        Value::Json(Json::Text("[cut".into()))
    );
    assert_eq!(
        read(&aws, TABLE, "resources", record).value,
        Value::Json(Json::Text("\"x\"".into()))
    );
    assert!(aws.get(aws.field("requestParameters").unwrap()).json_text());
    let azure = source("azure.activity");
    assert!(!azure.get(azure.field("properties").unwrap()).json_text());
    let record = r#"{"Properties":"{\"b\":1}","Properties_d":null,"ResourceId":"/Subscriptions/X"}"#;
    assert_eq!(
        read(&azure, TABLE, "properties", record).value,
        Value::Json(json(r#"{"b":1}"#))
    );
    assert_eq!(
        read(&azure, TABLE, "resourceId", record).value,
        Value::text("/subscriptions/x")
    );
    assert_eq!(azure.by_column("Properties"), azure.field("properties"));
    assert_eq!(azure.by_column("CallerIpAddress"), azure.field("callerIpAddress"));
}

#[test]
fn the_spellings_of_azure_give_the_same_fields() {
    let catalog = catalog();
    let azure = source("azure.activity");
    let upn = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
    let records = [
        r#"{"$table":"AzureActivity","OperationNameValue":"M.Web/sites/delete","Caller":"a@b","ResourceGroup":"rg"}"#
            .to_owned(),
        r#"{"TimeGenerated":null,"OperationNameValue":"M.Web/sites/delete","Caller":"a@b","ResourceGroup":"rg"}"#
            .to_owned(),
        r#"{"operationName":{"value":"M.Web/sites/delete"},"status":{"value":"Succeeded"},"caller":"a@b",
            "resourceId":"/subscriptions/s/resourcegroups/rg/x"}"#
            .to_owned(),
        r#"{"operation_name":{"value":"M.Web/sites/delete"},"status":{"value":""},"caller":"a@b",
            "resource_group_name":"rg"}"#
            .to_owned(),
        format!(
            r#"{{"time":"2022-01-01T00:00:00Z","operationName":"M.Web/sites/delete","category":"Administrative",
            "resourceId":"/SUBSCRIPTIONS/s/RESOURCEGROUPS/rg","identity":{{"claims":{{"{upn}":"a@b"}}}}}}"#
        ),
    ];
    for (number, text) in records.iter().enumerate() {
        let record = json(text);
        let (id, shape) = catalog.recognise(&record).unwrap();
        assert_eq!(catalog.get(id).name, "azure.activity");
        assert_eq!(shape, ShapeId([1, 1, 2, 3, 4][number]));
        let value = |field: &str| azure.read(shape, azure.field(field).unwrap(), &record).value;
        assert_eq!(value("operationNameValue"), Value::text("M.Web/sites/delete"), "{text}");
        assert_eq!(value("caller"), Value::text("a@b"), "{text}");
        assert_eq!(value("resourceGroup"), Value::text("rg"), "{text}");
    }
    let key_vault = r#"{"time":"","operationName":"VaultGet","category":"AuditEvent","resourceId":"/s"}"#;
    assert_eq!(catalog.recognise(&json(key_vault)), None);
}

#[test]
fn records_are_known_by_their_content() {
    let catalog = catalog();
    let name = |text: &str| {
        catalog
            .recognise(&json(text))
            .map(|(id, shape)| (catalog.get(id).name.clone(), shape))
    };
    let is = |source: &str, shape| Some((source.to_owned(), ShapeId(shape)));
    assert_eq!(name(r#"{"eventSource":"s","eventName":"n"}"#), is("aws.cloudtrail", 2));
    assert_eq!(
        name(r#"{"TimeGenerated":"t","EventName":"n","EventSource":"s"}"#),
        is("aws.cloudtrail", 1)
    );
    assert_eq!(
        name(r#"{"TimeGenerated":"t","Type":"AWSCloudTrail"}"#),
        is("aws.cloudtrail", 1)
    );
    assert_eq!(
        name(r#"{"TimeGenerated":"t","Type":"Heartbeat","EventName":"","EventSource":""}"#),
        None
    );
    // The first of those that share its table; the row decides between them.
    let process = r#"{"Timestamp":"t","DeviceName":"d","FileName":"f","FolderPath":"/f","ProcessCommandLine":"f"}"#;
    assert_eq!(name(process), is("defender.process", 1));
    assert_eq!(name("{}"), None);
    assert_eq!(name("[1]"), None);
}

/// Names of fields, and what they hold.
type Fields<'a> = &'a [(&'a str, &'a str)];

/// A record of every shape of the sources that have several: who reads it, and what a rule sees in it.
#[test]
fn every_raw_form_gives_the_same_fields() {
    let when = "2025-03-12T16:02:15.5Z";
    let xml = r##"{"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Security-Auditing"}},"EventID":4625,
        "TimeCreated":{"#attributes":{"SystemTime":"WHEN"}},"Channel":"Security","Computer":"PC1.example.com"},
        "EventData":{"TargetUserName":"ana","LogonType":3,"IpAddress":"192.0.2.7"}}}"##;
    let cleared = r##"{"Event":{"System":{"EventID":{"#attributes":{"Qualifiers":0},"#text":1102},"Channel":"Security",
        "TimeCreated":{"#attributes":{"SystemTime":"WHEN"}},"Computer":"PC1"},
        "UserData":{"LogFileCleared":{"SubjectUserName":"ana"}}}}"##;
    let logon = [
        ("EventID", "4625"),
        ("Computer", "PC1.example.com"),
        ("TargetUserName", "ana"),
        ("LogonType", "3"),
        ("IpAddress", "192.0.2.7"),
    ];
    let sign_in = [
        ("userPrincipalName", "ana@example.com"),
        ("ipAddress", "192.0.2.7"),
        ("resultType", "50126"),
        ("location", "NO"),
        ("id", "i1"),
        ("resultDescription", "wrong password"),
        ("correlationId", "c1"),
    ];
    let change = [
        ("operationName", "Add member to role"),
        ("result", "success"),
        ("category", "RoleManagement"),
    ];
    let start = [
        ("fileName", "cmd.exe"),
        ("folderPath", r"C:\Windows\cmd.exe"),
        ("deviceName", "pc1"),
    ];
    let mail = [
        ("Operation", "New-InboxRule"),
        ("Workload", "Exchange"),
        ("ClientIP", "192.0.2.7:44"),
        ("RecordType", "1"),
    ];
    let cases: Vec<(&str, &str, &str, Fields<'_>)> = vec![
        (
            "windows.security",
            "table",
            r#"{"$table":"SecurityEvent","TimeGenerated":"WHEN","EventID":"4625","Computer":"PC1.example.com",
            "TargetUserName":"ana","LogonType":3,"IpAddress":"192.0.2.7"}"#,
            &logon,
        ),
        ("windows.security", "evtx", xml, &logon),
        (
            "windows.security",
            "evtx",
            cleared,
            &[("EventID", "1102"), ("SubjectUserName", "ana"), ("Computer", "PC1")],
        ),
        (
            "windows.security",
            "winlogbeat",
            r#"{"@timestamp":"WHEN","winlog":{"channel":"Security","event_id":4625,"computer_name":"PC1.example.com",
            "event_data":{"TargetUserName":"ana","LogonType":"3","IpAddress":"192.0.2.7"}}}"#,
            &logon,
        ),
        (
            "windows.security",
            "nxlog",
            r#"{"@timestamp":"WHEN","EventTime":"2025-03-12 12:02:15","EventReceivedTime":"2025-03-12 12:02:16","EventID":4625,
            "Channel":"security","Hostname":"PC1.example.com","TargetUserName":"ana","LogonType":"3","IpAddress":"192.0.2.7",
            "Keywords":-9214364837600034816}"#,
            &logon,
        ),
        (
            "windows.security",
            "flat",
            r#"{"TimeCreated":"2025-03-12 16:02:15.500","EventID":4625,"Channel":"Security","Hostname":"PC1.example.com",
            "TargetUserName":"ana","LogonType":"3","IpAddress":"192.0.2.7"}"#,
            &logon,
        ),
        (
            "entra.signin",
            "table",
            r#"{"Type":"SigninLogs","TimeGenerated":"WHEN","UserPrincipalName":"ana@example.com","IPAddress":"192.0.2.7",
            "ResultType":"50126","Location":"NO","Id":"i1","ResultDescription":"wrong password","CorrelationId":"c1"}"#,
            &sign_in,
        ),
        (
            "entra.signin",
            "diagnostics",
            r#"{"time":"WHEN","category":"SignInLogs","resultType":"50126","resultDescription":"wrong password","location":"NO",
            "callerIpAddress":"192.0.2.7","correlationId":"c1","properties":{"id":"i1","userPrincipalName":"ana@example.com",
            "status":{"errorCode":50126}}}"#,
            &sign_in,
        ),
        (
            "entra.signin",
            "graph",
            r#"{"createdDateTime":"WHEN","id":"i1","userPrincipalName":"ana@example.com","clientAppUsed":"Browser",
            "ipAddress":"192.0.2.7","status":{"errorCode":50126,"failureReason":"wrong password"},"correlationId":"c1",
            "location":{"countryOrRegion":"NO"}}"#,
            &sign_in,
        ),
        (
            "entra.audit",
            "table",
            r#"{"TimeGenerated":"WHEN","InitiatedBy":{},"TargetResources":[],"OperationName":"Add member to role",
            "Result":"success","Category":"RoleManagement"}"#,
            &change,
        ),
        (
            "entra.audit",
            "diagnostics",
            r#"{"time":"WHEN","category":"AuditLogs","operationName":"Add member to role","properties":{"result":"success",
            "activityDisplayName":"Add member to role","category":"RoleManagement"}}"#,
            &change,
        ),
        (
            "entra.audit",
            "graph",
            r#"{"activityDateTime":"WHEN","activityDisplayName":"Add member to role","initiatedBy":{},"targetResources":[],
            "result":"success","category":"RoleManagement"}"#,
            &change,
        ),
        (
            "defender.process",
            "table",
            r#"{"Timestamp":"WHEN","DeviceName":"pc1","FileName":"cmd.exe","FolderPath":"C:\\Windows\\cmd.exe",
            "ProcessCommandLine":"cmd"}"#,
            &start,
        ),
        (
            "defender.process",
            "streaming",
            r#"{"time":"WHEN","category":"AdvancedHunting-DeviceProcessEvents","properties":{"Timestamp":"WHEN",
            "DeviceName":"pc1","FileName":"cmd.exe","FolderPath":"C:\\Windows\\cmd.exe"}}"#,
            &start,
        ),
        (
            "office.activity",
            "table",
            r#"{"TimeGenerated":"WHEN","Operation":"New-InboxRule","OfficeWorkload":"Exchange","ClientIP":"192.0.2.7:44",
            "RecordType":"1"}"#,
            &mail,
        ),
        (
            "office.activity",
            "record",
            r#"{"CreationTime":"2025-03-12T16:02:15.5","Operation":"New-InboxRule","Workload":"Exchange",
            "ClientIP":"192.0.2.7:44","RecordType":1}"#,
            &mail,
        ),
    ];
    let catalog = catalog();
    for (name, shape, text, fields) in cases {
        let record = json(&text.replace("WHEN", when));
        let (id, number) = catalog.recognise(&record).unwrap_or_else(|| panic!("{text}"));
        let id = if number == TABLE {
            catalog.of_row(id, &record).unwrap()
        } else {
            id
        };
        let source = catalog.get(id);
        assert_eq!(
            (source.name.as_str(), source.shape_name(number)),
            (name, shape),
            "{text}"
        );
        let Value::Time(time) = source.read(number, source.time, &record).value else {
            panic!("{text}")
        };
        assert_eq!(time.to_string(), when, "{text}");
        for (field, expected) in fields {
            let value = source.read(number, source.field(field).unwrap(), &record).value;
            let value = value.to_json().unwrap_or_default();
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            assert_eq!(value, *expected, "{name} {shape}: {field}");
        }
        assert_eq!(source.unconverted(number, &record), 0, "{text}");
    }
    // The rest of a table that two sources share, and of what is streamed of it.
    let streamed =
        json(r#"{"time":"WHEN","category":"AdvancedHunting-DeviceProcessEvents","properties":{"FolderPath":"/f"}}"#);
    let (id, shape) = catalog.recognise(&streamed).unwrap();
    assert_eq!((catalog.get(id).name.as_str(), shape), ("linux.process", ShapeId(2)));
    let linux =
        json(r#"{"Timestamp":"WHEN","DeviceName":"d","FileName":"f","FolderPath":"/f","ProcessCommandLine":"f"}"#);
    let (id, _) = catalog.recognise(&linux).unwrap();
    assert_eq!(catalog.get(catalog.of_row(id, &linux).unwrap()).name, "linux.process");
}

#[test]
fn numbers_and_bools_convert_by_type() {
    let process = source("linux.process");
    let int = |text: &str| read(&process, TABLE, "processId", &format!("{{\"ProcessId\":{text}}}")).value;
    assert_eq!(int("7"), Value::Int(7));
    assert_eq!(int("\" 7\""), Value::Int(7));
    assert_eq!(int("7.0"), Value::Int(7));
    assert_eq!(int("\"7e2\""), Value::Int(700));
    assert_eq!(int("7.5"), Value::Missing);
    assert_eq!(int("\"inf\""), Value::Missing);
    let bool = |text: &str| {
        read(
            &process,
            TABLE,
            "isProcessRemoteSession",
            &format!("{{\"IsProcessRemoteSession\":{text}}}"),
        )
    };
    assert_eq!(bool("\"TRUE\"").value, Value::Bool(true));
    assert!(bool("1").unconverted);
}

#[test]
fn events_of_rule_files_use_the_names_of_the_fields() {
    let aws = source("aws.cloudtrail");
    let record = r#"{"userIdentity":{"sessionContext":{"sessionIssuer":{"userName":"r"}}},"operationName":"x"}"#;
    let field = "userIdentity.sessionContext.sessionIssuer.userName";
    assert_eq!(read(&aws, FIELDS, field, record).value, Value::text("r"));
    assert_eq!(read(&aws, FIELDS, "operationName", record).value, Value::text("x"));
}

#[test]
fn times_of_logs_and_of_the_portal() {
    let utc = |text: &str, order| parse_time(text, order).map(|time| time.to_string());
    let same = [
        "2022-02-07T22:23:37Z",
        "2022-02-08 09:23:37+11:00",
        "2022-02-07 22:23:37",
        "2022-02-07T22:23:37.000000000000Z",
        " 2/7/2022, 10:23:37 PM ",
        "2/7/2022, 10:23:37.000\u{202f}PM",
    ];
    for text in same {
        assert_eq!(
            utc(text, Some(DateOrder::MonthFirst)).unwrap(),
            "2022-02-07T22:23:37Z",
            "{text}"
        );
    }
    assert_eq!(utc("21/04/2025, 09:45:54.000", None).unwrap(), "2025-04-21T09:45:54Z");
    assert_eq!(
        utc("4/28/2021, 2:32:14.029 PM", None).unwrap(),
        "2021-04-28T14:32:14.029Z"
    );
    assert_eq!(utc("4/28/2021, 12:00:00 AM", None).unwrap(), "2021-04-28T00:00:00Z");
    assert_eq!(utc("5/5/2021", None).unwrap(), "2021-05-05T00:00:00Z");
    assert_eq!(utc("2025-01-21", None).unwrap(), "2025-01-21T00:00:00Z");
    assert_eq!(utc("4/5/2021", None), Err(TimeError::Ambiguous));
    assert_eq!(
        utc("4/5/2021", Some(DateOrder::DayFirst)).unwrap(),
        "2021-05-04T00:00:00Z"
    );
    assert_eq!(utc("28/4/2021", Some(DateOrder::MonthFirst)), Err(TimeError::NoTime));
    for bad in [
        "",
        "x",
        "13/13/2021",
        "1/1/21",
        "4/28/2021, 13:00 PM",
        "2021-02-30T00:00:00Z",
        "99999999",
        "é/é/2021",
    ] {
        assert_eq!(utc(bad, None), Err(TimeError::NoTime), "{bad}");
    }
}

#[test]
fn a_folder_overrides_and_adds() {
    let folder = tempfile::tempdir().unwrap();
    let sources = folder.path().join("sources");
    std::fs::create_dir(&sources).unwrap();
    let text = include_str!("../../targets/sources/aws.cloudtrail.yaml");
    std::fs::write(sources.join("a.yaml"), text.replacen("delay: 5m", "delay: 20m", 1)).unwrap();
    std::fs::write(
        sources.join("b.yaml"),
        text.replacen("source: aws.cloudtrail", "source: my.trail", 1),
    )
    .unwrap();
    let (mut texts, mut findings) = (Sources::default(), Vec::new());
    let catalog = catalog().with_folder(folder.path(), &mut texts, &mut findings).unwrap();
    assert_eq!((catalog.iter().count(), findings.len()), (9, 0));
    assert_eq!(
        catalog.get(catalog.find("aws.cloudtrail").unwrap()).delay,
        Span::minutes(20)
    );
    std::fs::write(sources.join("c.yaml"), b"source: \xff").unwrap();
    std::fs::write(sources.join("d.yaml"), "source: no.trail\n").unwrap();
    let catalog = catalog.with_folder(folder.path(), &mut texts, &mut findings).unwrap();
    assert_eq!((catalog.iter().count(), catalog.find("no.trail")), (9, None));
    assert_eq!(findings[0].message, "this file is not UTF-8 text");
    assert!(findings.len() > 3, "{findings:?}");
}

#[test]
fn the_example_of_the_documentation_is_a_source() {
    let text = include_str!("../../docs/sources.md");
    let example = text.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let catalog = Catalog::from_text(Path::new("docs/sources.md"), example).unwrap();
    let record =
        json(r#"{"event":{"what":"w","kind":"audit","id":"/x/Groups/Admins","claims":{"http://example/upn":"a@b"}}}"#);
    let (id, shape) = catalog.recognise(&record).unwrap();
    let source = catalog.get(id);
    let value = |field: &str| source.read(shape, source.field(field).unwrap(), &record).value;
    assert_eq!(source.shape_name(shape), "feed");
    assert_eq!(
        (value("group"), value("who.name")),
        (Value::text("admins"), Value::text("a@b"))
    );
    assert_eq!(source.delay, Span::minutes(10));
    // Text that does not end where the path says is no path.
    for bad in ["", ".", "a.", "a[1]", "a[\"b\"", "a[\"b\"]c", "[\"\"].."] {
        assert!(path::Alternative::parse(bad).is_err(), "{bad}");
    }
    assert!(path::Alternative::parse("[\"a.b\"].c[\"d\"]").is_ok());
}

use super::{ordered, outcome, read_bytes, read_with};
use crate::input::{DateOrder, Options};
use crate::source::{Catalog, TABLE};
use crate::value::{Json, Value};

fn times(content: &str, options: &Options) -> Result<Vec<String>, String> {
    let (report, events) = read_with(content.as_bytes(), options);
    report.map_err(|error| error.message)?;
    Ok(events.iter().map(|event| event.time.unwrap().to_string()).collect())
}

#[test]
fn a_table_export_is_known_by_its_header() {
    let rows = "\u{feff}$table,\"TimeGenerated [UTC]\",OperationNameValue,Properties,Properties_d,Caller,Type\r\n\
        AzureActivity,\"4/28/2021, 2:32:14.029 PM\",A,\"{\r\n  \"\"k\"\": 1\r\n}\",\"{\"\"k\"\":1}\",,AzureActivity\r\n\
        AzureActivity,\"4/1/2021, 2:32:14.029 PM\",B,,,x@y,AzureActivity\r\n";
    let (report, events) = read_bytes(rows);
    assert_eq!((report.read, report.rejected), (2, 0));
    assert_eq!(
        (events[0].shape, events[0].place.line, events[1].place.line),
        (TABLE, 2, 5)
    );
    assert_eq!(events[1].time.unwrap().to_string(), "2021-04-01T14:32:14.029Z");
    let catalog = Catalog::builtin().unwrap();
    let azure = catalog.get(events[0].source);
    let value = |event: usize, field| {
        azure
            .read(TABLE, azure.field(field).unwrap(), &events[event].body)
            .value
    };
    assert_eq!(value(0, "properties"), Value::Json(Json::parse("{\"k\":1}").unwrap()));
    assert_eq!(value(0, "caller"), Value::Missing);
    assert_eq!(value(1, "caller"), Value::text("x@y"));
    assert_eq!(events[0].body.get("Caller").map(Json::is_missing), None);
}

#[test]
fn tables_without_a_name_and_with_other_marks() {
    let rows = "TimeGenerated;EventName;EventSource;AwsEventId;ReadOnly\n2025-01-01T00:00:00Z;N;S;a;TRUE\n";
    assert_eq!(outcome(rows), (vec!["a".to_owned()], Vec::new()));
    assert_eq!(outcome(rows.replace(';', "\t")).0, ["a"]);
    let process = "Timestamp,DeviceName,FileName,FolderPath,ProcessCommandLine\n2025-01-01 00:00:00.123,h,aws,/usr/bin/aws,aws s3 ls\n";
    assert_eq!(outcome(process).0.len(), 1);
    let json = r#"{"TimeGenerated [UTC]":"2025-01-01T00:00:00Z","EventName":"N","EventSource":"S","AwsEventId":"a","Resources":"[1]"}"#;
    let (_, events) = read_bytes(json);
    assert_eq!((events[0].shape, &*events[0].id), (TABLE, "a"));
    assert!(matches!(events[0].body.get("Resources"), Some(Json::Array(_))));
}

#[test]
fn rows_of_other_tables_and_bad_rows_are_counted() {
    let rows = b"TimeGenerated,EventName,EventSource,AwsEventId,Type\n\
        2025-01-01T00:00:00Z,N,S,a,AWSCloudTrail\n\
        2025-01-01T00:00:00Z,N,S,b,Heartbeat\n\
        2025-01-01T00:00:00Z,N,S\n\
        2025-01-01T00:00:00Z,N\xff,S,c,AWSCloudTrail\n\
        2025-01-01T00:00:00Z,N\0,S,d,AWSCloudTrail\n\
        ,N,S,e,AWSCloudTrail\n\
        soon,N,S,f,AWSCloudTrail\n\
        2025-01-01T00:00:00Z,N,S,g,AWSCloudTrail\n\
        2025-01-01T00:00:00Z,N,\"S,h,AWSCloudTrail\n";
    let (ids, rejects) = outcome(rows);
    assert_eq!(ids, ["a", "g"]);
    insta::assert_snapshot!(rejects.join("\n"));
    let unknown = "TimeGenerated,Computer\n2025-01-01T00:00:00Z,h\n2025-01-01T00:00:00Z,i\n";
    assert_eq!(outcome(unknown).1.len(), 2);
    let local = "\"TimeGenerated [Local Time]\",EventName,EventSource\n1,2,3\n";
    assert_eq!(
        outcome(local).1,
        ["0: has times that are not in UTC (column `TimeGenerated [Local Time]`); export them in UTC"]
    );
}

#[test]
fn the_order_of_dates_is_found_from_the_whole_file() {
    let csv = |dates: &[&str]| {
        let row = |date: &&str| format!("\"{date}\",N,S\n");
        format!(
            "TimeGenerated [UTC],EventName,EventSource\n{}",
            dates.iter().map(row).collect::<String>()
        )
    };
    let none = Options::default();
    let day_first = csv(&["11/04/2025, 09:34:41.000", "21/04/2025, 09:45:54.000"]);
    assert_eq!(
        times(&day_first, &none).unwrap(),
        ["2025-04-11T09:34:41Z", "2025-04-21T09:45:54Z"]
    );
    let month_first = csv(&["4/2/2021, 12:00:00.000 AM", "4/28/2021, 12:00:00.000 PM"]);
    assert_eq!(
        times(&month_first, &none).unwrap(),
        ["2021-04-02T00:00:00Z", "2021-04-28T12:00:00Z"]
    );
    let same = csv(&["5/5/2021, 1:00:00 AM"]);
    assert_eq!(times(&same, &none).unwrap(), ["2021-05-05T01:00:00Z"]);
    let doubtful = csv(&["5/5/2021, 1:00:00 AM", "4/5/2021, 1:00:00 AM"]);
    let both = csv(&["13/1/2021, 1:00:00 AM", "1/13/2021, 1:00:00 AM"]);
    insta::assert_snapshot!(format!(
        "{}\n{}",
        times(&doubtful, &none).unwrap_err(),
        times(&both, &none).unwrap_err()
    ));
    let dmy = ordered(DateOrder::DayFirst);
    let mdy = ordered(DateOrder::MonthFirst);
    assert_eq!(times(&doubtful, &dmy).unwrap()[1], "2021-05-04T01:00:00Z");
    assert_eq!(times(&doubtful, &mdy).unwrap()[1], "2021-04-05T01:00:00Z");
    assert_eq!(times(&both, &mdy).unwrap(), ["2021-01-13T01:00:00Z"]);
    // A date far down decides for those at the top.
    let mut many = vec!["1/2/2021, 1:00:00 AM"; 5000];
    many.push("1/30/2021, 1:00:00 AM");
    assert_eq!(times(&csv(&many), &none).unwrap()[0], "2021-01-02T01:00:00Z");
    // Another column's dates decide too.
    let other =
        "TimeGenerated,SessionCreationDate [UTC],EventName,EventSource\n\"1/2/2021, 01:00\",\"1/30/2021, 01:00\",N,S\n";
    assert_eq!(times(other, &none).unwrap(), ["2021-01-02T01:00:00Z"]);
}

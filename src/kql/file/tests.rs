//! What files are read as.

use super::*;
use serde_json::json;

fn rows(text: &str) -> FileRows {
    match text.trim_start().starts_with(['{', '[']) {
        true => json("rows.json".into(), text),
        false => csv("rows.csv".into(), text),
    }
    .unwrap()
}

fn types(table: &Table) -> Vec<String> {
    table.columns.iter().map(|c| format!("{} {}", c.name, c.ty)).collect()
}

#[test]
fn a_watchlist_is_text_with_the_columns_of_the_service() {
    let list = rows("Address,Owner,Since\n10.0.0.1,red,2025-08-15\n10.0.0.2,,5\n");
    let (table, misfits) = watchlist_of(&[list], Some("Address"), 0, None).unwrap();
    assert_eq!(
        types(&table),
        [
            "_DTItemId string",
            "LastUpdatedTimeUTC datetime",
            "SearchKey string",
            "Address string",
            "Owner string",
            "Since string"
        ]
    );
    assert_eq!(misfits, Misfits::default());
    let rows = &table.to_json()["rows"];
    let updated = "1970-01-01T00:00:00.0000000Z";
    let ids = [rows[0][0].as_str().unwrap(), rows[1][0].as_str().unwrap()];
    assert!(ids[0] != ids[1] && ids[0].len() == 36, "{ids:?}");
    assert_eq!(
        rows[0],
        json!([ids[0], updated, "10.0.0.1", "10.0.0.1", "red", "2025-08-15"])
    );
    assert_eq!(rows[1], json!([ids[1], updated, "10.0.0.2", "10.0.0.2", "", "5"]));
}

/// A query that names a search key that nobody gave is refused rather than finding nothing.
#[test]
fn a_watchlist_has_a_search_key_where_there_is_one() {
    let (table, _) = watchlist_of(&[rows("Address\n10.0.0.1\n")], None, 0, None).unwrap();
    assert_eq!(table.column("SearchKey"), None);
    let export = r#"[{"SearchKey": 5, "_DTItemId": "i", "LastUpdatedTimeUTC": "2025-08-15T10:00:00Z", "n": true}]"#;
    let (table, _) = watchlist_of(&[rows(export)], None, 0, None).unwrap();
    assert_eq!(
        table.to_json()["rows"],
        json!([["i", "2025-08-15T10:00:00.0000000Z", "5", "true"]])
    );
}

#[test]
fn cells_get_the_type_of_their_column() {
    let known = Table::new([
        ("B", Type::Bool),
        ("I", Type::Int),
        ("L", Type::Long),
        ("R", Type::Real),
        ("D", Type::Datetime),
        ("T", Type::Timespan),
        ("G", Type::Guid),
        ("Y", Type::Dynamic),
        ("S", Type::String),
    ]);
    let guid = "74BE27DE-1E4E-49D9-B579-FE0B331D3642";
    let text = format!("B;I;L;R;D;T;G;Y;S\nTrue;5;-6;1.5e3;2025-08-15T10:00:00+02:00;1.00:00:01;{guid};[1,\"a\"];x\n");
    let (table, misfits) = table_of(
        &[rows(&text.replace(r#"[1,"a"]"#, r#""[1,""a""]""#))],
        Some(&known),
        None,
    )
    .unwrap();
    let expected = json!([[
        true,
        5,
        -6,
        1500.0,
        "2025-08-15T08:00:00.0000000Z",
        "1.00:00:01",
        guid.to_lowercase(),
        [1, "a"],
        "x"
    ]]);
    assert_eq!((&table.to_json()["rows"], misfits.cells), (&expected, 0));
    // What does not fit is null; text takes everything, and so does a dynamic.
    let wrong =
        r#"[{"B": "1", "I": 3000000000, "L": 1.5, "R": "x", "D": 5, "T": "x", "G": "x", "Y": "x", "S": {"a": 1}}]"#;
    let (table, misfits) = table_of(&[rows(wrong)], Some(&known), None).unwrap();
    let expected = json!([[null, null, null, null, null, null, null, "x", "{\"a\":1}"]]);
    assert_eq!((&table.to_json()["rows"], misfits.cells), (&expected, 7));
    assert_eq!(
        misfits.first.as_deref(),
        Some("rows.json: row 1: `1` in `B` is no bool")
    );
    // Missing cells are null and no misfits.
    let (table, misfits) = table_of(&[rows(r#"{"B": null, "D": "", "S": null}"#)], Some(&known), None).unwrap();
    let expected = json!([[null, null, null, null, null, null, null, null, ""]]);
    assert_eq!((&table.to_json()["rows"], misfits.cells), (&expected, 0));
}

#[test]
fn types_are_found_from_all_values() {
    for (values, expected) in [
        (r#"[{"a": 1}, {"a": 2}]"#, "a long"),
        (r#"[{"a": 1}, {"a": 2.5}]"#, "a real"),
        (r#"[{"a": true}, {}]"#, "a bool"),
        (r#"[{"a": true}, {"a": 1}]"#, "a dynamic"),
        (r#"[{"a": "5"}]"#, "a string"),
        (r#"[{"a": "2025-08-15"}, {"a": null}]"#, "a datetime"),
        (r#"[{"a": "2025"}]"#, "a string"),
        (r#"[{"a": "x"}, {"a": {"b": 1}}]"#, "a dynamic"),
        (r#"[{"a": "{}"}, {"a": "x"}]"#, "a string"),
        (r#"[{"a": "{\"b\":1}"}]"#, "a dynamic"),
        (r#"[{"a": null}]"#, "a string"),
        ("a,b\n1,\n-2,\n", "a long"),
        ("a,b\n1,\n0.5,\n", "a real"),
        ("a,b\n01,\n", "a string"),
        ("a,b\n1e5,\n", "a string"),
        ("a,b\nTRUE,\n", "a bool"),
        ("a,b\n99999999999999999999,\n", "a real"),
        ("a,b\n2025-08-15 10:00:00,\n", "a datetime"),
        ("a [UTC],b\n\"8/15/2025, 1:00:00 PM\",\n", "a datetime"),
    ] {
        let (table, _) = table_of(&[rows(values)], None, None).unwrap();
        assert_eq!(types(&table)[0], expected, "{values}");
    }
}

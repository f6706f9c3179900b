//! What the reference pages say, as queries and their rows.

use super::*;
use serde_json::json;

/// 2025-08-15T12:00:00Z
const NOW: i64 = 17_552_592_000_000_000;

fn database() -> Database {
    let mut database = Database::default();
    let mut table = Table::new([
        ("TimeGenerated", Type::Datetime),
        ("User", Type::String),
        ("N", Type::Long),
        ("Data", Type::String),
    ]);
    for (hours, user, n, data) in [
        (1, "a", Value::Long(1), r#"{"x":[1,2],"y":{"z":"q"}}"#),
        (2, "b", Value::Null, ""),
        (30, "A", Value::Long(5), "no json"),
    ] {
        let at = NOW + time::EPOCH - hours * time::HOUR;
        table
            .rows
            .push(vec![Value::Datetime(at), Value::text(user), n, Value::text(data)]);
    }
    database.add("T", table);
    database
}

fn run_text(text: &str) -> Result<serde_json::Value, KqlError> {
    let query = parse(text)?;
    let clock = Clock::new(NOW, Some(24 * time::HOUR)).unwrap();
    check(&query, &database(), clock)?;
    run(&query, &database(), clock).map(|table| table.to_json())
}

fn rows(text: &str) -> serde_json::Value {
    match run_text(text) {
        Ok(result) => result["rows"].clone(),
        Err(error) => panic!("{text}\n{error}"),
    }
}

/// The columns' names and the rows.
fn named(text: &str) -> (Vec<String>, serde_json::Value) {
    let result = run_text(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    let names = result["columns"].as_array().unwrap().iter();
    let names = names.map(|c| c["name"].as_str().unwrap().to_owned()).collect();
    (names, result["rows"].clone())
}

fn error(text: &str) -> String {
    run_text(text).map(|t| t.to_string()).unwrap_err().to_string()
}

/// The values that `print` gives for expressions.
fn prints(cases: &[(&str, serde_json::Value)]) {
    for (expression, expected) in cases {
        let found = rows(&format!("print {expression}"));
        assert_eq!(found[0][0], *expected, "{expression}");
    }
}

#[test]
fn three_valued_logic() {
    prints(&[
        ("long(null) == 5", json!(false)),
        ("long(null) != 5", json!(true)),
        ("long(null) == long(null)", json!(null)),
        ("long(null) != long(null)", json!(null)),
        ("long(null) < 5", json!(null)),
        ("long(null) + 5", json!(null)),
        ("long(null) between (1 .. 2)", json!(null)),
        ("long(null) in (5, 6)", json!(false)),
        ("long(null) !in (5, 6)", json!(true)),
        ("false and bool(null)", json!(false)),
        ("true and bool(null)", json!(null)),
        ("true or bool(null)", json!(true)),
        ("not(bool(null))", json!(null)),
        ("iff(bool(null), 1, 2)", json!(2)),
        ("isempty(\"\")", json!(true)),
        ("isempty(long(null))", json!(true)),
        ("isnull(\"\")", json!(false)),
        ("isempty(parse_json(\"[]\"))", json!(false)),
        ("coalesce(\"\", \"x\")", json!("x")),
        ("coalesce(long(null), 3)", json!(3)),
        ("tostring(long(null))", json!("")),
        ("tolong(\"x\")", json!(null)),
    ]);
    assert_eq!(rows("T | where N != 5 | count"), json!([[2]]));
    assert_eq!(rows("T | where not(N > 0) | count"), json!([[0]]));
    assert_eq!(rows("T | where not(N == 1) | project User"), json!([["b"]]));
}

#[test]
fn text() {
    prints(&[
        ("\"a\" == \"A\"", json!(false)),
        ("\"a\" =~ \"A\"", json!(true)),
        ("\"a\" !~ \"A\"", json!(false)),
        ("\"KustoExplorerQueryRun\" has \"Explorer\"", json!(false)),
        ("\"KustoExplorerQueryRun\" contains \"explorer\"", json!(true)),
        ("\"abc\" startswith_cs \"A\"", json!(false)),
        ("\"abc\" !endswith \"C\"", json!(false)),
        ("\"saws-cli x\" has \"aws-cli\"", json!(false)),
        ("\"x aws-cli/2\" has_any (\"q\", \"AWS-CLI\")", json!(true)),
        ("\"x y\" has_all (\"x\", \"z\")", json!(false)),
        ("\"x\" has_any (dynamic([\"y\", \"x\"]))", json!(true)),
        ("\"B\" in~ (\"a\", \"b\")", json!(true)),
        ("\"B\" !in~ (\"a\", \"b\")", json!(false)),
        ("\"GetX\" matches regex @\"^Get|List\"", json!(true)),
        ("strcat(\"a\", 1, true)", json!("a1true")),
        ("substring(\"123456\", 1, 2)", json!("23")),
        ("substring(\"123456\", -2, 2)", json!("56")),
        ("indexof(\"abcdefg\", \"cde\")", json!(2)),
        ("indexof(\"abc\", \"x\")", json!(-1)),
        ("split(\"aa_bb\", \"_\")", json!(["aa", "bb"])),
        ("split(\"aaa_bbb_ccc\", \"_\", 1)", json!(["bbb"])),
        ("tostring(split(\"a_b\", \"_\", 1)[0])", json!("b")),
        ("tostring(split(\"a_b\", \"_\", 2)[0])", json!("")),
        ("split(\"\", \"_\")", json!([""])),
        ("split(\"a__b\", \"_\")", json!(["a", "", "b"])),
        ("trim(@\"--\", \"--hello--\")", json!("hello")),
        ("trim_start(@\"[^\\w]+\", \"- -x-\")", json!("x-")),
        ("replace_string(\"aXbX\", \"X\", \"\")", json!("ab")),
        (
            "replace_regex(\"number is 1\", @\"is (\\d+)\", @\"was: \\1\")",
            json!("number was: 1"),
        ),
        ("extract(@\"x=([0-9]+)\", 1, \"hello x=45|\")", json!("45")),
        ("extract(@\"x=([0-9]+)\", 1, \"hello\")", json!("")),
        ("extract(@\"x=([0-9]+)\", 1, \"x=45\", typeof(long))", json!(45)),
        ("extract_all(@\"(\\d+)\", \"a1b22\")", json!(["1", "22"])),
        ("countof(\"aaa\", \"aa\")", json!(2)),
        ("strlen(\"häs\")", json!(3)),
        ("base64_encode_tostring(\"Kusto\")", json!("S3VzdG8=")),
        ("base64_decode_tostring(\"S3VzdG8=\")", json!("Kusto")),
        ("'a' 'b'", json!("ab")),
    ]);
}

#[test]
fn dynamics() {
    prints(&[
        ("parse_json(\"{\\\"a\\\":[1,{\\\"b\\\":2}]}\").a[1].b", json!(2)),
        ("dynamic({\"a\":{\"where\":3}}).a[\"where\"]", json!(3)),
        ("dynamic({\"a\":[1,2]}).['a'][-1]", json!(2)),
        ("dynamic([1,2])[5]", json!(null)),
        ("dynamic({\"a\":1}).A", json!(null)),
        ("parse_json(\"no json\")", json!("no json")),
        ("tostring(dynamic([1,\"x\"]))", json!("[1,\"x\"]")),
        ("gettype(parse_json(\"{}\"))", json!("dictionary")),
        ("gettype(dynamic(null))", json!("null")),
        ("array_length(dynamic({}))", json!(null)),
        ("array_length(dynamic([1,2]))", json!(2)),
        ("array_sort_asc(dynamic([\"b\",\"a\"]))", json!(["a", "b"])),
        ("pack_array(\"x\", 1)", json!(["x", 1])),
        ("bag_pack(\"x\", 1)", json!({"x": 1})),
        ("set_union(dynamic([1,2,2]), dynamic([3,1]))", json!([1, 2, 3])),
        ("set_difference(dynamic([1,2,2,3]), dynamic([3]))", json!([1, 2])),
        ("set_intersect(dynamic([1,2,2]), dynamic([2,4]))", json!([2])),
        ("set_has_element(dynamic([\"a\"]), \"a\")", json!(true)),
        ("array_concat(dynamic([1]), dynamic([2]))", json!([1, 2])),
        ("array_index_of(dynamic([\"a\",\"b\"]), \"b\")", json!(1)),
        ("coalesce(dynamic(null), dynamic([]))", json!([])),
    ]);
}

#[test]
fn numbers_and_times() {
    prints(&[
        ("1/2", json!(0)),
        ("1.0/2", json!(0.5)),
        ("-14 % 12", json!(10)),
        ("14 % -12", json!(2)),
        ("bin(4.5, 1)", json!(4.0)),
        ("bin(-5, 3)", json!(-6)),
        ("now()", json!("2025-08-15T12:00:00.0000000Z")),
        ("ago(1h)", json!("2025-08-15T11:00:00.0000000Z")),
        ("now() - ago(1d)", json!("1.00:00:00")),
        (
            "bin(datetime(2025-08-15 10:11:12), 1h)",
            json!("2025-08-15T10:00:00.0000000Z"),
        ),
        ("1d / 1h", json!(24.0)),
        (
            "startofday(datetime(2025-08-15 10:11:12), -1)",
            json!("2025-08-14T00:00:00.0000000Z"),
        ),
        (
            "startofweek(datetime(2025-08-15))",
            json!("2025-08-10T00:00:00.0000000Z"),
        ),
        (
            "endofmonth(datetime(2024-02-15))",
            json!("2024-02-29T23:59:59.9999999Z"),
        ),
        ("dayofweek(datetime(2025-08-15))", json!("5.00:00:00")),
        (
            "datetime_add(\"month\", 1, datetime(2025-01-31))",
            json!("2025-02-28T00:00:00.0000000Z"),
        ),
        (
            "datetime_diff(\"year\", datetime(2017-01-01), datetime(2000-12-31))",
            json!(17),
        ),
        (
            "datetime_diff(\"hour\", datetime(2017-10-31 01:00), datetime(2017-10-30 23:59))",
            json!(2),
        ),
        (
            "format_datetime(datetime(2025-08-05 14:03:02.5), \"yyyy-MM-dd HH:mm:ss.fff hh tt\")",
            json!("2025-08-05 14:03:02.500 02 PM"),
        ),
        (
            "todatetime(\"2025-08-15T10:00:00Z\") between (datetime(2025-08-15) .. 10h)",
            json!(true),
        ),
        ("totimespan(\"0.00:01:00\")", json!("00:01:00")),
        ("max_of(1, 2.5)", json!(2.5)),
        ("min_of(now(), ago(1d)) == ago(1d)", json!(true)),
        ("toreal(\"1e3\")", json!(1000.0)),
        ("toint(\"5000000000\")", json!(null)),
        ("tobool(\"TRUE\")", json!(true)),
    ]);
}

#[test]
fn addresses() {
    prints(&[
        ("ipv4_is_private(\"192.168.2.1/24\")", json!(true)),
        ("ipv4_is_private(\"127.0.0.1\")", json!(false)),
        ("ipv4_is_private(\"x.amazonaws.com\")", json!(null)),
        ("ipv4_is_in_range(\"192.168.1.6\", \"192.168.1.1/24\")", json!(true)),
        ("ipv4_is_in_range(\"192.168.1.1\", \"192.168.2.1/24\")", json!(false)),
        (
            "ipv6_is_in_range(\"a5e:f127:8a9d:146d:e102:b5d3:c755:abcd\", \"a5e:f127:8a9d:146d:e102:b5d3:c755:0000/112\")",
            json!(true),
        ),
        (
            "parse_ipv6(\"192.168.255.255/24\")",
            json!("0000:0000:0000:0000:0000:ffff:c0a8:ff00"),
        ),
        ("parse_ipv6(\"x\")", json!("")),
        ("ipv6_is_in_range(\"10.0.0.1\", \"2001:db8::/32\")", json!(false)),
        ("parse_ipv4(\"192.1.168.1\")", json!(3221334017_i64)),
        ("parse_url(\"https://u:p@h.com:8080/a/b?k=v#f\").Host", json!("h.com")),
        ("parse_url(\"https://h.com/a\")[\"Path\"]", json!("/a")),
    ]);
}

#[test]
fn tabular_operators() {
    // The period hides the row of 30 hours ago.
    assert_eq!(rows("T | project User | sort by User asc"), json!([["a"], ["b"]]));
    assert_eq!(
        rows("T | extend N = N + 1, M = N | where User == 'a' | project N, M"),
        json!([[2, 1]])
    );
    let (names, found) = named("datatable(a:long, ab:long, b:string)[1,2,'x'] | project-away a*");
    assert_eq!((names, found), (vec!["b".to_owned()], json!([["x"]])));
    let (names, _) = named("print a1=1, b14x=2, c=3 | project-away *14*");
    assert_eq!(names, ["a1", "c"]);
    let (names, _) = named("print a=1, b=2, c=3 | project-reorder c, *");
    assert_eq!(names, ["c", "a", "b"]);
    let (names, _) = named("print a=1, b=2 | project-rename z=a");
    assert_eq!(names, ["z", "b"]);
    assert_eq!(rows("range x from 1 to 7 step 3"), json!([[1], [4], [7]]));
    assert_eq!(rows("range x from 1 to 3 step 1 | top 2 by x"), json!([[3], [2]]));
    assert_eq!(
        rows("range x from 1 to 3 step 1 | serialize n=row_number(), p=prev(x), q=next(x, 1, 0)"),
        json!([[1, 1, null, 2], [2, 2, 1, 3], [3, 3, 2, 0]])
    );
    assert_eq!(
        rows("datatable(a:string)['x','x','X'] | distinct a"),
        json!([["x"], ["X"]])
    );
    assert_eq!(
        rows("print s='a=1;b=xy;' | parse s with 'a=' a:long ';b=' b ';' * | project a, b"),
        json!([[1, "xy"]])
    );
    assert_eq!(
        rows("let f=(t:(x:long), n:long=2){ t | where x > n }; range x from 1 to 4 step 1 | invoke f(3)"),
        json!([[4]])
    );
    assert_eq!(
        rows("let f=(a:long, b:long){ let c = a * 2; c + b }; range x from 1 to 2 step 1 | extend y=f(x, 1)"),
        json!([[1, 3], [2, 5]])
    );
    assert_eq!(
        rows("let V = view () { print x=1 }; union V, (print x=2) | sort by x asc"),
        json!([[1], [2]])
    );
    assert_eq!(
        rows("let m = toscalar(range x from 1 to 3 step 1 | summarize max(x)); print m"),
        json!([[3]])
    );
    assert_eq!(
        rows("T | where User in ((datatable(u:string)['a'])) | count"),
        json!([[1]])
    );
    let (names, found) = named("union withsource=S kind=outer (print a=1), (print a='x', b=2)");
    assert_eq!(names, ["S", "a_long", "a_string", "b"]);
    assert_eq!(
        found,
        json!([["union_arg0", 1, "", null], ["union_arg1", null, "x", 2]])
    );
}

#[test]
fn summarizing() {
    let (names, found) = named(
        "datatable(k:string, v:long)['a',1,'a',long(null),'b',3] | summarize count(), sum(v), make_set(v), m=max(v) by k",
    );
    assert_eq!(names, ["k", "count_", "sum_v", "set_v", "m"]);
    assert_eq!(found, json!([["a", 2, 1, [1], 1], ["b", 1, 3, [3], 3]]));
    assert_eq!(
        rows("T | where false | summarize count(), sum(N), make_set(N), min(N), dcount(User), arg_max(N, User)"),
        json!([[0, 0, [], null, 0, null, ""]])
    );
    assert_eq!(rows("T | where false | summarize count() by User"), json!([]));
    let (names, found) =
        named("datatable(k:string, t:long, v:string)['a',1,'x','a',2,'y'] | summarize arg_max(t, *) by k");
    assert_eq!(
        (names, found),
        (vec!["k".into(), "t".into(), "v".into()], json!([["a", 2, "y"]]))
    );
    let (names, _) = named("T | summarize arg_max(TimeGenerated, User) by bin(TimeGenerated, 1h)");
    assert_eq!(names, ["TimeGenerated", "TimeGenerated1", "User"]);
    assert_eq!(
        rows("datatable(v:long)[1,2,3] | summarize x=countif(v > 1) * 10 + count(), avg(v)"),
        json!([[23, 2.0]])
    );
    assert_eq!(
        rows("datatable(v:string)['a','','a'] | summarize dcount(v), make_set(v), count_distinctif(v, isnotempty(v))"),
        json!([[2, ["a", ""], 1]])
    );
    assert_eq!(
        rows("datatable(v:string)['a','b'] | summarize make_set_if(v, v == 'a'), take_any(v)"),
        json!([[["a"], "a"]])
    );
    assert_eq!(
        rows("datatable(a:string)['x','y','x'] | summarize by a"),
        json!([["x"], ["y"]])
    );
}

#[test]
fn joining() {
    let tables = "let L = datatable(k:string, a:long)['x',1,'x',2,'y',3,'',4]; let R = datatable(k:string, b:long)['x',10,'z',30,'',40];";
    let (names, found) = named(&format!("{tables} L | join kind=inner R on k | sort by a asc"));
    assert_eq!(names, ["k", "a", "k1", "b"]);
    assert_eq!(found, json!([["x", 1, "x", 10], ["x", 2, "x", 10], ["", 4, "", 40]]));
    let count = |kind: &str| rows(&format!("{tables} L | join {kind} R on k | count"))[0][0].clone();
    assert_eq!(count(""), json!(2));
    assert_eq!(count("kind=leftouter"), json!(4));
    assert_eq!(count("kind=rightouter"), json!(4));
    assert_eq!(count("kind=fullouter"), json!(5));
    assert_eq!(count("kind=leftsemi"), json!(3));
    assert_eq!(count("kind=leftanti"), json!(1));
    assert_eq!(count("kind=rightanti"), json!(1));
    let (names, found) = named(&format!("{tables} L | where a == 3 | lookup R on k"));
    assert_eq!(
        (names, found),
        (vec!["k".into(), "a".into(), "b".into()], json!([["y", 3, null]]))
    );
    let found = rows(&format!(
        "{tables} L | join kind=inner (R | project q=k, b) on $left.k == $right.q | count"
    ));
    assert_eq!(found, json!([[3]]));
    assert_eq!(
        rows("datatable(n:long)[long(null)] | join kind=inner (datatable(n:long)[long(null)]) on n | count"),
        json!([[0]])
    );
}

#[test]
fn expanding() {
    let data = "let D = datatable(k:string, v:dynamic)['a', dynamic([1,2]), 'b', dynamic([]), 'c', dynamic(null), 'd', dynamic({\"p\":1,\"q\":2})];";
    assert_eq!(
        rows(&format!("{data} D | mv-expand v")),
        json!([["a", 1], ["a", 2], ["c", null], ["d", {"p": 1}], ["d", {"q": 2}]])
    );
    assert_eq!(
        rows(&format!(
            "{data} D | where k == 'a' | mv-expand v to typeof(string), w=dynamic([9])"
        )),
        json!([["a", "1", 9], ["a", "2", null]])
    );
    assert_eq!(
        rows(&format!("{data} D | where k == 'a' | mv-expand with_itemindex=i v")),
        json!([["a", 1, 0], ["a", 2, 1]])
    );
    assert_eq!(
        rows(&format!(
            "{data} D | mv-apply x=v to typeof(long) on (summarize s=sum(x)) | project k, s"
        )),
        json!([["a", 3], ["b", 0], ["c", 0], ["d", 0]])
    );
    assert_eq!(
        rows("T | where User == 'a' | mv-expand x = parse_json(Data).x | project x"),
        json!([[1], [2]])
    );
}

#[test]
fn adjacent_literals_warn() {
    let query = parse("T\n| where User in ('a''b')").unwrap();
    assert_eq!(query.warnings().len(), 1);
    assert!(
        query.warnings()[0]
            .to_string()
            .starts_with("2:18: string literals side by side")
    );
}

#[test]
fn no_text_makes_it_panic_or_hang() {
    let mut texts = vec![
        "(".repeat(20_000),
        "[".repeat(20_000),
        format!("print {}", "-".repeat(20_000)),
        format!("print x = dynamic({})", "[".repeat(20_000)),
        format!("print {}1", "1 + ".repeat(20_000)),
        format!("print true{}", " and true".repeat(10_000)),
        format!("print x{}", ".a".repeat(20_000)),
        format!("print {}1{}", "abs(".repeat(59), ")".repeat(59)),
        "let a = print x=1; ".to_owned() + &(0..40).map(|i| format!("let b{i} = ")).collect::<String>(),
        "\u{0}".to_owned(),
        "print 'é' | where ü".to_owned(),
        "range x from 1 to 100 step 1 | extend k=1 | join kind=inner (range x from 1 to 100 step 1 | extend k=1) on k | count".to_owned(),
    ];
    // Chains in brackets in chains: short of every limit but deep together.
    let mut deep = "N".to_owned();
    for _ in 0..27 {
        deep = format!("({deep}){}", "+1".repeat(199));
    }
    for head in [
        "summarize x =",
        "serialize | scan with (step a: 0 <",
        "extend",
        "search",
    ] {
        texts.push(format!("T | {head} {deep}"));
    }
    // Functions that double their work each.
    let mut doubling = "let f0 = (x:long){ x + x };".to_owned();
    for i in 1..40 {
        doubling.push_str(&format!("let f{i} = (x:long){{ f{}(x) + f{}(x) }};", i - 1, i - 1));
    }
    texts.push(doubling + "print f9(1)");
    let mut chain = "let f0 = (x:long){ x };".to_owned();
    for i in 1..3000 {
        chain.push_str(&format!("let f{i} = (x:long){{ f{}(x) }};", i - 1));
    }
    texts.push(chain + "print f2999(1)");
    for text in &texts {
        let _ = run_text(text);
    }
    // Every prefix of a query, and every query with a word gone.
    let query = "let a = dynamic(['x', \"y\"]); T | where User in~ (a) and N between (1 .. 5) | extend p = parse_json(Data).x[-1], q = case(N > 1, 'a', 'b') | summarize c = count(), make_set(q) by User, bin(TimeGenerated, 1h) | join kind=inner (T) on User | mv-expand x = set_c to typeof(string)";
    for end in 0..query.len() {
        let _ = run_text(&query[..end]);
    }
    let words: Vec<&str> = query.split(' ').collect();
    for gone in 0..words.len() {
        let mut rest = words.clone();
        rest.remove(gone);
        let _ = run_text(&rest.join(" "));
    }
}

#[test]
fn it_shares_nothing_with_the_compiler() {
    let forbidden = [
        "targets",
        "plan",
        "check",
        "evaluate",
        "runtime",
        "functions",
        "resolve",
        "syntax",
        "compile",
        "testing",
    ];
    let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/kql")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            for module in forbidden {
                assert!(
                    !text.contains(&["crate::", module].concat()),
                    "{}: imports {module}",
                    path.display()
                );
                assert!(
                    !text.contains(&["tripline::", module].concat()),
                    "{}: imports {module}",
                    path.display()
                );
            }
        }
    }
    assert!(files > 20);
}

#[test]
fn a_run_sees_its_period() {
    let query = parse("T | summarize by TimeGenerated").unwrap();
    let hour = time::HOUR;
    for (now, period, expected) in [
        (NOW, None, 3),
        (NOW, Some(hour), 0),
        (NOW, Some(hour + 1), 1),
        (NOW - hour, Some(hour), 1),
        (NOW - hour - 1, Some(48 * hour), 2),
    ] {
        let clock = Clock::new(now, period).unwrap();
        assert_eq!(
            run(&query, &database(), clock).unwrap().rows.len(),
            expected,
            "{now} {period:?}"
        );
    }
    assert!(Clock::new(i64::MAX, None).is_none());
    assert!(error("T | where ingestion_time() > ago(1h)").contains("_IngestionTime"));
    assert_eq!(
        rows("print _IngestionTime = ago(1h) | where ingestion_time() < now() | count"),
        json!([[1]])
    );
}

#[cfg(feature = "input")]
#[test]
fn events_become_rows() {
    use crate::input::{Event, Place};
    use crate::source::{Catalog, FIELDS};
    use crate::value::{Json, Time};
    let catalog = Catalog::builtin().unwrap();
    let body = r#"{"eventName":"PutObject","errorCode":"","requestParameters":{"bucketName":"b"},"readOnly":true}"#;
    let event = Event {
        source: catalog.find("aws.cloudtrail").unwrap(),
        shape: FIELDS,
        body: Json::parse(body).unwrap(),
        time: Some(Time(NOW)),
        id: "e".into(),
        place: Place::default(),
    };
    let mut workspace = Database::default();
    workspace.add("AWSCloudTrail", Table::new([("Extra", Type::Long)]));
    let database = super::database(&catalog, workspace, [&event]);
    let text = "AWSCloudTrail | project TimeGenerated, EventName, ErrorCode, b = parse_json(RequestParameters).bucketName, \
                UserAgent, ReadOnly, ManagementEvent, Extra";
    let table = run(&parse(text).unwrap(), &database, Clock::new(NOW, None).unwrap()).unwrap();
    assert_eq!(
        table.to_json()["rows"],
        json!([[
            "2025-08-15T12:00:00.0000000Z",
            "PutObject",
            "",
            "b",
            "",
            true,
            null,
            null
        ]])
    );
    assert!(database.get("AzureActivity").unwrap().rows.is_empty());
}

mod grammar;
mod mutations;
mod refusals;
mod shapes;
mod texts;
mod windows;

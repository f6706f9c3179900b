//! Statements, literals, forms of expressions, and what a check knows without data.

use super::*;

fn columns(text: &str) -> Vec<String> {
    let columns = check_text(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    columns
        .iter()
        .map(|column| format!("{}:{}", column.name, column.ty))
        .collect()
}

fn check_text(text: &str) -> Result<Vec<Column>, KqlError> {
    check(&parse(text)?, &database(), Clock::new(NOW, None).unwrap())
}

#[test]
fn statements() {
    assert_eq!(
        rows("declare query_parameters(n:long = 2, s:string = 'x'); set notruncation; print n, s;"),
        json!([[2, "x"]])
    );
    assert_eq!(
        rows("let f = (T:(N:long), least:long = 2) { let m = least; T | where N >= m | count }; T | invoke f()"),
        json!([[0]])
    );
    assert_eq!(
        rows("let f = () { 5 }; print a = f, b = f() // the end"),
        json!([[5, 5]])
    );
    assert_eq!(rows("1 + 1"), json!([[2]]));
    assert_eq!(
        rows("T | where N == 1 | count | render piechart with (title='x', ycolumns=N, User)"),
        json!([[1]])
    );
    let query = parse("set querytrace; T").unwrap();
    assert!(query.warnings()[0].message.contains("`querytrace` has no effect"));
    for (text, expected) in [
        ("declare query_parameters(n:long); print n", "has no value here"),
        ("set query_take_max_records = 5; T", "changes the rows"),
        (
            "alias database x = cluster('y'); T",
            "the statement `alias` is not supported",
        ),
        ("T | count; T | take 1", "a query has one result"),
        (
            "T | count\n\nT | take 1",
            "3:1: expected `|` or the end, found `T`: a query has one result",
        ),
        ("let f = () { f() }; print f()", "there is no function `f`"),
        ("let f = (T:(Q:long)) { T }; f(T)", "wants a column `Q`"),
        ("let f = (T:(N:string)) { T }; f(T)", "of type string, here it is long"),
        ("let x = Q; T", "there is no table `Q`"),
        ("T | invoke g()", "there is no function `g` to invoke"),
        (".show tables", "a management command"),
        ("Tt | count", "there is no table `Tt`; did you mean `T`?"),
        (
            "T | extend x = strcatt(User)",
            "there is no function `strcatt`; did you mean `strcat`?",
        ),
        (
            "T | extend x = series_decompose(N)",
            "the function `series_decompose` is not supported",
        ),
        ("g(1) | count", "there is no table function `g`"),
        ("T | project Usr", "did you mean `User`?"),
        ("T | render piechart | where N > 1", "`render` ends a query"),
    ] {
        let found = error(text);
        assert!(found.contains(expected), "{text}: {found}");
    }
}

#[test]
fn literals_and_forms() {
    prints(&[
        ("datetime(2025, 6, 14)", json!("2025-06-14T00:00:00.0000000Z")),
        ("datetime(2025 - 06 - 14)", json!("2025-06-14T00:00:00.0000000Z")),
        ("datetime(null)", json!(null)),
        ("timespan(1.02:03:04)", json!("1.02:03:04")),
        ("time(1d) + 1microsecond", json!("1.00:00:00.0000010")),
        ("1.5e3 + 0x1F", json!(1531.0)),
        ("long(-5) + int(2)", json!(-3)),
        ("+5 - -5", json!(10)),
        ("h'x' ~~~y~~~ ```z```", json!("xyz")),
        (
            "dynamic({a: [datetime(2020-01-01), -1d, null, true], \"b\": {}}).a[1]",
            json!("-1.00:00:00"),
        ),
        ("dynamic({\"x\":{\"y z\":[1]}}).x.[\"y z\"][0]", json!(1)),
        ("dynamic({\"x\":[1]})[\"x\"][-1]", json!(1)),
        ("5 between (1 .. 5)", json!(true)),
        ("5 !between (1..4)", json!(true)),
        ("datetime(2025-01-02) between (datetime(2025-01-01) .. 1d)", json!(true)),
        ("'a' in ((datatable(x:string)['a','b']))", json!(true)),
        ("'x y' has_any (dynamic(['q','Y']))", json!(true)),
        ("'abc' !has_cs 'AB'", json!(true)),
        ("True or FALSE", json!(true)),
        ("iff(true, 1, 'x')", json!(1)),
        ("dynamic(null) + 1", json!(null)),
    ]);
    assert_eq!(
        rows(
            "datatable(['a b']:long, where:string, _x:bool, 4x:int)[-1, 'w', true, 4] | project ['a b'], where, _x, 4x"
        ),
        json!([[-1, "w", true, 4]])
    );
    assert_eq!(rows("\u{feff}print\u{a0}1\r\n// x\r\n| extend y = 2"), json!([[1, 2]]));
    assert!(
        parse("print\u{202f}1").unwrap().warnings()[0]
            .message
            .contains("U+202F")
    );
    for (text, expected) in [
        ("print \u{201c}x\u{201d}", "a printed quotation mark"),
        ("print \u{200b}1", "U+200B"),
        ("print dynamic(5) + 1", "`+` of a dynamic that is not null"),
        ("print 'a' == 1", "comparing a string with a long"),
        ("T | where User == 1 and N == 'x'", "comparing a string with a long"),
        ("print '1' > 0", "`>` cannot take string and long"),
        (
            "let f = (x:string) { x }; print f(dynamic(5))",
            "a long in a dynamic where string is needed",
        ),
    ] {
        let found = error(text);
        assert!(found.contains(expected), "{text}: {found}");
    }
}

#[test]
fn a_check_knows_what_only_data_know() {
    let watch = "_GetWatchlist('vip') | where Level > 3 and Name has 'x' | project Name, Level, l = tolong(Level)";
    assert_eq!(columns(watch), ["Name:unknown", "Level:unknown", "l:long"]);
    assert!(
        run_text(watch)
            .unwrap_err()
            .message
            .contains("--watchlist vip=FILE.csv")
    );
    assert_eq!(
        columns(
            "T | extend d = parse_json(Data) | evaluate bag_unpack(d) | summarize c = count(), s = sum(q), make_set(r) by z, bin(t, 1h)"
        ),
        ["z:unknown", "t:unknown", "c:long", "s:unknown", "set_r:unknown"]
    );
    assert_eq!(
        columns(
            "let w = externaldata(ip:string, n:long)[@'https://x/y.csv'] with (format='csv', ignoreFirstRecord=true); \
                 T | where User in ((w | project ip)) | join kind=inner (w) on $left.User == $right.ip | project ip, n"
        ),
        ["ip:string", "n:long"]
    );
    assert!(error("externaldata(a:string)['x'] | count").contains("nothing is fetched"));
    assert_eq!(columns("T | where ingestion_time() > ago(1h) | project N"), ["N:long"]);
    assert_eq!(
        columns("T | invoke FileProfile('SHA1') | project N, GlobalPrevalence"),
        ["N:long", "GlobalPrevalence:unknown"]
    );
    assert_eq!(
        columns(
            "_GetWatchlist('v') | extend a = x + 1, b = iff(y, 1, 2), c = x == 1, d = -x, e = strcat(x, y), f = max_of(x, 2) \
                 | join kind=leftouter T on $left.x == $right.N | where e has y | project a, b, c, d, e, f, User"
        ),
        [
            "a:unknown",
            "b:long",
            "c:bool",
            "d:unknown",
            "e:string",
            "f:long",
            "User:string"
        ]
    );
    assert_eq!(
        columns("T | take toscalar(T | count) | top toscalar(T | count) by N | project N"),
        ["N:long"]
    );
    // A name that nothing has is still an error where all columns are known.
    assert!(check_text("T | evaluate bag_unpack(Data) : (a:long)").is_err());
    assert!(check_text("_GetWatchlist('v') | project a | where b == 1").is_err());
    // Running knows all columns.
    let mut database = database();
    let mut table = Table::new([("a", Type::String)]);
    table.rows.push(vec![Value::text("x")]);
    database.add_watchlist("v", table);
    let query = parse("_GetWatchlist('v') | project a").unwrap();
    assert_eq!(
        run(&query, &database, Clock::new(NOW, None).unwrap())
            .unwrap()
            .to_json()["rows"],
        json!([["x"]])
    );
    let query = parse("_GetWatchlist('v') | project b").unwrap();
    assert!(run(&query, &database, Clock::new(NOW, None).unwrap()).is_err());
}

#[test]
fn expansions() {
    let bag = "print k=1, d=dynamic({\"p\":1,\"q\":2})";
    assert_eq!(
        rows(&format!("{bag} | mv-expand kind=array d | project d[0], d[1]")),
        json!([["p", 1], ["q", 2]])
    );
    assert_eq!(
        rows(&format!("{bag} | mv-expand bagexpansion=bag d | count")),
        json!([[2]])
    );
    assert_eq!(
        rows(
            "print a=dynamic([5,6,7]) | mv-apply with_itemindex=i x=a to typeof(long) on (where i >= 1 | project i, x) | project i, x"
        ),
        json!([[1, 6], [2, 7]])
    );
    assert_eq!(rows("print s='a,b' | mv-expand split(s, ',')"), json!([["a"], ["b"]]));
    assert_eq!(rows("print x = range(1, 200) | mvexpand x | count"), json!([[128]]));
    assert!(error(&format!("{bag} | mv-expand kind=pairs d")).contains("`bag` or `array`"));
}

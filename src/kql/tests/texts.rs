//! `parse`, `parse-kv`, `search`, `find`, `union`.

use super::*;

#[test]
fn parse_in_its_kinds() {
    let line = "print s='Event: name=Pipe, total=27, at=2016-02-17 08:40:01 end' | parse ";
    let parsed = |rest: &str| rows(&format!("{line} {rest} | project-away s"));
    assert_eq!(
        parsed("s with * 'name=' n ', total=' t:long ',' *"),
        json!([["Pipe", 27]])
    );
    assert_eq!(
        parsed("s with * 'at=' at:datetime ' end'"),
        json!([["2016-02-17T08:40:01.0000000Z"]])
    );
    // Strict: one column that does not fit empties all; relaxed empties that one.
    assert_eq!(
        parsed("s with * 'name=' n:long ', total=' t:long ',' *"),
        json!([[null, null]])
    );
    assert_eq!(
        parsed("kind=relaxed s with * 'name=' n:long ', total=' t:long ',' *"),
        json!([[null, 27]])
    );
    assert_eq!(
        parsed("kind=regex s with * @'name=' n ',' *"),
        json!([["Pipe, total=27"]])
    );
    assert_eq!(
        parsed("kind=regex flags=Ui s with * @'NAME=' n ',' *"),
        json!([["Pipe"]])
    );
    assert_eq!(parsed("kind=regex s with * @'t[a-z]+=' t:long '.*'"), json!([[27]]));
    assert_eq!(rows("print s='x' | parse-where s with 'y' z | count"), json!([[0]]));
    for (text, expected) in [
        ("T | parse N with 'x' y", "`parse` reads a string"),
        ("T | parse kind=loose User with y", "no kind `loose`"),
        (
            "T | parse kind=regex flags=q User with y",
            "the flags `q` are not known",
        ),
        ("T | parse kind=regex User with '(' y", "not a regular expression"),
        (
            "print s='abc' | parse kind=regex s with 'b' x:string 'c' | where x == 'q'",
            "must fit the whole text",
        ),
        ("T | parse User with", "expected a pattern"),
    ] {
        let found = error(text);
        assert!(found.contains(expected), "{text}: {found}");
    }
}

#[test]
fn pairs_of_keys_and_values() {
    let read = |text: &str, keys: &str, options: &str| {
        rows(&format!(
            "print s={text} | parse-kv s as ({keys}) {options} | project-away s"
        ))
    };
    let delimited = "with (pair_delimiter=' ', kv_delimiter='='";
    assert_eq!(
        read(
            "'id:45, on:Node1, Text: is up, id:46'",
            "Text:string, id:long, no:string",
            "with (pair_delimiter=',', kv_delimiter=':')"
        ),
        json!([["is up", 45, ""]])
    );
    assert_eq!(
        read(
            "'a=1 f=\"x y\" \"b c\"=2'",
            "['b c']:long, f:string, a:long",
            &format!("{delimited}, quote='\"')")
        ),
        json!([[2, "x y", 1]])
    );
    assert_eq!(
        read(
            "'a=(x y) (b)=2'",
            "a:string, b:long",
            &format!("{delimited}, quote='()')")
        ),
        json!([["x y", 2]])
    );
    assert_eq!(
        read(
            "@'a=\"x \\\"y\\\"\" b=2'",
            "a:string, b:long",
            &format!("{delimited}, quote='\"', escape='\\\\')")
        ),
        json!([["x \"y\"", 2]])
    );
    let names = "'name=John Doe phone=555 5555'";
    assert_eq!(
        read(names, "name:string, phone:string", &format!("{delimited})")),
        json!([["John", "555"]])
    );
    assert_eq!(
        read(
            names,
            "name:string, phone:string",
            &format!("{delimited}, greedy=true)")
        ),
        json!([["John Doe", "555 5555"]])
    );
    assert_eq!(
        read(
            "'10 [INFO] Id:4587, On:Node1; Text: Started'",
            "Text:string, Id:long",
            ""
        ),
        json!([["Started", 4587]])
    );
    assert_eq!(
        read(
            "'<a>1</a><b>x y</b><a>2</a>'",
            "a:long, b:string",
            "with (regex=@'<(\\w)>([^<]*)<')"
        ),
        json!([[1, "x y"]])
    );
    for (rest, expected) in [
        ("with (pair_delimiter=',')", "takes both"),
        ("with (regex='x')", "needs two groups"),
        ("with (quote='abc')", "cannot be a text of that length"),
        ("with (color='x')", "no option `color`"),
    ] {
        let found = error(&format!("T | parse-kv User as (a:string) {rest}"));
        assert!(found.contains(expected), "{rest}: {found}");
    }
    let found = error(
        "print s='a=1 x z=2' | parse-kv s as (a:string) with (pair_delimiter=' ', kv_delimiter='=', greedy=true)",
    );
    assert!(found.contains("a key that is not listed"), "{found}");
}

#[test]
fn searching() {
    let data = "let L = view () { datatable(a:string, b:string, n:long)['Green tea','x',1,'evergreen','Deluxe',22] };";
    for (predicate, expected) in [
        ("'green'", 1),
        ("'*green'", 2),
        ("'gre*'", 1),
        ("'*green*'", 2),
        ("'g*n'", 1),
        ("b:'deluxe'", 1),
        ("b == 'deluxe'", 0),
        ("a matches regex '^ever'", 1),
        ("'green' or 'deluxe' and n > 5", 2),
        ("not('green')", 1),
        ("*", 2),
    ] {
        assert_eq!(
            rows(&format!("{data} search in (L) {predicate} | count")),
            json!([[expected]]),
            "{predicate}"
        );
        assert_eq!(
            rows(&format!("{data} L | search {predicate} | count")),
            json!([[expected]]),
            "{predicate}"
        );
    }
    assert_eq!(
        rows(&format!("{data} search kind=case_sensitive in (L) 'green' | count")),
        json!([[0]])
    );
    assert_eq!(
        rows(&format!("{data} search in (L) 'tea'")),
        json!([["L", "Green tea", "x", 1]])
    );
    assert_eq!(rows(&format!("{data} L | where * has 'deluxe' | count")), json!([[1]]));
    assert!(error(&format!("{data} L | where * has '22'")).contains("whether `*` looks into a long"));
    assert!(error("search in (T, Q) 'x'").contains("there is no table `Q`"));
    assert_eq!(
        rows("let A = view () { print x='q', y=1 }; find in (A, T) where x == 'q' or User == 'b' project x, User"),
        json!([["A", "q", ""], ["T", "", "b"]])
    );
    assert!(error("find in (T) where N > 1").contains("not run"));
    assert!(error("find User == 'x'").contains("over all tables"));
}

#[test]
fn unions_name_their_tables() {
    assert_eq!(
        rows("range x from 1 to 2 step 1 | as A | union withsource=s (print x=long(3) | as B)"),
        json!([["A", 1], ["A", 2], ["B", 3]])
    );
    let views = "let V1 = view () { print x=1 }; let V2 = view () { print x=toint(2) }; let V3 = view () { print x_long=3 }; let W = () { print x=9 };";
    let (names, _) = named(&format!("{views} union withsource=s V1, V2, V3"));
    assert_eq!(names, ["s", "x_long1", "x_int", "x_long"]);
    assert_eq!(rows(&format!("{views} union V*, W | count")), json!([[4]]));
    assert_eq!(
        rows(&format!(
            "{views} union isfuzzy=true V1, (Gone | where x > 1), Gone*, lost() | count"
        )),
        json!([[1]])
    );
    for (text, expected) in [
        ("union isfuzzy=true Gone, Lost", "there is no table `Gone`"),
        ("union Z*", "no table of the pattern `Z*`"),
        ("union workspace('x').T, T", "`workspace(...)` is not supported"),
        (
            "cluster('x').database('y').T | count",
            "`cluster(...)` is not supported",
        ),
    ] {
        let found = error(text);
        assert!(found.contains(expected), "{text}: {found}");
    }
    assert!(
        parse("union T*").unwrap().warnings()[0]
            .message
            .contains("a workspace may have more")
    );
}

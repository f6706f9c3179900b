//! `make-series`, plugins, `top-nested` and other operators that change the shape of a table.

use super::*;

#[test]
fn series_as_on_its_page() {
    let data = "datatable(t:datetime, m:real)[datetime(2016-12-31T06:00), 50, datetime(2017-01-01), 4, \
                datetime(2017-01-03), 4, datetime(2017-01-03T03:00), 6, datetime(2017-01-04), 9]";
    let found = rows(&format!(
        "{data} | make-series avg(m) on t from datetime(2017-01-01) to datetime(2017-01-04) step 1d"
    ));
    assert_eq!(found[0][0], json!([4.0, 0.0, 5.0]));
    assert_eq!(found[0][1][2], json!("2017-01-03T00:00:00.0000000Z"));
    // The end of the older form counts.
    let (names, found) = named(&format!(
        "{data} | make-series c=count(), s=sum(m) default=-1.5 on t in range(datetime(2017-01-01), datetime(2017-01-04), 1d)"
    ));
    assert_eq!(names, ["c", "s", "t"]);
    assert_eq!(found[0][0], json!([1, 0, 2, 1]));
    assert_eq!(found[0][1], json!([4.0, -1.5, 10.0, 9.0]));
    let empty = "datatable(t:datetime)[] | make-series ";
    let range = "on t from datetime(2017-01-01) to datetime(2017-01-03) step 1d";
    assert_eq!(rows(&format!("{empty} count() {range}")), json!([]));
    assert_eq!(
        rows(&format!(
            "{empty} kind=nonempty count() default=1 {range} | project count_"
        )),
        json!([[[1, 1]]])
    );
    // Each series begins and ends where it has data.
    assert_eq!(
        rows("datatable(k:string, n:long)['a',0,'a',25,'b',10] | make-series c=count() on n step 10 by k"),
        json!([["a", [1, 0, 1], [0, 10, 20]], ["b", [1], [10]]])
    );
    assert_eq!(
        rows("datatable(k:string, n:long)['a',5] | make-series c=-1 default=-2 on n from 0 to 20 step 10 | project c"),
        json!([[[-1, -2]]])
    );
}

#[test]
fn series_that_are_wrong_or_not_settled() {
    for (text, expected) in [
        ("T | make-series count() on User step 1", "the axis of a series"),
        ("T | make-series count() on N step 0", "greater than zero"),
        (
            "T | make-series make_set(N) on TimeGenerated step 1h",
            "made of numbers",
        ),
        (
            "T | make-series count() on TimeGenerated from 1 step 1h",
            "the axis of this series is datetime, this is long",
        ),
        ("T | make-series count() on N step 1", "a null on the axis"),
        (
            "print n=5 | make-series count() on n from 10 to 20 step 1",
            "whose rows all lie outside",
        ),
        (
            "print n=0 | make-series count() on n from 0 to 2000000000 step 1",
            "more than 1000000 bins",
        ),
        ("T | make-series kind=full count() on N step 1", "no kind `full`"),
        ("T | make-series count() on N", "expected `step`"),
    ] {
        let found = error(text);
        assert!(found.contains(expected), "{text}: {found}");
    }
}

#[test]
fn bags_are_unpacked() {
    let bags = "datatable(Name:string, d:dynamic)['J', dynamic({\"Name\":\"John\", \"Age\":20}), 'D', dynamic({\"Age\":40}), 'N', dynamic(null)]";
    let (names, found) = named(&format!("{bags} | project d | evaluate bag_unpack(d)"));
    assert_eq!(names, ["Age", "Name"]);
    assert_eq!(found, json!([[20, "John"], [40, ""], [null, ""]]));
    let (names, _) = named(&format!("{bags} | evaluate bag_unpack(d, 'P_')"));
    assert_eq!(names, ["Name", "P_Age", "P_Name"]);
    let conflict = |way: &str| {
        rows(&format!(
            "{bags} | take 2 | evaluate bag_unpack(d, columnsConflict='{way}')"
        ))
    };
    assert_eq!(conflict("replace_source"), json!([["John", 20], ["", 40]]));
    assert_eq!(conflict("keep_source"), json!([["J", 20], ["D", 40]]));
    let (names, _) = named(&format!(
        "{bags} | evaluate bag_unpack(d, ignoredProperties=dynamic(['Name']))"
    ));
    assert_eq!(names, ["Name", "Age"]);
    let (names, found) = named(&format!(
        "{bags} | take 1 | project d, x = 1 | evaluate bag_unpack(d) : (*, Age:long)"
    ));
    assert_eq!((names, found), (vec!["x".into(), "Age".into()], json!([[1, 20]])));
    // Slots of several types are dynamic; one that nobody has is null.
    assert_eq!(
        rows(
            "datatable(d:dynamic)[dynamic({\"a\":1}), dynamic({\"a\":\"x\"})] | evaluate bag_unpack(d) : (a:dynamic, b:string)"
        ),
        json!([[1, ""], ["x", ""]])
    );
    for (text, expected) in [
        (
            format!("{bags} | evaluate bag_unpack(d)"),
            "`Name` is a column and a property",
        ),
        (format!("{bags} | evaluate bag_unpack(Name)"), "takes a dynamic column"),
        (format!("{bags} | evaluate bag_unpack(x)"), "no column or name `x`"),
        (
            format!("{bags} | project d | evaluate bag_unpack(d) : (Age:string)"),
            "`Age` holds a long, not string",
        ),
        (
            "print d=dynamic([1]) | evaluate bag_unpack(d)".to_owned(),
            "unpacking an array",
        ),
        (
            format!("{bags} | evaluate bag_unpack(d, columnsConflict='x')"),
            "`x` is not `error`",
        ),
        (
            "T | evaluate autocluster()".to_owned(),
            "the plugin `autocluster` is not supported",
        ),
        (
            "T | evaluate autoclusters()".to_owned(),
            "there is no plugin `autoclusters`",
        ),
    ] {
        let found = error(&text);
        assert!(found.contains(expected), "{text}: {found}");
    }
}

#[test]
fn pivot_and_narrow() {
    let data = "datatable(e:string, s:string, n:long)['w','AL',1,'w','AK',2,'h','AL',3]";
    let (names, found) = named(&format!("{data} | project e, s | evaluate pivot(s)"));
    assert_eq!(names, ["e", "AK", "AL"]);
    assert_eq!(found, json!([["w", 1, 1], ["h", 0, 1]]));
    assert_eq!(
        rows(&format!("{data} | evaluate pivot(s, sum(n))")),
        json!([["w", 2, 1], ["h", 0, 3]])
    );
    assert_eq!(
        rows(&format!(
            "{data} | evaluate pivot(s, max(n), e) : (e:string, AK:long, AL:long)"
        )),
        json!([["w", 2, 1], ["h", null, 3]])
    );
    assert!(error(&format!("{data} | evaluate pivot(s) : (e:string)")).contains("are not those of its schema"));
    assert!(error("print s='', n=1 | evaluate pivot(s)").contains("cannot name a column"));
    assert_eq!(
        rows("print a='x', b=1 | evaluate narrow()"),
        json!([[0, "a", "x"], [0, "b", "1"]])
    );
}

#[test]
fn nested_tops_hitters_and_samples() {
    let data = "datatable(id:string, t:long, o:string)['B',1,'1','B',2,'2','B',3,'3','D',9,'4','D',7,'5']";
    assert_eq!(
        rows(&format!(
            "{data} | top-nested of id by a=max(1), top-nested 2 of t by b=max(t), top-nested of o by c=max(1) \
             | project id, t, o"
        )),
        json!([["B", 3, "3"], ["B", 2, "2"], ["D", 9, "4"], ["D", 7, "5"]])
    );
    let (names, found) = named(&format!("{data} | top-nested 1 of id with others='rest' by sum(t)"));
    assert_eq!(names, ["id", "aggregated_id"]);
    assert_eq!(found, json!([["D", 16], ["rest", 6]]));
    let (names, found) = named(&format!("{data} | top-hitters 1 of id"));
    assert_eq!(
        (names, found),
        (vec!["id".into(), "approximate_count_id".into()], json!([["B", 3]]))
    );
    assert_eq!(rows(&format!("{data} | top-hitters 1 of id by t")), json!([["D", 16]]));
    assert!(error("datatable(a:string)['x','y'] | top-hitters 1 of a").contains("weigh the same"));
    assert_eq!(rows(&format!("{data} | sample 2 | count")), json!([[2]]));
    assert_eq!(
        rows(&format!("{data} | sample-distinct 9 of id")),
        json!([["B"], ["D"]])
    );
}

#[test]
fn schemas_and_names_of_columns() {
    assert_eq!(
        rows("T | getschema | where ColumnName == 'N'"),
        json!([["N", 2, "System.Int64", "long"]])
    );
    assert_eq!(
        rows("T | project-by-names 'N', dynamic(['User', 'Nobody']), 'zz*' | take 1"),
        json!([[1, "a"]])
    );
    for (text, expected) in [
        (
            "T | project tostring(N), strlen(User), tolower(User), toupper(User)",
            vec!["N", "strlen_User", "Column1", "Column2"],
        ),
        (
            "T | summarize count() by tostring(N), startofday(TimeGenerated)",
            vec!["N", "TimeGenerated", "count_"],
        ),
        (
            "T | summarize tostring(make_set(N)), round(avg(N), 1), count() + 1",
            vec!["set_N", "avg_N", "Column1"],
        ),
        (
            "T | extend d = parse_json(Data) | project d.x, d['y z'], d.x[0]",
            vec!["d_x", "d_y z", "d_x_0"],
        ),
        ("T | count as c", vec!["c"]),
        (
            "print array_sort_asc(dynamic([2,1]), dynamic([4,3]))",
            vec!["Column1", "Column11"],
        ),
        (
            "print x = dynamic([1,2]) | project (a) = series_stats(x) | project-keep a, *_max",
            vec!["a", "series_stats_x_max"],
        ),
    ] {
        assert_eq!(named(text).0, expected, "{text}");
    }
    assert!(error("T | extend (a, b) = strlen(User)").contains("one result, not several"));
}

#[test]
fn several_names_for_one_aggregate() {
    let data = "datatable(a:long, b:string)[1, 'x', 2, 'y']";
    let (names, found) = named(&format!("{data} | summarize (m, w) = arg_max(a, b), t = sum(a)"));
    assert_eq!(
        (names, found),
        (vec!["m".into(), "w".into(), "t".into()], json!([[2, "y", 3]]))
    );
    // A column of `*` makes way for one that was named before it.
    let (names, found) = named(&format!("{data} | summarize a = sum(a), m = arg_max(b, *)"));
    assert_eq!(names, ["a", "m", "a1", "b"]);
    assert_eq!(found, json!([[3, "y", 2, "y"]]));
    assert!(error(&format!("{data} | summarize a = sum(a), a = max(b)")).contains("two columns `a`"));
}

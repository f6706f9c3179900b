//! Functions of other rows, `scan`, `partition`.

use super::*;

#[test]
fn row_numbers_and_sums_restart() {
    let data = "datatable(k:string, n:long)['a',1,'a',3,'b',5,'b',7] | sort by k asc, n asc | extend ";
    for (call, expected) in [
        ("row_number()", json!([1, 2, 3, 4])),
        ("row_number(7)", json!([7, 8, 9, 10])),
        ("row_number(0, prev(k) != k)", json!([0, 1, 0, 1])),
        ("row_cumsum(n)", json!([1, 4, 9, 16])),
        ("row_cumsum(n, k != prev(k))", json!([1, 4, 5, 12])),
        ("row_cumsum(1.5)", json!([1.5, 3.0, 4.5, 6.0])),
        ("row_rank_dense(k)", json!([1, 1, 2, 2])),
        ("row_rank_dense(k, n == 7)", json!([1, 1, 2, 1])),
        ("row_rank_min(k)", json!([1, 1, 3, 3])),
        ("row_rank_min(n, prev(k) != k)", json!([1, 2, 1, 2])),
        ("prev(n)", json!([null, 1, 3, 5])),
        ("next(n, 2, 0)", json!([5, 7, 0, 0])),
        ("prev(k)", json!(["", "a", "a", "b"])),
    ] {
        let found = rows(&format!("{data} x = {call} | project x"));
        let found: Vec<_> = found.as_array().unwrap().iter().map(|row| row[0].clone()).collect();
        assert_eq!(json!(found), expected, "{call}");
    }
}

#[test]
fn sessions_end_at_their_bounds() {
    let data = "datatable(t:datetime)[datetime(2025-01-01 00:00), datetime(2025-01-01 00:04), datetime(2025-01-01 00:09), \
                datetime(2025-01-01 00:12)] | sort by t asc | extend s = ";
    let minutes = |call: &str| {
        let found = rows(&format!("{data} {call} | project m = datetime_part('minute', s)"));
        json!(
            found
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row[0].clone())
                .collect::<Vec<_>>()
        )
    };
    // Five minutes are too far, four are not; ten from the first are too far.
    assert_eq!(minutes("row_window_session(t, 1h, 5m)"), json!([0, 0, 9, 9]));
    assert_eq!(minutes("row_window_session(t, 12m, 1h)"), json!([0, 0, 0, 12]));
    assert_eq!(
        minutes("row_window_session(t, 1h, 1h, t == datetime(2025-01-01 00:09))"),
        json!([0, 0, 9, 9])
    );
    assert!(error("T | sort by N | extend s = row_window_session(N, 1h, 5m)").contains("takes a datetime"));
}

#[test]
fn functions_of_rows_that_are_not_settled() {
    let data = "datatable(n:long)[1, long(null), long(null)] | serialize x = ";
    for (call, expected) in [
        ("row_cumsum(n)", "`row_cumsum` of a null"),
        ("row_rank_dense(n)", "the rank of nulls side by side"),
        ("row_number(n)", "a constant number"),
        ("row_cumsum('x')", "takes a number"),
        ("row_number(1, 2)", "the restart of `row_number` is a bool"),
    ] {
        let found = error(&format!("{data} {call}"));
        assert!(found.contains(expected), "{call}: {found}");
    }
    assert!(error("datatable(n:long)[1,2,1] | serialize x = row_rank_min(n)").contains("comes again"));
    assert!(error("T | extend x = row_number()").contains("needs rows in an order"));
}

#[test]
fn scan_as_on_its_page() {
    assert_eq!(
        rows("range x from 1 to 4 step 1 | scan declare (c:long=0) with (step s1: true => c = x + s1.c;)"),
        json!([[1, 1], [2, 3], [3, 6], [4, 10]])
    );
    let events = "datatable(ts:timespan, e:string)[0m,'A',1m,'Start',2m,'B',3m,'D',4m,'Stop',6m,'C',8m,'Start',11m,'E',12m,'Stop'] \
                  | sort by ts asc | scan with_match_id=id with (step s1: e == 'Start'; \
                  step s2: e != 'Start' and e != 'Stop' and ts - s1.ts <= 5m; step s3: e == 'Stop' and ts - s1.ts <= 5m;) \
                  | project e, id";
    assert_eq!(
        rows(events),
        json!([
            ["Start", 0],
            ["B", 0],
            ["D", 0],
            ["Stop", 0],
            ["Start", 1],
            ["E", 1],
            ["Stop", 1]
        ])
    );
    // Sessions of half an hour: the step that ends one gives nothing out.
    assert_eq!(
        rows(
            "datatable(ts:timespan)[0m, 3m, 32m, 41m, 75m] | sort by ts asc | scan with_match_id=id declare (first:timespan) \
              with (step inside: true => first = iff(isnull(inside.first), ts, inside.first); \
              step after output=none: ts - inside.first > 30m;) | project id"
        ),
        json!([[0], [0], [1], [1], [2]])
    );
    assert_eq!(
        rows(
            "datatable(e:string)['x','x','y','x'] | serialize | scan with (step a output=last: e == 'x'; step b: e == 'y';)"
        ),
        json!([["x"], ["y"], ["x"]])
    );
}

#[test]
fn scan_that_is_wrong() {
    for (text, expected) in [
        ("T | scan with (step a: true;)", "`scan` needs rows in an order"),
        (
            "T | serialize | scan with (step a: b.N > 1; step b: true;)",
            "comes later",
        ),
        (
            "T | serialize | scan with (step a: true; step a: true;)",
            "two steps `a`",
        ),
        (
            "T | serialize | scan with (step a: true => N = 1;)",
            "`scan declare (...)`",
        ),
        ("T | serialize | scan with (step a: N;)", "must be bool"),
        ("T | serialize | scan with ()", "expected `step`"),
        (
            "T | serialize | scan with (step a output=first: true;)",
            "`all`, `last` or `none`",
        ),
        (
            "T | serialize | scan declare (N:long) with (step a: true;)",
            "two columns `N`",
        ),
    ] {
        let found = error(text);
        assert!(found.contains(expected), "{text}: {found}");
    }
}

#[test]
fn partition_runs_a_query_per_key() {
    let data = "datatable(k:string, n:long)['a',1,'b',5,'a',3,'b',7]";
    assert_eq!(
        rows(&format!("{data} | partition hint.strategy=native by k (top 1 by n)")),
        json!([["a", 3], ["b", 7]])
    );
    assert_eq!(
        rows(&format!(
            "{data} | partition by k (as P | summarize s = sum(n) | extend c = toscalar(P | count))"
        )),
        json!([[4, 2], [12, 2]])
    );
    assert_eq!(
        rows("range x from 1 to 2 step 1 | partition by x {datatable(n:long)[1,1,2] | where n == x} | count"),
        json!([[3]])
    );
    assert_eq!(
        rows(&format!("{data} | take 0 | partition by k (summarize s = count())")),
        json!([])
    );
    assert!(error(&format!("{data} | partition by z (take 1)")).contains("no column or name `z`"));
}

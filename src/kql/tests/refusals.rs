//! What is refused, with its place.

use super::*;

#[test]
fn what_is_not_settled_or_not_supported_is_refused_with_its_place() {
    for (text, expected) in [
        ("T\n| reduce by User", "2:3: the operator `reduce` is not supported"),
        ("T | wehre N > 1", "there is no operator `wehre`; did you mean `where`?"),
        ("T | where User has \"\"", "1:20: `has \"\"`"),
        (
            "T | extend x = frobnicate(User)",
            "1:16: there is no function `frobnicate`",
        ),
        ("T | summarize by parse_json(Data)", "grouping by a dynamic"),
        ("T | where User + 'x' == 'y'", "`+` cannot take string and string"),
        (
            "T | where User has dynamic(['a'])",
            "an array in a dynamic where string is needed",
        ),
        ("T | where Usr == 'x'", "1:11: there is no column or name `Usr`"),
        ("T | where user == 'x'", "did you mean `User`?"),
        ("Q | count", "1:1: there is no table `Q`"),
        ("T | project User, User", "two columns `User`"),
        ("T | extend A = 1, B = A", "no column or name `A`"),
        ("T | project-away zz*", "1:18: no column is called `zz*`"),
        ("print set_union(dynamic([1]), dynamic(null))", "`set_union` of null"),
        (
            "print set_union(dynamic([1]), dynamic([null]))",
            "`set_union` of an array with a null in it",
        ),
        (
            "print set_intersect(dynamic([null]), dynamic([1]))",
            "`set_intersect` of an array with a null in it",
        ),
        (
            "print set_difference(dynamic([1]), dynamic([null]))",
            "`set_difference` of an array with a null in it",
        ),
        ("print trim_start('a', 'aab')", "more than once"),
        ("print trim_end('a', 'baa')", "more than once"),
        ("print 1 | summarize stdev(print_0)", "of a sample of one number"),
        ("print 1 | summarize variance(print_0)", "of a sample of one number"),
        ("print toint(' 12')", "blanks around it"),
        ("print split('a', '_', 3)", "index past the end"),
        (
            "print ipv4_is_in_range('10.0.0.0/8', '10.0.0.0/8')",
            "an address with a prefix",
        ),
        ("print 9223372036854775807 + 1", "leaves the range"),
        ("print x=dynamic(5) | mv-expand x", "do not say what a scalar gives"),
        ("print dynamic(5) == '5'", "cast one of them"),
        ("T | extend p = prev(N)", "needs rows in an order"),
        ("print bin(now(), 7d)", "does not divide a day"),
        ("T | where N", "a condition must be bool"),
        ("print matches regex", "found"),
        ("print 'x' matches regex '('", "not a regular expression"),
        ("_GetWatchlist('x') | count", "--watchlist x=FILE.csv"),
        ("externaldata(a:string)['x']", "`externaldata` is not run"),
        ("union * | count", "all tables of a workspace, `*`"),
        ("search 'x'", "`search` over all tables"),
        ("T | where (User == 'x'", "expected `)`"),
        ("T | where User == 'x", "is not closed"),
        ("let x = 1", "the query ends after its `let`"),
        ("print decimal(1)", "decimal"),
        (
            "T | evaluate bag_unpack(Data)",
            "takes a dynamic column, this is string",
        ),
        ("T | evaluate basket()", "the plugin `basket` is not supported"),
        (
            "datatable(t:long, v:long)[1,1,1,2] | summarize arg_max(t, v)",
            "which one counts",
        ),
        ("range x from 1 to 2000000 step 1", "more than 1000000 rows"),
        ("print count()", "only stands in `summarize`"),
    ] {
        let found = error(text);
        assert!(found.contains(expected), "{text}\n  {found}\n  expected {expected}");
        assert!(!found.starts_with('0'), "{text}: no place: {found}");
    }
}

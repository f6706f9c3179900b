//! Random rule files, as tokens, so that blanks, line breaks and comments can stand between any two.

use proptest::prelude::*;

pub(crate) type Tokens = Vec<String>;

fn words(text: &str) -> Tokens {
    text.split(' ')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn join(parts: Vec<Tokens>) -> Tokens {
    parts.concat()
}

fn separated(parts: Vec<Tokens>, mark: &str) -> Tokens {
    let mut out = Vec::new();
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            out.extend(words(mark));
        }
        out.extend(part);
    }
    out
}

fn one(text: impl Into<String>) -> Tokens {
    vec![text.into()]
}

fn token(strategy: impl Strategy<Value = String> + 'static) -> BoxedStrategy<Tokens> {
    strategy.prop_map(one).boxed()
}

/// Names that the grammar could take for something else are frequent.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,6}x",
        1 => "[a-zA-Z_][a-zA-Z0-9_]{12,30}x",
        2 => prop::sample::select(vec![
            "any", "cidr", "present", "missing", "empty", "address", "common", "count", "set", "min", "now", "repeat",
            "every", "null", "severity", "show", "order", "island", "nothing", "wider",
        ])
        .prop_map(str::to_owned),
    ]
}

fn segments() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop_oneof![
            4 => prop_oneof![name(), Just("in".to_owned()), Just("@type".to_owned()), Just("a-b".to_owned())]
                .prop_map(|name| format!(".{name}")),
            1 => (-3i64..4).prop_map(|index| format!("[{index}]")),
            1 => string().prop_map(|key| format!("[{key}]")),
        ],
        0..3,
    )
    .prop_map(|parts| parts.concat())
}

fn path() -> impl Strategy<Value = String> {
    (name(), segments()).prop_map(|(name, segments)| name + &segments)
}

fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-zA-Z0-9 ]{0,8}",
        1 => prop::sample::select(vec![
            "\\n", "\\\"", "\\\\", "\\/", "/", "\\u00e9", "é", "#", "# no comment", "{", "}", "\t", "'", "\\ud83d\\ude00", "{n}", "{{",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn block() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        3 => "[ ]{0,8}[a-z\"# ]{0,9}[a-z#]",
        1 => Just(String::new()),
        1 => Just("    ".to_owned()),
        1 => Just("\ttab".to_owned()),
    ];
    prop::collection::vec(line, 0..5)
        .prop_filter("closes early", |lines| !lines.iter().any(|line| line.contains("\"\"")))
        .prop_map(|lines| format!("\"\"\"{}\"\"\"", lines.join("\n")))
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i32>().prop_map(|number| number.to_string()),
        Just("007".to_owned()),
        Just("-0".to_owned()),
        Just("0.50".to_owned()),
        Just("-1e3".to_owned()),
        Just("1E+2".to_owned()),
        Just("2.5e-3".to_owned()),
        Just("9223372036854775807".to_owned()),
    ]
}

fn duration() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["1h", "90s", "1h30m", "0.5s", "13d", "0.0000001s", "120m", "0s"]).prop_map(str::to_owned)
}

fn regex() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        r"/^(Describe|Export|Get|List)/",
        r"/command[\/#]([\w.-]+)/",
        r"/a\\/i",
        r"/\\\/x/",
        r#"/"quoted"/"#,
        r"/[/]x/",
    ])
    .prop_filter("a slash ends it", |text| !text.contains("[/]"))
    .prop_map(str::to_owned)
}

fn value() -> BoxedStrategy<Tokens> {
    let leaf = prop_oneof![
        4 => string(),
        2 => number(),
        1 => Just("true".to_owned()),
        1 => Just("false".to_owned()),
        1 => Just("null".to_owned()),
    ]
    .prop_map(one);
    leaf.prop_recursive(2, 12, 6, |inner| prop_oneof![list_of(inner.clone()), object_of(inner)])
        .boxed()
}

fn list_of(element: impl Strategy<Value = Tokens> + 'static) -> BoxedStrategy<Tokens> {
    (prop::collection::vec(element, 0..8), any::<bool>())
        .prop_map(|(elements, comma)| bracketed("[", elements, "]", comma))
        .boxed()
}

fn object_of(value: impl Strategy<Value = Tokens> + 'static) -> BoxedStrategy<Tokens> {
    let key = prop_oneof![path(), string(), Just("in".to_owned()), Just("@type.not".to_owned())];
    let pair = (key, value).prop_map(|(key, value)| join(vec![one(key), one(":"), value]));
    (prop::collection::vec(pair, 0..5), any::<bool>())
        .prop_map(|(pairs, comma)| bracketed("{", pairs, "}", comma))
        .boxed()
}

fn bracketed(open: &str, parts: Vec<Tokens>, close: &str, comma: bool) -> Tokens {
    let comma = comma && !parts.is_empty();
    let mut out = one(open);
    out.extend(separated(parts, ","));
    if comma {
        out.push(",".to_owned());
    }
    out.push(close.to_owned());
    out
}

fn strings() -> BoxedStrategy<Tokens> {
    list_of(token(string()))
}

fn parenthesised(inner: Tokens) -> Tokens {
    join(vec![one("("), inner, one(")")])
}

/// Something with a value: left of a comparison, in a call.
fn operand(condition: BoxedStrategy<Tokens>) -> BoxedStrategy<Tokens> {
    let leaf = prop_oneof![
        6 => token(path()),
        2 => token(string()),
        1 => token(number()),
        1 => token(duration()),
        1 => strings(),
    ];
    leaf.prop_recursive(3, 12, 3, move |inner| {
        let access = (prop_oneof![Just(""), Just("[-1]"), Just("[\"k\"].x")]).prop_map(words);
        let argument = prop_oneof![3 => inner.clone(), 1 => condition.clone(), 1 => token(regex())];
        let call = (name(), prop::collection::vec(argument, 0..4), access).prop_map(|(name, arguments, access)| {
            join(vec![one(name), parenthesised(separated(arguments, ",")), access])
        });
        let operator = prop::sample::select(vec!["??", "+", "-", "*", "/", "minus", "union", "intersect"]);
        let chain = (inner.clone(), operator, inner.clone(), any::<bool>(), any::<bool>()).prop_map(
            |(left, operator, right, around_left, around_right)| {
                let left = if around_left { parenthesised(left) } else { left };
                let right = if around_right { parenthesised(right) } else { right };
                join(vec![left, one(operator), right])
            },
        );
        prop_oneof![2 => call, 4 => chain, 1 => inner.prop_map(parenthesised)]
    })
    .boxed()
}

fn comparison(operand: &BoxedStrategy<Tokens>, condition: Option<BoxedStrategy<Tokens>>) -> BoxedStrategy<Tokens> {
    let operator = prop::sample::select(vec![
        "==",
        "!=",
        "=~",
        "!~",
        "<",
        "<=",
        ">",
        ">=",
        "in",
        "in~",
        "in cidr",
        "contains",
        "starts with",
        "ends with",
        "has",
        "has any",
    ])
    .prop_map(words);
    let test = prop::sample::select(vec![
        "is present",
        "is missing",
        "is empty",
        "is address",
        "is not missing",
        "is not empty",
        "is missing is present",
    ])
    .prop_map(words);
    let inner = match condition {
        Some(condition) => prop_oneof![3 => operand.clone(), 1 => condition.prop_map(parenthesised)].boxed(),
        None => operand.clone(),
    };
    // A path in parentheses, since `has any` and `in cidr` are operators.
    let name = token(name()).prop_map(parenthesised);
    let right =
        prop_oneof![1 => inner.clone().prop_map(parenthesised), 2 => strings(), 1 => token(string()), 2 => name];
    prop_oneof![
        5 => (operand.clone(), operator, right).prop_map(|(left, op, right)| join(vec![left, op, right])),
        2 => (inner.clone(), test).prop_map(|(left, test)| join(vec![left, test])),
        1 => (operand.clone(), regex()).prop_map(|(left, regex)| join(vec![left, one("matches"), one(regex)])),
        1 => operand.clone(),
    ]
    .boxed()
}

pub(crate) fn expression() -> BoxedStrategy<Tokens> {
    let flat = operand(token(path()));
    let simple = comparison(&flat, None);
    simple
        .prop_recursive(4, 24, 4, |inner| {
            let nested = operand(inner.clone());
            let part = prop_oneof![
                3 => inner.clone(),
                1 => inner.clone().prop_map(parenthesised),
                1 => inner.clone().prop_map(|inner| join(vec![words("not"), parenthesised(inner)])),
                1 => inner.clone().prop_map(|inner| join(vec![words("not"), inner])),
            ];
            let chain = |word: &'static str| {
                prop::collection::vec(part.clone(), 2..5).prop_map(move |parts| separated(parts, word))
            };
            prop_oneof![3 => chain("and"), 2 => chain("or"), 1 => comparison(&nested, Some(inner))]
        })
        .boxed()
}

fn steps() -> BoxedStrategy<Tokens> {
    let step = prop_oneof![
        3 => expression().prop_map(|condition| join(vec![words("where"), condition])),
        1 => (string(), expression())
            .prop_map(|(reason, condition)| join(vec![words("except"), one(reason), words("where"), condition])),
        2 => (name(), expression()).prop_map(|(name, value)| join(vec![words("let"), one(name), words("="), value])),
        1 => (name(), path()).prop_map(|(name, list)| join(vec![words("each"), one(name), words("in"), one(list)])),
        1 => name().prop_map(|name| join(vec![words("each"), one(name), words("in json ("), words("x"), words(") [0]")])),
    ];
    prop::collection::vec(step, 0..4).prop_map(join).boxed()
}

fn length() -> BoxedStrategy<Tokens> {
    prop_oneof![3 => token(duration()), 1 => token(name())].boxed()
}

fn column() -> BoxedStrategy<Tokens> {
    let aggregate = (
        prop::sample::select(vec!["count", "distinct", "set", "min", "max", "sum", "avg"]),
        prop::option::of(path()),
        prop::option::of(expression()),
    )
        .prop_map(|(word, argument, condition)| {
            let mut out = words(word);
            out.extend(argument);
            if let Some(condition) = condition {
                out.push("where".to_owned());
                out.extend(condition);
            }
            out
        });
    let computed = expression().prop_map(parenthesised);
    (name(), prop_oneof![2 => aggregate, 1 => computed])
        .prop_map(|(name, kind)| join(vec![one(name), words("="), kind]))
        .boxed()
}

fn relation() -> BoxedStrategy<Tokens> {
    let events =
        (name(), path()).prop_map(|(name, source)| join(vec![words("events"), one(name), words("="), one(source)]));
    let key = prop_oneof![
        token(path()),
        (name(), path()).prop_map(|(name, path)| join(vec![one(name), words("="), one(path)]))
    ];
    let group = (
        name(),
        prop::collection::vec(token(name()), 1..4),
        prop::collection::vec(key, 1..5),
        length(),
        prop::collection::vec(column(), 0..4),
    )
        .prop_map(|(name, inputs, keys, per, columns)| {
            join(vec![
                words("group"),
                one(name),
                words("="),
                separated(inputs, ","),
                words("by"),
                separated(keys, ","),
                words("per"),
                per,
                words("{"),
                join(columns),
                words("}"),
            ])
        });
    let baseline = (name(), name(), length()).prop_map(|(name, group, over)| {
        join(vec![
            words("baseline"),
            one(name),
            words("="),
            one(group),
            words("over"),
            over,
        ])
    });
    let join_key = prop_oneof![
        token(path()),
        (path(), path()).prop_map(|(left, right)| join(vec![one(left), words("=="), one(right)]))
    ];
    let link = prop::sample::select(vec!["then", "with", "without"]);
    let part = (link, name()).prop_map(|(link, name)| join(vec![words(link), one(name)]));
    let matched = (
        name(),
        name(),
        prop::collection::vec(part, 1..4),
        prop::collection::vec(join_key, 1..4),
        length(),
    )
        .prop_map(|(name, first, parts, keys, within)| {
            let keys = separated(keys, ",");
            join(vec![
                words("match"),
                one(name),
                words("="),
                one(first),
                join(parts),
                words("on"),
                keys,
                words("within"),
                within,
            ])
        });
    (
        prop_oneof![3 => events, 2 => group, 1 => baseline, 1 => matched],
        steps(),
    )
        .prop_map(|(relation, steps)| join(vec![relation, steps]))
        .boxed()
}

fn meta() -> BoxedStrategy<Tokens> {
    let technique = prop::sample::select(vec![
        "T1651",
        "T1078.004 ( InitialAccess , Persistence )",
        "T1110 ( X )",
    ])
    .prop_map(words);
    let promise = prop::sample::select(vec!["native", "sigma wider", "sentinel"]).prop_map(words);
    let line = |key: &'static str, value: BoxedStrategy<Tokens>| {
        prop::collection::vec(value, 1..5).prop_map(move |values| join(vec![words(key), separated(values, ",")]))
    };
    prop_oneof![
        line("attack", technique.boxed()),
        line("targets", promise.boxed()),
        line("references", token(string())),
        line("about", token(block())),
        duration().prop_map(|every| join(vec![words("every"), one(every)])),
        Just(words("version 1.0.0")),
        Just(words("date 2026-11-21")),
        Just(words("modified 21/11/2026")),
        Just(words("severity medium")),
    ]
    .boxed()
}

fn alert() -> BoxedStrategy<Tokens> {
    let identifier = (name(), path()).prop_map(|(name, path)| join(vec![one(name), words(":"), one(path)]));
    let identifiers = (prop::collection::vec(identifier, 1..5), any::<bool>())
        .prop_map(|(parts, comma)| bracketed("{", parts, "}", comma));
    let value = prop_oneof![
        2 => prop::collection::vec(token(path()), 1..6).prop_map(|paths| separated(paths, ",")),
        1 => token(string()),
        1 => token(block()),
        1 => identifiers,
    ];
    let item = (
        prop::sample::select(vec!["title", "message", "show", "account", "ip"]),
        value,
    )
        .prop_map(|(key, value)| join(vec![words(key), value]));
    (name(), steps(), prop::collection::vec(item, 0..4))
        .prop_map(|(name, steps, items)| {
            join(vec![
                words("alert"),
                one(name),
                steps,
                words("{"),
                join(items),
                words("}"),
            ])
        })
        .boxed()
}

fn constant() -> BoxedStrategy<Tokens> {
    let list =
        (name(), list_of(value())).prop_map(|(name, list)| join(vec![words("list"), one(name), words("="), list]));
    let value = prop_oneof![token(number()), token(string()), token(duration())];
    let value = (name(), value).prop_map(|(name, value)| join(vec![words("value"), one(name), words("="), value]));
    prop_oneof![list, value].boxed()
}

fn test() -> BoxedStrategy<Tokens> {
    let offset = prop_oneof![1 => Just("0".to_owned()), 4 => duration().prop_map(|duration| format!("-{duration}"))];
    let repeat = (1u32..100, duration()).prop_map(|(count, every)| {
        join(vec![
            words("repeat"),
            one(count.to_string()),
            words("every"),
            one(every),
        ])
    });
    let given = (
        offset,
        prop::option::of(repeat),
        prop::option::of(path()),
        object_of(value()),
    )
        .prop_map(|(offset, repeat, source, fields)| {
            let mut out = one(offset);
            out.extend(repeat.unwrap_or_default());
            out.extend(source);
            out.extend(fields);
            out
        });
    let expect = prop_oneof![
        Just(words("expect none")),
        Just(words("expect 2")),
        object_of(value()).prop_map(|columns| join(vec![words("expect"), columns])),
        (0u32..3, object_of(value())).prop_map(|(count, columns)| join(vec![
            words("expect"),
            one(count.to_string()),
            columns
        ])),
    ];
    let common = prop::option::of(object_of(value()));
    (
        string(),
        prop::collection::vec(constant(), 0..3),
        common,
        prop::collection::vec(given, 0..4),
        prop::collection::vec(expect, 0..3),
    )
        .prop_map(|(name, replaced, common, given, expect)| {
            let mut out = join(vec![words("test"), one(name), words("{ now 2025-08-15T10:00Z")]);
            out.extend(join(replaced));
            if let Some(common) = common {
                out.push("common".to_owned());
                out.extend(common);
            }
            out.extend(join(given));
            out.extend(join(expect));
            out.push("}".to_owned());
            out
        })
        .boxed()
}

pub(crate) fn file() -> BoxedStrategy<Tokens> {
    let rule = (
        name(),
        string(),
        prop::collection::vec(meta(), 0..4),
        prop::collection::vec(relation(), 1..4),
        alert(),
        prop::collection::vec(test(), 0..3),
    )
        .prop_map(|(name, title, meta, relations, alert, tests)| {
            join(vec![
                words("rule"),
                one(name),
                one(title),
                words("{"),
                join(meta),
                join(relations),
                alert,
                join(tests),
                words("}"),
            ])
        });
    let used = prop_oneof![Just("lists.aws"), Just("own"), Just("a.b-2.c")]
        .prop_map(|path| join(vec![words("use"), one(path)]));
    let uses = prop::collection::vec(used, 0..3);
    let items = prop::collection::vec(prop_oneof![2 => constant(), 2 => rule], 0..4);
    (uses, items)
        .prop_map(|(uses, items)| join(uses.into_iter().chain(items).collect()))
        .boxed()
}

/// The tokens with something between each two: mostly a blank, at times a line break or a comment.
pub(crate) fn spread(tokens: &[String], choices: &[u8]) -> String {
    let mut out = String::new();
    let mut choices = choices.iter().cycle();
    for (index, token) in tokens.iter().enumerate() {
        out.push_str(token);
        match choices.next().copied().unwrap_or(0) {
            200..=214 => out.push('\n'),
            215..=224 => out.push_str("\n\n\t"),
            225..=230 => out.push_str("\r\n\r\n\r\n"),
            231..=238 => out.push_str(&format!("# c{index}\n")),
            239..=246 => out.push_str(&format!("\n  # c{index}  \n")),
            247..=252 => out.push_str(&format!(" #c{index} # \"{{\r\n\n\n# d{index}\n\n")),
            _ => out.push(' '),
        }
    }
    out
}

// Microsoft's Kusto language service, loaded once, with our tables around it.
//
// The package is a C# library compiled to JavaScript: two scripts that must be loaded in this order and that leave
// their names (`Bridge`, `Kusto`) on the global object.

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

function load() {
  try {
    require("@kusto/language-service-next/bridge.min.js");
    require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
  } catch (error) {
    throw new Error(`the language service is not installed (run \`npm ci\` in tests/oracles): ${error.message}`);
  }
  return globalThis.Kusto.Language;
}

const language = load();
const { Bridge } = globalThis;

/** Every element of a .NET list or enumerable. */
export function* each(list) {
  const rows = Bridge.getEnumerator(list);
  while (rows.moveNext()) yield rows.Current;
}

const bracketed = (name) => (/^[A-Za-z_]\w*$/.test(name) ? name : `['${name}']`);

/** Sentinel's function: a watchlist has columns that only the workspace knows. */
function watchlist() {
  const { FunctionSymbol, Parameter, ScalarTypes, TableSymbol } = language.Symbols;
  const items = new TableSymbol.$ctor7("watchlist", "(_DTItemId: string, SearchKey: string)", null).WithIsOpen(true);
  return new FunctionSymbol.$ctor5("_GetWatchlist", items, [new Parameter.$ctor2("alias", ScalarTypes.String)]);
}

/** The analyser's view of a database that holds the given tables: `{ Table: { Column: type } }`. */
export function database(tables) {
  const symbols = Object.entries(tables).map(([name, columns]) => {
    const declared = Object.entries(columns).map(([column, type]) => `${bracketed(column)}:${type}`);
    const table = new language.Symbols.TableSymbol.$ctor7(name, `(${declared.join(", ")})`, null);
    if (table.Columns.Count !== declared.length) throw new Error(`the columns of ${name} were not read in full`);
    return table;
  });
  return language.GlobalState.Default.WithDatabase(
    new language.Symbols.DatabaseSymbol.ctor("workspace", [...symbols, watchlist()]),
  );
}

// Older spellings that still bind and that the language service does not mark as obsolete: it only hides them from
// completion, or keeps them as an operator's second name.
const OLDER_FUNCTIONS = { todynamic: "parse_json", toobject: "parse_json", parsejson: "parse_json" };
const OLDER_OPERATORS = { mvexpand: "mv-expand", mvapply: "mv-apply", filter: "where" };

function deprecatedNames(code) {
  const found = [];
  for (const call of each(code.Syntax.GetDescendants(language.Syntax.FunctionCallExpression))) {
    const { ReferencedSymbol: symbol, ReferencedSignature: signature, Name: name } = call;
    const written = name.SimpleName;
    let instead = OLDER_FUNCTIONS[written];
    if (symbol?.IsObsolete) instead = symbol.Alternative;
    else if (signature?.IsObsolete) instead = signature.Alternative;
    if (instead !== undefined) found.push({ name: written, instead, start: name.TextStart });
  }
  for (const operator of each(code.Syntax.GetDescendants(language.Syntax.QueryOperator))) {
    const keyword = operator.GetFirstToken();
    const instead = OLDER_OPERATORS[keyword?.Text];
    if (instead) found.push({ name: keyword.Text, instead, start: keyword.TextStart });
  }
  for (const plugin of each(code.Syntax.GetDescendants(language.Syntax.EvaluateOperator))) {
    const symbol = plugin.FunctionCall?.ReferencedSymbol;
    if (symbol?.IsObsolete && !found.some((f) => f.name === symbol.Name)) {
      found.push({ name: symbol.Name, instead: symbol.Alternative, start: plugin.FunctionCall.TextStart });
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

// Advice of the language service that a query of ours must not ask for, beside plain errors: null tests on text
// (always false: text has no null), aggregates of a null literal, a join without its kind, the old partition form, a
// called function with errors, addresses compared by terms, a text length taken of a dynamic.
const REFUSED_ADVICE = new Set(["KS501", "KS502", "KS505", "KS508", "KS512", "KS513", "KS514", "KS516"]);

/** What the analyser says of one query. `globals` comes from `database`. */
export function analyse(text, globals) {
  const code = language.KustoCode.ParseAndAnalyze(text, globals);
  const place = (start) => {
    const before = text.slice(0, start).split("\n");
    return { line: before.length, column: before[before.length - 1].length + 1 };
  };
  const shown = (d) => ({
    code: d.Code,
    severity: d.Severity,
    message: d.Message.split("\n")[0].trim(),
    start: d.Start,
    ...place(d.Start),
  });
  const service = new language.Editor.KustoCodeService.ctor(code);
  const remarks = [...each(service.GetAnalyzerDiagnostics(true))].filter((d) => d.Code !== "KS507").map(shown);
  const diagnostics = [
    ...[...each(code.GetDiagnostics())].map(shown),
    ...remarks.filter((d) => REFUSED_ADVICE.has(d.code)),
  ];
  const result = code.ResultType?.Columns;
  return {
    diagnostics,
    deprecated: deprecatedNames(code).map((d) => ({ ...d, ...place(d.start) })),
    advice: remarks.filter((d) => !REFUSED_ADVICE.has(d.code)),
    columns: result ? [...each(result)].map((c) => ({ name: c.Name, type: c.Type.Name })) : [],
  };
}

/** The result's columns where a query binds without an error, else nothing: `analyse` without its advice, for many queries. */
export function columnTypes(text, globals) {
  const code = language.KustoCode.ParseAndAnalyze(text, globals);
  for (const diagnostic of each(code.GetDiagnostics())) if (diagnostic.Severity === "Error") return [];
  return code.ResultType?.Columns ? [...each(code.ResultType.Columns)].map((c) => c.Type.Name) : [];
}

/** Words that mean something somewhere in the language: keywords, aggregates, types, and functions of one word. */
export function vocabulary() {
  const words = new Set();
  for (const word of each(language.Syntax.SyntaxFacts.Keywords)) words.add(word);
  for (const word of each(language.KustoFacts.s_engineCommandKeywordsThatNeedBrackets ?? [])) words.add(word);
  for (const list of ["Functions", "Aggregates"]) {
    for (const { Name: name } of each(language.GlobalState.Default[list])) if (!name.includes("_")) words.add(name);
  }
  for (const type of each(language.Symbols.ScalarTypes.All)) {
    words.add(type.Name);
    for (const alias of each(type.Aliases ?? [])) words.add(alias);
  }
  return [...words].filter((word) => /^[A-Za-z_]\w*$/.test(word));
}

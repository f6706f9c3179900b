#!/usr/bin/env node
// usage: node keywords.mjs [--list FILE]
//
// Tries every word of the Kusto language (keywords, functions, types) and the ordinary words that logs use, in the places
// where generated text may write a name, and reports the words that need brackets there:
//   {"tried": N, "needBrackets": {"column": [...], "path": [...], "let": [...]}, "positions": {"project": [...], ...}}
// `column`: `['word']`; `path`: `P["word"]` inside a JSON path; `let`: the word cannot name a `let` at all, and needs another.
// With --list FILE (one word a line, `#` starts a comment; the names the emitter brackets), it compares: a word that needs
// brackets as a column or in a path and is not listed is an error (exit 1); a listed word that needs none is reported.

import { readFileSync } from "node:fs";
import { columnTypes, database, vocabulary } from "./language.mjs";

// Words of cloud logs and of rules, which no vocabulary of a query language holds.
const ORDINARY = `account accountId accounts action actions actor address addresses agent alias all allow amount any arn
  attributes bucket bucketName caller category city class client code command commands container content country cpu created
  data day default delta details device domain duration effect end endTime entity error errorCode event events expected failed false FALSE
  fields file filter flag from function group groups hash host hostname hour id image index input instance instances ip is
  items key keys label length level line links list location log map match max member message method min minute mode month
  name names new now null number object offset ok operation operations option options origin output owner owners page parameters
  parent part past path pattern percent period pid policy port ports position principal process profile protocol query range
  reason record records region regions related request requests resource resources response result results role roles root row
  rows rule rules scope score second secret select sender sequence session sessions severity shell size source sourceIPAddress
  sources start startTime state statement status step subject success sum suffix table tag tags target targets team tenant
  term text threshold ticks timestamp token tokens tool total true True TRUE type types unit unseen url user userName users value values
  variable version via volume week window windowEnd windowStart with word year zone`.split(/\s+/);

// Each position writes the word once as a name of our own. The column has the type `decimal`, which nothing else in these
// queries has: a word that is read as something else than the column shows in the type of the result.
const COLUMN = {
  project: (w) => `datatable(a:long) [1] | project ${w} = decimal(1)`,
  read: (w) => `datatable(['${w}']:decimal) [decimal(1)] | project x = ${w}`,
  aggregateName: (w) => `datatable(a:decimal) [decimal(1)] | summarize ${w} = max(a)`,
  keyName: (w) => `datatable(a:decimal) [decimal(1)] | summarize n = count() by ${w} = a`,
  sort: (w) => `datatable(['${w}']:decimal) [decimal(1)] | sort by ${w} asc`,
  expand: (w) => `datatable(a:dynamic) [dynamic([1])] | mv-expand ${w} = a to typeof(decimal)`,
};
const PATH = { member: (w) => `print P = dynamic({}) | project x = todecimal(P.${w})` };
const LET = {
  let: (w) => `let ${w} = decimal(1); print x = ${w}`,
  letTable: (w) => `let ${w} = datatable(a:decimal) [decimal(1)]; ${w} | project x = a`,
};

const globals = database({});
const fits = (query) => columnTypes(query, globals).includes("decimal");

const words = [...new Set([...vocabulary(), ...ORDINARY])].sort();
const positions = {};
const failing = (group) => {
  const found = new Set();
  for (const [position, query] of Object.entries(group)) {
    positions[position] = words.filter((word) => !fits(query(word)));
    positions[position].forEach((word) => found.add(word));
  }
  return words.filter((word) => found.has(word));
};
const needBrackets = { column: failing(COLUMN), path: failing(PATH), let: failing(LET) };

// Brackets must be a cure: a word that does not fit inside them either is a fault of this script.
const incurable = words.filter((word) => !fits(`datatable(['${word}']:decimal) [decimal(1)] | project ['${word}']`));
if (incurable.length > 0) {
  process.stderr.write(`keywords: brackets do not help: ${incurable.join(" ")}\n`);
  process.exit(2);
}

const answer = { tried: words.length, needBrackets, positions };
const at = process.argv.indexOf("--list");
if (at >= 0) {
  const listed = new Set(
    readFileSync(process.argv[at + 1], "utf8")
      .split("\n")
      .map((line) => line.replace(/#.*/, "").trim())
      .filter(Boolean),
  );
  const needed = new Set([...needBrackets.column, ...needBrackets.path]);
  answer.missing = [...needed].filter((word) => !listed.has(word)).sort();
  answer.superfluous = [...listed].filter((word) => !needed.has(word)).sort();
  if (answer.missing.length > 0) process.exitCode = 1;
}
process.stdout.write(`${JSON.stringify(answer)}\n`);

#!/usr/bin/env node
// usage: node kusto.mjs TABLES FILE.kql...
//
// Binds each query against the tables (a folder of files NAME.yaml, a line `Column: type` for each column) and prints one
// JSON object a file:
//   {"file", "diagnostics": [{code, severity, message, start, line, column}],
//    "deprecated": [{name, instead, start, line, column}], "advice": [as diagnostics], "columns": [{name, type}]}
// `advice` is what the language service suggests and we may have reasons for (`contains` costs more than `has`).
// Exit 0: every file is clean. 1: some file has a diagnostic or a deprecated name. 2: misuse, or unreadable input.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [folder, ...files] = process.argv.slice(2);

function tables() {
  const columns = (text) => {
    const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
    return Object.fromEntries(lines.map((line) => line.trim().split(": ")));
  };
  const found = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  if (found.length === 0) throw new Error(`${folder}: there is no table`);
  return Object.fromEntries(found.map((name) => [name.slice(0, -5), columns(readFileSync(join(folder, name), "utf8"))]));
}

async function main() {
  if (!folder || files.length === 0) throw new Error("usage: node kusto.mjs TABLES FILE.kql...");
  const { analyse, database } = await import("./language.mjs");
  const globals = database(tables());
  let clean = true;
  for (const file of files) {
    const text = readFileSync(file, "utf8").replace(/^\uFEFF/, "");
    if (text.trim() === "") throw new Error(`${file}: empty`);
    const answer = analyse(text, globals);
    if (answer.diagnostics.length + answer.deprecated.length > 0) clean = false;
    process.stdout.write(`${JSON.stringify({ file, ...answer })}\n`);
  }
  return clean ? 0 : 1;
}

main().then(
  (code) => (process.exitCode = code),
  (error) => {
    process.stderr.write(`kusto: ${error.message}\n`);
    process.exitCode = 2;
  },
);

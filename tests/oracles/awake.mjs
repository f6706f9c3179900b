#!/usr/bin/env node
// usage: node awake.mjs
//
// Proves that the check is awake: every query of `awake/` is broken, says in its first line how
// (`// expect: KS142`, `// expect: deprecated makeset`), and must be reported so with exit code 1; every query of `clean/`
// must pass with exit code 0; misuse must end with 2. Runs the real command each time, as the tests do.
// Exit 0: awake. 1: asleep somewhere.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const tables = "../../targets/tables";
const run = (...args) => spawnSync(process.execPath, [join(here, "kusto.mjs"), ...args], { encoding: "utf8", cwd: here });
const queries = (folder) => readdirSync(join(here, folder)).sort().map((name) => join(folder, name));
const failures = [];
const expect = (holds, what) => holds || failures.push(what);

const broken = queries("awake");
expect(broken.length >= 20, `awake/ holds ${broken.length} queries`);
const reported = run(tables, ...broken);
expect(reported.status === 1, `the broken queries ended with ${reported.status}: ${reported.stderr}`);
const answers = new Map(reported.stdout.split("\n").filter(Boolean).map((line) => [JSON.parse(line).file, JSON.parse(line)]));
for (const file of broken) {
  const expected = /^\/\/ expect: (.+)/.exec(readFileSync(join(here, file), "utf8"))?.[1].trim();
  const { diagnostics = [], deprecated = [] } = answers.get(file) ?? {};
  const found = [...diagnostics.map((d) => d.code), ...deprecated.map((d) => `deprecated ${d.name}`)];
  expect(found.includes(expected), `${file}: expected ${expected}, reported ${found.join(", ") || "nothing"}`);
}
// One at a time as well: a file must not pass because another one failed.
for (const file of broken.filter((_, at) => at % 13 === 0)) {
  expect(run(tables, file).status === 1, `${file}: alone, it did not end with 1`);
}

const clean = queries("clean");
const passed = run(tables, ...clean);
expect(passed.status === 0, `the clean queries ended with ${passed.status}: ${passed.stdout}${passed.stderr}`);
expect(passed.stdout.trim().split("\n").length === clean.length, "a clean query has no answer");

for (const args of [[], [tables], [tables, "no-such-file.kql"], ["no-such-tables", clean[0]]]) {
  const { status, stderr } = run(...args);
  expect(status === 2 && stderr !== "", `misuse (${args.join(" ")}) ended with ${status}`);
}

for (const failure of failures) process.stderr.write(`asleep: ${failure}\n`);
if (failures.length === 0) process.stdout.write(`awake: ${broken.length} broken queries reported, ${clean.length} clean ones passed\n`);
process.exitCode = failures.length === 0 ? 0 : 1;

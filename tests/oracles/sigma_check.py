#!/usr/bin/env python3
"""Judges Sigma rules with the tools of the people who receive them.

usage: python sigma_check.py --schemas DIR|none [--each] PATH...

Each PATH is a folder of `.yml` files or one file. Without --each everything is judged together, as one delivery (duplicate ids
and titles are seen); with it, each file alone. Prints one JSON object a line:
  {"judge", "finding", "file", "text"}   something is wrong; the judges are
     check    `sigma check -e -i -x attacktag -x d3_fendtag` (those two validators ask the network)
     schema   the JSON schema of each document, found by its key: correlation, filter, else detection
     layout   yamllint with sigma.yamllint
     convert  `sigma convert` fails for a reason that has no name in REFUSALS
  {"file", "target", "answer"}           what a converter says: "ok" or the name of its refusal. A refusal is no fault of ours.
Exit 0: no finding. 1: findings. 2: misuse, or a judge is missing.
"""

import contextlib
import io
import json
import re
import sys
import tempfile
import xml.etree.ElementTree as xml
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGETS = ["kusto", "splunk", "eql", "esql"]
SCHEMAS = {name: f"sigma-{file}-schema.json" for name, file in
           [("correlation", "correlation-rules"), ("filter", "filters"), ("detection", "detection-rule")]}
# What converters are known to leave out, by the words of their message.
REFUSALS = [
    (r"Backend does not support correlation rules", "correlation"),
    (r"Correlation type '(\w+)' is not supported", None),
    (r"Correlation field normalization is not supported", "aliases"),
    (r"Case-sensitive string matching is not supported", "cased"),
    (r"Field exists expressions are not supported", "exists"),
    (r"Field reference expression is not supported|can't handle field references", "fieldref"),
]


class Judge:
    def __init__(self, schemas):
        import click.testing
        import jsonschema
        import yaml
        import yamllint.config
        import yamllint.linter
        # They keep the standard error that they find now for their progress.
        with contextlib.redirect_stderr(io.StringIO()):
            from sigma.cli.check import check
            from sigma.cli.convert import convert

        self.run = lambda command, *args: click.testing.CliRunner().invoke(command, [str(arg) for arg in args])
        self.sigma_check, self.sigma_convert, self.yaml = check, convert, yaml
        self.lint = yamllint.linter.run
        self.layout_rules = yamllint.config.YamlLintConfig(file=str(HERE / "sigma.yamllint"))
        self.schemas = {}
        for name, file in SCHEMAS.items() if schemas else []:
            schema = json.loads((schemas / file).read_text())
            validator = jsonschema.validators.validator_for(schema)
            self.schemas[name] = validator(schema, format_checker=validator.FORMAT_CHECKER)
        # Dates stay text: the schemas ask for text.
        self.loader = type("Loader", (yaml.SafeLoader,), {})
        self.loader.yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in rules if not tag.endswith(":timestamp")]
            for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()}

    def check(self, paths):
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.xml"
            args = ["-e", "-i", "-x", "attacktag", "-x", "d3_fendtag", "--junitxml", report]
            result = self.run(self.sigma_check, *args, *paths)
            found = 0
            for case in xml.parse(report).iter("testcase") if report.exists() else []:
                for failure in case.iter("failure"):
                    found += 1
                    file = re.search(r"[^'()]+\.yml", case.get("file"))
                    yield {"judge": "check", "finding": case.get("classname"), "file": file and file[0], "text": failure.text}
        if result.exit_code != 0 and found == 0:
            # It gave up before it could report.
            lines = [line for line in result.output.splitlines() if line.startswith("Error")] or [repr(result.exception)]
            yield {"judge": "check", "finding": "aborted", "file": str(paths[0]) if len(paths) == 1 else None, "text": "; ".join(lines)}
        if result.exit_code == 0 and found > 0:
            raise RuntimeError("sigma check reports findings and ends with 0")

    def documents(self, file):
        try:
            return list(self.yaml.load_all(file.read_bytes(), self.loader))
        except (self.yaml.YAMLError, UnicodeDecodeError):
            return []  # The layout judge says so.

    def schema(self, file):
        for at, document in enumerate(self.documents(file)):
            kind = next((k for k in ("correlation", "filter") if isinstance(document, dict) and k in document), "detection")
            for error in self.schemas[kind].iter_errors(document) if self.schemas else []:
                text = f"document {at + 1} ({kind}): {error.json_path}: {error.message}"
                yield {"judge": "schema", "finding": error.validator, "file": str(file), "text": text}

    def layout(self, file):
        if not file.read_bytes().strip():
            yield {"judge": "layout", "finding": "empty", "file": str(file), "text": "there is no document"}
        with open(file, newline="", encoding="utf-8") as text:
            for problem in self.lint(text, self.layout_rules):
                place = f"line {problem.line}, column {problem.column}: {problem.desc}"
                yield {"judge": "layout", "finding": problem.rule or "syntax", "file": str(file), "text": place}

    def convert(self, file):
        for target in TARGETS:
            result = self.run(self.sigma_convert, "-t", target, "--without-pipeline", file)
            if result.exit_code == 0:
                yield {"file": str(file), "target": target, "answer": "ok"}
                continue
            message = result.output.strip().splitlines()[-1] if result.output.strip() else repr(result.exception)
            for pattern, name in REFUSALS:
                if match := re.search(pattern, message):
                    yield {"file": str(file), "target": target, "answer": name or match.group(1)}
                    break
            else:
                yield {"judge": "convert", "finding": target, "file": str(file), "text": message}


def files_of(path):
    if path.is_dir():
        return sorted(path.rglob("*.yml"))
    if path.is_file():
        return [path]
    raise ValueError(f"{path}: no such file or folder")


def main(args):
    usage = "usage: python sigma_check.py --schemas DIR|none [--each] PATH..."
    if len(args) < 3 or args[0] != "--schemas":
        raise ValueError(usage)
    schemas = None if args[1] == "none" else Path(args[1])
    each = "--each" in args
    paths = [Path(arg) for arg in args[2:] if arg != "--each"]
    files = [file for path in paths for file in files_of(path)]
    if not files:
        raise ValueError("no .yml file is there")
    judge = Judge(schemas)
    clean = True
    reports = [judge.check([file]) for file in files] if each else [judge.check(paths)]
    for file in files:
        reports += [judge.schema(file), judge.layout(file), judge.convert(file)]
    for line in (line for report in reports for line in report):
        clean &= "finding" not in line
        print(json.dumps(line, ensure_ascii=False))
    return 0 if clean else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        print(f"sigma_check: {error}", file=sys.stderr)
        sys.exit(2)

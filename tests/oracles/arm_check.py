#!/usr/bin/env python3
"""Judges deployment templates of Sentinel rules.

usage: python arm_check.py PATH...     each PATH is a folder of `.json` files or one file

Prints one JSON object a finding, `{"finding", "file", "text"}`. Findings are
  json        not JSON, or a key that stands twice
  a keyword   of JSON schema (arm.schema.json): required, enum, pattern, additionalProperties, ..
  expression  a text in `[..]` that is not one of the calls known here, or names no parameter of the template
  parameter   a parameter that nothing uses
  time        a frequency, period, suppression or lookback that the service refuses
  reference   a grouping by an entity or detail that the rule does not have, a sub-technique without its technique
  placeholder more than three in one text, or one that is no `{{Column}}`
  name        two resources of one name
Exit 0: no finding. 1: findings. 2: misuse.
"""

import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MINUTE, HOUR, DAY = 60, 3600, 86400
TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-z]\w*)|'(?P<text>(?:[^']|'')*)'|(?P<sign>[(),]))")
CALLS = {"concat": None, "parameters": 1, "resourceId": None}


def once(pairs):
    keys = [key for key, _ in pairs]
    if twice := {key for key in keys if keys.count(key) > 1}:
        raise ValueError(f"a key stands twice: {', '.join(sorted(twice))}")
    return dict(pairs)


def strings(value, path="$"):
    if isinstance(value, str):
        yield path, value
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []:
        yield from strings(inner, f"{path}.{key}" if isinstance(key, str) else f"{path}[{key}]")


def is_expression(text):
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def parameters_of(expression):
    """The parameters that an expression names; ValueError if it is no call that is known here."""
    named, at, text = [], 0, expression[1:-1]

    def token():
        nonlocal at
        match = TOKEN.match(text, at)
        if not match:
            raise ValueError(f"not understood from `{text[at:]}`")
        at = match.end()
        return match

    def value():
        first = token()
        if first["text"] is not None:
            return first["text"].replace("''", "'")
        if first["name"] not in CALLS:
            raise ValueError(f"`{first[0].strip()}` is no function known here")
        if token()["sign"] != "(":
            raise ValueError("a function without its brackets")
        arguments = [value()]
        while (sign := token()["sign"]) == ",":
            arguments.append(value())
        if sign != ")" or CALLS[first["name"]] not in (None, len(arguments)):
            raise ValueError("not understood at the end of a call")
        if first["name"] == "parameters":
            named.append(arguments[0])
        return ""

    value()
    if text[at:].strip():
        raise ValueError(f"more than one value: `{text[at:]}`")
    return named


def seconds(text):
    match = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text) if isinstance(text, str) else None
    return sum(int(n or 0) * unit for n, unit in zip(match.groups(), (DAY, HOUR, MINUTE, 1))) if match else None


def times(rule, grouping):
    frequency, period = seconds(rule.get("queryFrequency")), seconds(rule.get("queryPeriod"))
    if frequency is not None and period is not None:
        for name, value in (("queryFrequency", frequency), ("queryPeriod", period)):
            if not 5 * MINUTE <= value <= 14 * DAY:
                yield f"{name} is not within 5 minutes and 14 days"
        if period < frequency:
            yield "queryPeriod is shorter than queryFrequency"
        if period >= 2 * DAY and frequency < HOUR:
            yield "a period of two days or more wants a frequency of an hour or more"
    suppression, lookback = seconds(rule.get("suppressionDuration")), seconds(grouping.get("lookbackDuration"))
    if suppression is not None and not 5 * MINUTE <= suppression <= DAY:
        yield "suppressionDuration is not within 5 minutes and a day"
    if lookback is not None and not 5 * MINUTE <= lookback <= 7 * DAY:
        yield "lookbackDuration is not within 5 minutes and 7 days"


def references(rule, grouping):
    entities = {mapping.get("entityType") for mapping in rule.get("entityMappings", [])}
    for name, known in (("groupByEntities", entities), ("groupByCustomDetails", set(rule.get("customDetails", {})))):
        for item in grouping.get(name, []):
            if item not in known:
                yield f"{name}: the rule has no `{item}`"
    for sub in rule.get("subTechniques", []):
        if sub.split(".")[0] not in rule.get("techniques", []):
            yield f"subTechniques: `{sub}` stands without its technique"


def placeholders(rule):
    for name in ("alertDisplayNameFormat", "alertDescriptionFormat"):
        text = rule.get("alertDetailsOverride", {}).get(name, "")
        found = re.findall(r"\{\{(.*?)\}\}", text)
        if len(found) > 3:
            yield f"{name}: {len(found)} placeholders, three are allowed"
        for column in found:
            if not re.fullmatch(r"[A-Za-z_]\w*", column):
                yield f"{name}: `{column}` is no column"


def findings(text, schema):
    try:
        template = json.loads(text, object_pairs_hook=once)
    except ValueError as error:
        yield "json", str(error)
        return
    broken = False
    for error in schema.iter_errors(template):
        # Of an alternative, what is wrong in it says more than that nothing fits.
        broken = True
        yield error.validator or "additionalProperties", f"{error.json_path}: {error.message[:300]}"
    if broken:
        return  # What follows wants the shape.
    used = set()
    for path, value in strings(template["resources"], "$.resources"):
        if is_expression(value):
            try:
                used.update(parameters_of(value))
            except ValueError as error:
                yield "expression", f"{path}: {error}; a text that begins with `[` and ends with `]` begins with `[[`"
    for name in sorted(used - set(template["parameters"])):
        yield "expression", f"there is no parameter `{name}`"
    for name in sorted(set(template["parameters"]) - used):
        yield "parameter", f"nothing uses `{name}`"
    names = [resource["name"].lower() for resource in template["resources"]]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield "name", name
    for at, resource in enumerate(template["resources"]):
        rule = resource["properties"]
        grouping = rule.get("incidentConfiguration", {}).get("groupingConfiguration", {})
        for finding, texts in (("time", times(rule, grouping)), ("reference", references(rule, grouping)), ("placeholder", placeholders(rule))):
            for said in texts:
                yield finding, f"$.resources[{at}]: {said}"


def main(args):
    import jsonschema

    schema = jsonschema.Draft202012Validator(json.loads((HERE / "arm.schema.json").read_text()))
    files = [file for path in map(Path, args) for file in (sorted(path.rglob("*.json")) if path.is_dir() else [path])]
    if not files:
        raise ValueError("usage: python arm_check.py PATH...")
    clean = True
    for file in files:
        for finding, said in findings(file.read_text(encoding="utf-8"), schema):
            clean = False
            print(json.dumps({"finding": finding, "file": str(file), "text": said}, ensure_ascii=False))
    return 0 if clean else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (ImportError, OSError, ValueError) as error:
        print(f"arm_check: {error}", file=sys.stderr)
        sys.exit(2)

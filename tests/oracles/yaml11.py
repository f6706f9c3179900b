#!/usr/bin/env python3
"""What a YAML 1.1 reader sees, as JSON: PyYAML, both its own parser and libyaml's where that is built in.

usage: python yaml11.py FILE...    prints one JSON list: the documents of all files, in order
       python yaml11.py --texts    reads a JSON list of YAML texts from standard input and prints a JSON list with one entry
                                   for each: {"documents": [..]} or {"error": ".."}; a text that fails spoils no other

Texts, booleans, nulls, finite numbers, lists and mappings are themselves. What JSON has no form for is flagged:
  {"!": "date"|"float"|"bytes"|"set"|.., "text": ".."}   a value that is no text for such a reader: 2026-11-21, .inf, !!binary
  {"!": "map", "pairs": [[key, value], ..]}              a mapping with a key that is no text, with a "!" key, or one key twice
Exit 0: read. 1: a file that is no YAML, or that the two parsers read differently. 2: misuse.
"""

import json
import math
import sys

import yaml


def flag(kind, value):
    if isinstance(value, bytes):
        return {"!": kind, "text": value.hex()}
    return {"!": kind, "text": " ".join(sorted(map(str, value))) if isinstance(value, set) else str(value)}


def loader(base):
    """A safe loader that keeps mappings as lists of pairs, so that a key that stands twice is seen."""

    class Loader(base):
        pass

    def mapping(self, node):
        self.flatten_mapping(node)
        return Pairs((self.construct_object(k, deep=True), self.construct_object(v, deep=True)) for k, v in node.value)

    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    return Loader


class Pairs(list):
    # The safe loader puts sets and nodes into dictionaries by hash.
    __hash__ = object.__hash__


def seen(value):
    if isinstance(value, Pairs):
        pairs = [(seen(k), seen(v)) for k, v in value]
        keys = [k for k, _ in pairs]
        if all(isinstance(k, str) for k in keys) and len(set(keys)) == len(keys) and "!" not in keys:
            return dict(pairs)
        return {"!": "map", "pairs": pairs}
    if isinstance(value, (list, tuple)):
        return [seen(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return flag("float", value)
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    kind = type(value).__name__
    return flag("date" if kind in ("date", "datetime") else kind, value)


PARSERS = [loader(yaml.SafeLoader)] + ([loader(yaml.CSafeLoader)] if yaml.__with_libyaml__ else [])


def read(text):
    readings = [[seen(document) for document in yaml.load_all(text, parser)] for parser in PARSERS]
    if any(json.dumps(reading) != json.dumps(readings[0]) for reading in readings):
        raise yaml.YAMLError(f"the two parsers differ: {readings}")
    return readings[0]


def attempt(text):
    try:
        return {"documents": read(text)}
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        return {"error": " ".join(str(error).split())}


def main(args):
    if args == ["--texts"]:
        answers = [attempt(text) for text in json.load(sys.stdin)]
    elif args and not args[0].startswith("-"):
        answers = []
        for name in args:
            with open(name, "rb") as file:
                answer = attempt(file.read())
            if "error" in answer:
                print(f"yaml11: {name}: {answer['error']}", file=sys.stderr)
                return 1
            answers += answer["documents"]
    else:
        print("usage: python yaml11.py FILE... | --texts", file=sys.stderr)
        return 2
    print(json.dumps(answers))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

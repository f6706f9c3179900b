"""Runs KQL in ClickHouse's Kusto dialect (chdb), for tests/chdb: a JSON object a line in, one a line out.

First line out:  {"package": version of chdb-core, "engine": version of ClickHouse}
{"tables": [{"name": .., "columns": [[name, type], ..], "rows": [[..], ..]}, ..]}    replaces tables; types are ClickHouse's
                 {"done": true}
{"query": text}  {"columns": [[name, type], ..], "rows": [[..], ..]}, or {"error": text}
"""

import json
import sys
from importlib.metadata import version

from chdb import session

SETTINGS = [
    "max_threads = 1",
    "max_execution_time = 20",
    "allow_experimental_kusto_dialect = 1",
    # Otherwise min(x + 1) of no rows is 1.
    "optimize_arithmetic_operations_in_aggregate_functions = 0",
    "date_time_input_format = 'best_effort'",
    "output_format_json_quote_64bit_integers = 0",
    "output_format_json_quote_denormals = 1",
]


def name(text):
    return "`" + text.replace("\\", "\\\\").replace("`", "\\`") + "`"


def load(engine, tables):
    engine.query("SET dialect = 'clickhouse'")
    for table in tables:
        columns = ", ".join(f"{name(column)} {kind}" for column, kind in table["columns"])
        engine.query(f"DROP TABLE IF EXISTS {name(table['name'])}")
        engine.query(f"CREATE TABLE {name(table['name'])} ({columns}) ENGINE = Memory")
        rows = "\n".join(json.dumps(row) for row in table["rows"])
        if rows:
            engine.query(f"INSERT INTO {name(table['name'])} FORMAT JSONCompactEachRow\n{rows}")
    engine.query("SET dialect = 'kusto'")
    return {"done": True}


def run(engine, text):
    try:
        answer = json.loads(engine.query(text, "JSONCompact").bytes())
    except Exception as error:  # whatever it is, the test judges its text
        # Without an empty query the next one is handed what this one left over.
        try:
            engine.query("")
        except Exception:
            pass
        return {"error": str(error)}
    return {"columns": [[column["name"], column["type"]] for column in answer["meta"]], "rows": answer["data"]}


def main():
    engine = session.Session()
    engine.query("CREATE DATABASE tests")
    engine.query("USE tests")
    for setting in SETTINGS:
        engine.query(f"SET {setting}")
    [row] = json.loads(engine.query("SELECT version()", "JSONCompact").bytes())["data"]
    print(json.dumps({"package": version("chdb-core"), "engine": row[0]}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        answer = load(engine, asked["tables"]) if "tables" in asked else run(engine, asked["query"])
        print(json.dumps(answer), flush=True)
    engine.close()


main()

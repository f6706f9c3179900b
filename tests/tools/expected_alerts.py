#!/usr/bin/env python3
"""The four seed rules once more, by hand and without the compiler: what they must find in tests/samples.

usage: python3 tests/tools/expected_alerts.py [FOLDER]

Prints one JSON object an alert, `{"rule", "time", ...}`, ordered by time, rule and keys. It is written from the meaning of
the language and not from the compiler's code, so that the two can disagree. Slow and plain on purpose.
"""

import gzip
import json
import re
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
RECON = set("""iam.list-users iam.list-groups iam.list-roles iam.get-user iam.list-access-keys ec2.describe-vpcs
  ec2.describe-subnets ec2.describe-security-groups ec2.describe-network-acls ec2.describe-network-interfaces
  ec2.describe-route-tables ec2.describe-internet-gateways ec2.describe-vpc-peering-connections
  ec2.describe-transit-gateway-vpc-attachments route53.list-hosted-zones kms.list-keys kms.list-aliases ecs.list-clusters
  ecs.list-services""".split())


def records(folder):
    """Every record of every file, as it stands there."""
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".gz", ".ndjson")):
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
        if text.startswith('{"Records":'):
            yield from json.loads(text)["Records"]
        else:
            yield from map(json.loads, text.splitlines())


def get(value, path):
    """The value at a dotted path; None where it is absent, null or the empty text."""
    for word in path.split("."):
        value = value.get(word) if isinstance(value, dict) else None
    return None if value == "" else value


def parse_time(text):
    whole, _, rest = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(whole).replace(tzinfo=timezone.utc) + timedelta(seconds=float("0." + (rest or "0")))


def window(time, size):
    """The end of the window that holds the instant."""
    return EPOCH + ((time - EPOCH) // size + 1) * size


def has(text, needle):
    return re.search(rf"(?<![0-9A-Za-z]){re.escape(needle)}(?![0-9A-Za-z])", text or "", re.I | re.A) is not None


def succeeded(event):
    if event["eventName"] == "ConsoleLogin":
        return get(event, "responseElements.ConsoleLogin") == "Success"
    return get(event, "errorCode") is None and get(event, "errorMessage") is None


def actor(event):
    arn = get(event, "userIdentity.arn")
    return get(event, "userIdentity.userName") or (arn.split("/")[-1] if arn else None) or None


def cloudshell_unseen_commands(trail):
    rows = [
        e for e in trail
        if any(has(get(e, "userAgent"), word) for word in ("aws-cli", "cloudshell"))
        and get(e, "userIdentity.type") == "IAMUser" and get(e, "userIdentity.userName")
        and e["eventName"].startswith(("Describe", "Export", "Get", "List"))
    ]

    def usage(user, start, end):
        mine = [e for e in rows if get(e, "userIdentity.userName") == user and start <= e["time"] < end]
        ok = [e["eventName"] for e in mine if get(e, "errorCode") is None]
        failed = [e["eventName"] for e in mine if get(e, "errorCode")]
        return mine, ok, failed

    for user, end in sorted({(get(e, "userIdentity.userName"), window(e["time"], HOUR)) for e in rows}):
        mine, ok, failed = usage(user, end - HOUR, end)
        before, past_ok, past_failed = usage(user, end - 13 * DAY, end - HOUR)
        if len(failed) < len(ok) or len(set(failed)) < len(set(ok)):
            continue
        quiet = len(past_ok) >= len(past_failed) and len(set(past_ok)) >= len(set(past_failed))
        if before and not (quiet and len(failed) >= len(past_failed)):
            continue
        unseen = set(ok + failed) - set(past_ok + past_failed)
        if unseen & set(failed):
            yield {"time": end, "user": user, "unseen": sorted(unseen), "failed": len(failed), "ok": len(ok),
                   "addresses": sorted({e["sourceIPAddress"] for e in mine})}


def aws_cli_recon_burst(trail):
    groups = {}
    for e in trail:
        agent = get(e, "userAgent") or ""
        found = re.search(r"command[/#]([\w.-]+)", agent)
        if not agent.lower().startswith("aws-cli") or not found or found[1] not in RECON:
            continue
        name = "Anonymous" if get(e, "userIdentity.principalId") == "Anonymous" else actor(e)
        if name is None and e.get("resources"):
            name = (e["resources"][0].get("ARN") or "").split("/")[-1] or None
        key = (name, get(e, "recipientAccountId"), get(e, "sourceIPAddress"), window(e["time"], MINUTE))
        if None not in key:
            groups.setdefault(key, set()).add(found[1])
    for (name, account, address, end), commands in groups.items():
        if len(commands) >= 8:
            yield {"time": end, "account": name, "recipientAccountId": account, "sourceIPAddress": address,
                   "n": len(commands), "commands": sorted(commands)}


def ssm_output_to_foreign_bucket(trail):
    for command in trail:
        if command["eventName"] not in ("SendCommand", "CreateAssociation") or not succeeded(command):
            continue
        bucket = (get(command, "requestParameters.outputS3BucketName")
                  or get(command, "requestParameters.outputLocation.s3Location.outputS3BucketName"))
        if not bucket or get(command, "requestParameters.parameters") is None:
            continue
        for upload in trail:
            if upload["eventName"] != "PutObject" or not succeeded(upload):
                continue
            if get(upload, "requestParameters.bucketName") != bucket:
                continue
            if not timedelta(0) <= upload["time"] - command["time"] <= DAY:
                continue
            resources = upload.get("resources") or []
            for resource in resources if isinstance(resources, list) else [resources]:
                owner = get(resource, "accountId")
                if owner and owner != get(upload, "recipientAccountId"):
                    yield {"time": upload["time"], "bucket": bucket, "owner": owner, "command_actor": actor(command),
                           "upload_actor": actor(upload),
                           "execution": get(command, "responseElements.command.commandId")
                           or get(command, "responseElements.associationDescription.associationId")}


def azure_cloudshell_usage(activity):
    listing = "microsoft.storage/storageaccounts/listkeys/action"
    groups = {}
    for e in activity:
        if e["caller"] and e["operation"]:
            groups.setdefault((e["caller"], window(e["time"], HOUR)), []).append(e)
    for (caller, end), rows in groups.items():
        opened = [e for e in rows if e["operation"].lower() == listing and e["status"].lower() in ("success", "succeeded")
                  and has(e["group"], "cloud-shell-storage")]
        operations = {e["operation"] for e in rows if e["operation"].lower() != listing}
        if opened and operations:
            yield {"time": end, "caller": caller, "sessions": len(opened), "operations": sorted(operations),
                   "addresses": sorted({e["address"] for e in opened})}


def azure_event(e):
    """One shape for the rows of the table and the events of the REST interface."""
    if "OperationNameValue" in e:
        return {"time": parse_time(e["TimeGenerated"]), "caller": e["Caller"], "operation": e["OperationNameValue"],
                "status": e["ActivityStatusValue"], "group": e["ResourceGroup"], "address": e["CallerIpAddress"]}
    return {"time": parse_time(e["eventTimestamp"]), "caller": e["caller"], "operation": e["operationName"]["value"],
            "status": e["status"]["value"], "group": e["resourceGroupName"], "address": e["httpRequest"]["clientIpAddress"]}


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "samples"
    trail, activity = [], []
    for record in records(folder):
        if "eventTime" in record:
            trail.append({**record, "time": parse_time(record["eventTime"])})
        else:
            activity.append(azure_event(record))
    alerts = [
        {"rule": rule.__name__, **alert}
        for rule, events in [(cloudshell_unseen_commands, trail), (aws_cli_recon_burst, trail),
                             (ssm_output_to_foreign_bucket, trail), (azure_cloudshell_usage, activity)]
        for alert in rule(events)
    ]
    for alert in alerts:
        alert["time"] = alert["time"].isoformat(timespec="milliseconds").replace(".000", "").replace("+00:00", "Z")
    for alert in sorted(alerts, key=lambda a: (a["time"], a["rule"], json.dumps(a))):
        print(json.dumps(alert))
    ids = [e["eventID"] for e in trail]
    print(f"{len(trail)} CloudTrail records ({len(ids) - len(set(ids))} of them delivered twice), {len(activity)} Azure events, "
          f"{len(alerts)} alerts", file=sys.stderr)


if __name__ == "__main__":
    main()

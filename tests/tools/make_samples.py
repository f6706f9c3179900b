#!/usr/bin/env python3
"""Writes tests/samples: fifteen days of an invented company's CloudTrail and Azure activity log.

usage: python3 tests/tools/make_samples.py

Every account, address, name and key is invented (documentation ranges, `EXAMPLE` keys). The output depends on nothing but this
file: the random numbers are seeded and gzip carries no time (another zlib may still pack the same text into other bytes).
What the seed rules must find in it stands in tests/samples/README.md, and tests/tools/expected_alerts.py works it out a
second time, from the files alone.
"""

import gzip
import io
import json
import random
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
FIRST_DAY = datetime(2025, 8, 1, tzinfo=timezone.utc)
DAYS = 15
PROD, DEV, FOREIGN = "111122223333", "444455556666", "999988887777"
OFFICE, VPN, STRANGER, SCANNER = "198.51.100.14", "198.51.100.201", "203.0.113.77", "203.0.113.130"

rng = random.Random(20250815)
records = []  # (account, region, record)


def at(day, clock):
    """The instant of `clock` (HH:MM:SS) on the given day of August 2025."""
    hours, minutes, seconds = map(int, clock.split(":"))
    return datetime(2025, 8, day, hours, minutes, seconds, tzinfo=timezone.utc)


def uuid():
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def token(length, alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"):
    return "".join(rng.choice(alphabet) for _ in range(length))


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- who ----------------------------------------------------------------------------------------------------------

KEYS = {}


def remembered(what, make):
    return KEYS.setdefault(what, make())


def iam_user(name, account=PROD, console_since=None):
    identity = {
        "type": "IAMUser",
        "principalId": remembered(("principal", account, name), lambda: "AIDA" + token(10) + "EXAMPLE"),
        "arn": f"arn:aws:iam::{account}:user/{name}",
        "accountId": account,
        "accessKeyId": remembered(("key", account, name), lambda: "AKIA" + token(9) + "EXAMPLE"),
        "userName": name,
    }
    if console_since:
        identity["accessKeyId"] = "ASIA" + token(9) + "EXAMPLE"
        identity["sessionContext"] = {
            "attributes": {"creationDate": stamp(console_since), "mfaAuthenticated": "true"},
        }
    return identity


def role_session(role, session, since, account=PROD, mfa="false"):
    principal = remembered(("role", account, role), lambda: "AROA" + token(10) + "EXAMPLE")
    return {
        "type": "AssumedRole",
        "principalId": f"{principal}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        "accountId": account,
        "accessKeyId": "ASIA" + token(9) + "EXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": principal,
                "arn": f"arn:aws:iam::{account}:role/{role}",
                "accountId": account,
                "userName": role,
            },
            "webIdFederationData": {},
            "attributes": {"creationDate": stamp(since), "mfaAuthenticated": mfa},
        },
    }


def service(name):
    return {"type": "AWSService", "invokedBy": name}


# ---- what ---------------------------------------------------------------------------------------------------------

READS = ("Describe", "Get", "List", "Head", "Lookup")


def call(time, source, name, identity, ip, agent, *, region="us-east-1", account=PROD, request=None, response=None,
         error=None, data_event=False, resources=None, event_type="AwsApiCall", extra=None):
    host = f"{source.split('.')[0]}.{region}.amazonaws.com"
    record = {
        "eventVersion": "1.09" if time.day >= 5 else "1.08",
        "userIdentity": identity,
        "eventTime": stamp(time),
        "eventSource": source,
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": ip,
        "userAgent": agent,
    }
    if error:
        record["errorCode"], record["errorMessage"] = error
    record["requestParameters"] = request
    record["responseElements"] = None if error else response
    if extra:
        record["additionalEventData"] = extra
    record["requestID"] = uuid()
    record["eventID"] = uuid()
    record["readOnly"] = name.startswith(READS)
    if resources:
        record["resources"] = resources
    record["eventType"] = event_type
    record["managementEvent"] = not data_event
    record["recipientAccountId"] = account
    record["eventCategory"] = "Data" if data_event else "Management"
    if "accessKeyId" in identity and event_type == "AwsApiCall":
        record["tlsDetails"] = {
            "tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": host,
        }
    records.append((account, region, record))
    return record


def cli(command, version="2.22.4"):
    """The agent of a current AWS CLI; versions below 2.14 wrote it in another spelling."""
    if tuple(map(int, version.split("."))) < (2, 14, 0):
        return (f"aws-cli/{version} Python/3.11.4 Linux/5.15.0 exe/x86_64.ubuntu.22 prompt/off command/{command}")
    return (f"aws-cli/{version} md/awscrt#0.23.4 ua/2.0 os/linux#6.1 md/arch#x86_64 lang/python#3.12.6 "
            f"md/pyimpl#CPython m/N,E cfg/retry-mode#standard md/installer#exe md/prompt#off md/command#{command}")


BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
DENIED = "AccessDenied"


def denied(identity, action):
    return (DENIED, f"User: {identity['arn']} is not authorized to perform: {action} because no identity-based policy allows it")


def put_object(time, bucket, key, identity, ip, owner, account=PROD, error=None):
    call(time, "s3.amazonaws.com", "PutObject", identity, ip, "[aws-sdk-go/1.55.5 (go1.22.6; linux; amd64) amazon-ssm-agent/]",
         account=account, data_event=True, error=error,
         request={"bucketName": bucket, "Host": f"{bucket}.s3.us-east-1.amazonaws.com", "key": key,
                  "x-amz-acl": "bucket-owner-full-control"},
         extra={"SignatureVersion": "SigV4", "bytesTransferredIn": rng.randrange(200, 9000), "AuthenticationMethod": "AuthHeader",
                "x-amz-id-2": token(20), "bytesTransferredOut": 0},
         resources=[{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"},
                    {"accountId": owner, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}])


def send_command(time, identity, ip, bucket, instance, error=None, document="AWS-RunShellScript"):
    command = uuid()
    request = {"documentName": document, "instanceIds": [instance], "interactive": False,
               "parameters": "HIDDEN_DUE_TO_SECURITY_REASONS"}
    if bucket:
        request["outputS3BucketName"] = bucket
    call(time, "ssm.amazonaws.com", "SendCommand", identity, ip, cli("ssm.send-command"), request=request, error=error,
         response={"command": {"commandId": command, "documentName": document, "documentVersion": "$DEFAULT", "comment": "",
                               "instanceIds": [instance], "targets": [], "status": "Pending", "statusDetails": "Pending",
                               "outputS3BucketName": bucket or "", "outputS3KeyPrefix": "", "targetCount": 1,
                               "parameters": "HIDDEN_DUE_TO_SECURITY_REASONS", "timeoutSeconds": 3600}})
    return command


RECON = {
    "iam.list-users": ("iam", "ListUsers"), "iam.list-groups": ("iam", "ListGroups"), "iam.list-roles": ("iam", "ListRoles"),
    "iam.get-user": ("iam", "GetUser"), "iam.list-access-keys": ("iam", "ListAccessKeys"),
    "ec2.describe-vpcs": ("ec2", "DescribeVpcs"), "ec2.describe-subnets": ("ec2", "DescribeSubnets"),
    "ec2.describe-security-groups": ("ec2", "DescribeSecurityGroups"),
    "ec2.describe-route-tables": ("ec2", "DescribeRouteTables"),
    "route53.list-hosted-zones": ("route53", "ListHostedZones"),
    "kms.list-keys": ("kms", "ListKeys"), "kms.list-aliases": ("kms", "ListAliases"), "ecs.list-clusters": ("ecs", "ListClusters"),
}


def cli_read(time, command, name, identity, ip, *, error=None, region="us-east-1", account=PROD, version="2.22.4"):
    source = command.split(".")[0]
    return call(time, f"{source}.amazonaws.com", name, identity, ip, cli(command, version), region=region, account=account,
                error=denied(identity, f"{source}:{name}") if error else None)


# ---- ordinary days ------------------------------------------------------------------------------------------------

def ordinary_day(day):
    start = FIRST_DAY + timedelta(days=day)
    weekend = start.weekday() >= 5

    def sometime(first_hour, last_hour):
        return start + timedelta(hours=first_hour, seconds=rng.randrange((last_hour - first_hour) * 3600))

    # The console: logins, and the calls that its pages make.
    for user, ip in [("alice", OFFICE), ("bob", VPN), ("carol", OFFICE)]:
        if weekend and user != "carol":
            continue
        since = sometime(7, 10)
        if rng.random() < 0.2:
            call(since - timedelta(seconds=25), "signin.amazonaws.com", "ConsoleLogin", iam_user(user), ip, BROWSER,
                 event_type="AwsConsoleSignIn", error=("", "Failed authentication"),
                 extra={"LoginTo": "https://console.aws.amazon.com/", "MobileVersion": "No", "MFAUsed": "Yes"})
            failed = records[-1][2]
            del failed["errorCode"]
            failed["responseElements"] = {"ConsoleLogin": "Failure"}
        call(since, "signin.amazonaws.com", "ConsoleLogin", iam_user(user), ip, BROWSER, event_type="AwsConsoleSignIn",
             response={"ConsoleLogin": "Success"},
             extra={"LoginTo": "https://console.aws.amazon.com/", "MobileVersion": "No", "MFAUsed": "Yes"})
        for _ in range(rng.randrange(4, 9)):
            source, name = rng.choice([("ec2", "DescribeInstances"), ("ec2", "DescribeInstanceStatus"), ("s3", "ListBuckets"),
                                       ("monitoring", "DescribeAlarms"), ("health", "DescribeEventAggregates")])
            call(since + timedelta(seconds=rng.randrange(30, 5000)), f"{source}.amazonaws.com", name,
                 iam_user(user, console_since=since), ip, rng.choice([BROWSER, "AWS Internal"]))

    # The command line, by hand: many reads that succeed; now and then one that is refused among them.
    for user, ip in [("alice", OFFICE), ("bob", VPN)]:
        if weekend:
            continue
        for _ in range(2):
            begin = start + timedelta(hours=rng.randrange(8, 17), minutes=rng.randrange(0, 40))
            for nth in range(rng.randrange(4, 7)):
                command, name = rng.choice([("ec2.describe-instances", "DescribeInstances"), ("s3api.list-buckets", "ListBuckets"),
                                            ("iam.list-users", "ListUsers"), ("ec2.describe-volumes", "DescribeVolumes"),
                                            ("logs.describe-log-groups", "DescribeLogGroups")])
                cli_read(begin + timedelta(seconds=61 * nth), command, name, iam_user(user), ip,
                         version="2.13.5" if user == "bob" else "2.22.4")
            if user == "alice" and day in (3, 10):
                cli_read(begin + timedelta(seconds=30), "iam.list-roles", "ListRoles", iam_user(user), ip, error=True)

    # An inventory job that is refused most names that it asks for: noise, every night.
    for hour in (1, 13):
        begin = start + timedelta(hours=hour, minutes=4)
        for nth in range(4):
            cli_read(begin + timedelta(seconds=7 * nth), "ec2.describe-instances", "DescribeInstances",
                     iam_user("svc-inventory"), "192.0.2.10")
        for nth, (command, name) in enumerate([("secretsmanager.list-secrets", "ListSecrets"), ("rds.describe-db-instances",
                                               "DescribeDBInstances")]):
            cli_read(begin + timedelta(seconds=40 + nth), command, name, iam_user("svc-inventory"), "192.0.2.10", error=True)

    # Deployments, by a role.
    for nth in range(1 if weekend else 3):
        since = sometime(9, 18)
        session = role_session("ci-deploy", f"build-{4000 + day * 10 + nth}", since)
        for step, (source, name, command) in enumerate([("cloudformation", "DescribeStacks", "cloudformation.describe-stacks"),
                                                        ("ec2", "DescribeSubnets", "ec2.describe-subnets"),
                                                        ("ecs", "UpdateService", "ecs.update-service"),
                                                        ("ecs", "DescribeServices", "ecs.describe-services")]):
            call(since + timedelta(seconds=20 * step), f"{source}.amazonaws.com", name, session, "192.0.2.44", cli(command),
                 request={"cluster": "web"} if source == "ecs" else None)

    # Instances and services.
    instance = role_session("web", "i-0a1b2c3d4e5f60718", start)
    for hour in range(0, 24, 4):
        time = start + timedelta(hours=hour, minutes=rng.randrange(60))
        call(time, "ssm.amazonaws.com", "UpdateInstanceInformation", instance, "192.0.2.80", "aws-sdk-go/1.55.5 amazon-ssm-agent/",
             request={"agentName": "amazon-ssm-agent", "agentStatus": "Active", "instanceId": "i-0a1b2c3d4e5f60718",
                      "platformName": "Amazon Linux", "platformType": "Linux"})
        put_object(time + timedelta(seconds=11), "example-app-logs", f"web/{start:%Y/%m/%d}/{hour:02}.log", instance, "192.0.2.80", PROD)
        call(time + timedelta(minutes=7), "sts.amazonaws.com", "AssumeRole", service("ec2.amazonaws.com"), "ec2.amazonaws.com",
             "ec2.amazonaws.com", request={"roleArn": f"arn:aws:iam::{PROD}:role/web", "roleSessionName": "i-0a1b2c3d4e5f60718"},
             resources=[{"accountId": PROD, "type": "AWS::IAM::Role", "ARN": f"arn:aws:iam::{PROD}:role/web"}])
    for _ in range(3):
        call(sometime(0, 24), "config.amazonaws.com", "DescribeConfigurationRecorders", service("config.amazonaws.com"),
             "config.amazonaws.com", "config.amazonaws.com", region="eu-west-1")

    # The development account, where the same user name is another person's.
    if not weekend:
        for _ in range(3):
            cli_read(sometime(9, 17), "lambda.list-functions", "ListFunctions20150331", iam_user("alice", DEV), "198.51.100.90",
                     account=DEV, region="eu-west-1")


# ---- what the rules are for -------------------------------------------------------------------------------------------

def unseen_commands():
    """cloudshell_unseen_commands: two alerts, and four users who look like one."""
    alice = iam_user("alice")
    for nth, (command, name) in enumerate([("iam.list-access-keys", "ListAccessKeys"), ("iam.get-account-authorization-details",
                                            "GetAccountAuthorizationDetails"), ("secretsmanager.list-secrets", "ListSecrets"),
                                           ("ssm.describe-instance-information", "DescribeInstanceInformation")]):
        cli_read(at(15, "02:17:00") + timedelta(seconds=97 * nth), command, name, alice, STRANGER, error=True)
    cli_read(at(15, "02:16:20"), "sts.get-caller-identity", "GetCallerIdentity", alice, STRANGER)
    # A key that nobody used since the log began. Its first call stands on the first instant of an hour.
    legacy = iam_user("svc-legacy")
    cli_read(at(15, "04:00:00"), "iam.list-users", "ListUsers", legacy, STRANGER, error=True)
    # Not: as many refusals, among more successes.
    for nth in range(4):
        cli_read(at(13, "11:05:00") + timedelta(seconds=61 * nth), "kms.list-keys", "ListKeys", iam_user("carol"), OFFICE)
    cli_read(at(13, "11:12:00"), "kms.list-grants", "ListGrants", iam_user("carol"), OFFICE, error=True)
    # Not: the noisy job is refused one more name.
    for nth in range(80):
        cli_read(at(14, "06:30:00") + timedelta(seconds=3 * nth), "backup.list-backup-jobs", "ListBackupJobs",
                 iam_user("svc-inventory"), "192.0.2.10", error=True)
    # Not: a role, and a call whose name only holds the word.
    dana = role_session("ops-admin", "dana@example.com", at(14, "08:00:00"), mfa="true")
    cli_read(at(14, "08:10:00"), "secretsmanager.list-secrets", "ListSecrets", dana, VPN, error=True)
    cli_read(at(14, "18:20:00"), "ecr.batch-get-image", "BatchGetImage", iam_user("bob"), VPN, error=True)


def recon_bursts():
    """aws_cli_recon_burst: two alerts, and two bursts that are too small or too slow."""
    commands = list(RECON.items())

    def burst(times, chosen, identity, ip, version="2.22.4"):
        for time, (command, (source, name)) in zip(times, chosen):
            cli_read(time, command, name, identity, ip, version=version)

    dana = role_session("ops-admin", "dana@example.com", at(14, "22:30:00"))
    burst([at(14, "22:41:03") + timedelta(seconds=4 * n) for n in range(13)], commands, dana, SCANNER)
    # Exactly eight, in the older spelling, from the first to the last second of a minute.
    scan = role_session("web", "i-0f9e8d7c6b5a40312", at(9, "03:00:00"))
    burst([at(9, "03:12:00") + timedelta(seconds=s) for s in (0, 9, 18, 27, 36, 45, 52, 59)], commands[:8], scan, SCANNER, "2.13.5")
    # Not: seven, and the seventh again.
    burst([at(11, "15:20:01") + timedelta(seconds=5 * n) for n in range(8)], commands[:7] + commands[6:7],
          role_session("ops-admin", "erin", at(11, "15:00:00")), VPN)
    # Not: eight, half of them after the turn of the minute.
    burst([at(12, "10:30:40") + timedelta(seconds=5 * n) for n in range(8)], commands[:8],
          role_session("ops-admin", "frank", at(12, "10:00:00")), VPN)


def foreign_buckets():
    """ssm_output_to_foreign_bucket: four alerts, and the pairs that are none."""
    mallory = role_session("support", "mallory", at(14, "12:40:00"))
    web = role_session("web", "i-0a1b2c3d4e5f60718", at(14, "12:00:00"))
    # One command, two uploads (standard output and standard error).
    command = send_command(at(14, "13:05:10"), mallory, STRANGER, "collect-7f3a-example", "i-0a1b2c3d4e5f60718")
    for second, stream in [(58, "stdout"), (59, "stderr")]:
        put_object(at(14, f"13:05:{second}"), "collect-7f3a-example", f"{command}/i-0a1b2c3d4e5f60718/{stream}", web, "192.0.2.80", FOREIGN)
    # An association, whose first run comes hours later; and an upload in the very second of a command.
    call(at(11, "20:00:00"), "ssm.amazonaws.com", "CreateAssociation", mallory, STRANGER, cli("ssm.create-association"),
         request={"name": "AWS-RunShellScript", "parameters": "HIDDEN_DUE_TO_SECURITY_REASONS", "scheduleExpression": "rate(1 day)",
                  "targets": [{"key": "tag:role", "values": ["web"]}],
                  "outputLocation": {"s3Location": {"outputS3BucketName": "nightly-91c2-example", "outputS3Region": "us-east-1"}}},
         response={"associationDescription": {"associationId": "b7a1c0de-0000-4000-8000-00000000a551", "name": "AWS-RunShellScript",
                                              "status": {"name": "Pending"}}})
    put_object(at(12, "19:59:59"), "nightly-91c2-example", "assoc/stdout", web, "192.0.2.80", FOREIGN)
    send_command(at(10, "09:15:30"), mallory, STRANGER, "probe-13d0-example", "i-0a1b2c3d4e5f60718")
    put_object(at(10, "09:15:30"), "probe-13d0-example", "probe", web, "192.0.2.80", FOREIGN)
    # Not: a day and a second later.
    put_object(at(12, "20:00:01"), "nightly-91c2-example", "assoc/stdout-2", web, "192.0.2.80", FOREIGN)
    # Not: our own bucket; a refused command; an upload before its command; no output bucket; a refused upload.
    bob = iam_user("bob")
    send_command(at(6, "14:00:00"), bob, VPN, "example-ssm-output", "i-0a1b2c3d4e5f60718")
    put_object(at(6, "14:00:40"), "example-ssm-output", "run/stdout", web, "192.0.2.80", PROD)
    send_command(at(7, "16:00:00"), bob, VPN, "collect-0001-example", "i-0a1b2c3d4e5f60718", error=denied(bob, "ssm:SendCommand"))
    put_object(at(7, "16:00:40"), "collect-0001-example", "x", web, "192.0.2.80", FOREIGN)
    put_object(at(8, "10:00:00"), "partner-drop-example", "daily.csv", web, "192.0.2.80", FOREIGN)
    send_command(at(8, "10:00:01"), bob, VPN, "partner-drop-example", "i-0a1b2c3d4e5f60718")
    send_command(at(8, "11:00:00"), bob, VPN, None, "i-0a1b2c3d4e5f60718")
    send_command(at(13, "11:00:00"), bob, VPN, "collect-0002-example", "i-0a1b2c3d4e5f60718")
    put_object(at(13, "11:00:30"), "collect-0002-example", "x", web, "192.0.2.80", FOREIGN, error=(DENIED, "Access Denied"))


# ---- Azure ------------------------------------------------------------------------------------------------------------

SUBSCRIPTION, TENANT = "5f0c2f3e-1111-4222-8333-444455556666", "0b0b0b0b-1111-4222-8333-444455556666"
LIST_KEYS = "Microsoft.Storage/storageAccounts/listKeys/action"
azure = []  # (time, caller, operation, status, group, address)


def azure_days():
    operations = ["Microsoft.Compute/virtualMachines/write", "Microsoft.Compute/virtualMachines/start/action",
                  "Microsoft.Network/networkSecurityGroups/write", "Microsoft.Web/sites/config/write",
                  "Microsoft.Resources/deployments/write", LIST_KEYS]
    for day in range(1, DAYS + 1):
        for caller, address in [("grace@example.com", OFFICE), ("heidi@example.com", VPN),
                                ("9d3f7a10-1111-4222-8333-444455556666", "192.0.2.44")]:
            for _ in range(rng.randrange(2, 4)):
                time = at(day, "00:00:00") + timedelta(hours=rng.randrange(7, 18), milliseconds=rng.randrange(3_600_000))
                operation = rng.choice(operations)
                for status, later in [("Start", 0), ("Success", rng.randrange(400, 9000))]:
                    azure.append((time + timedelta(milliseconds=later), caller, operation, status, "rg-web-prod", address))

    def shell(time, caller, address, status="Success", group="cloud-shell-storage-westeurope"):
        azure.append((time, caller, LIST_KEYS, status, group, address))

    def work(time, caller, operation, address, status="Success"):
        azure.append((time, caller, operation, status, "rg-web-prod", address))

    # A shell at night, and what was done in it: one alert. The key vault call was refused, and counts.
    shell(at(14, "23:05:12"), "ivan@example.com", STRANGER)
    work(at(14, "23:11:40"), "ivan@example.com", "Microsoft.Authorization/roleAssignments/write", STRANGER)
    work(at(14, "23:12:03"), "ivan@example.com", "Microsoft.KeyVault/vaults/secrets/read", STRANGER, "Failure")
    # Two openings in one hour, written as other exports write them, the first at the hour's first instant: one alert.
    shell(at(13, "21:00:00"), "judy@example.com", STRANGER, "Succeeded", "CLOUD-SHELL-STORAGE-EASTUS")
    shell(at(13, "21:20:00"), "judy@example.com", STRANGER, "Succeeded", "CLOUD-SHELL-STORAGE-EASTUS")
    work(at(13, "21:59:59"), "judy@example.com", "Microsoft.Compute/disks/beginGetAccess/action", STRANGER, "Succeeded")
    # Not: opened at the end of one hour, used in the next.
    shell(at(13, "20:59:30"), "kim@example.com", VPN)
    work(at(13, "21:00:00"), "kim@example.com", "Microsoft.Compute/virtualMachines/write", VPN)
    # Not: the shell alone; a shell that did not open; keys of another storage account.
    shell(at(11, "20:10:00"), "kim@example.com", VPN)
    shell(at(10, "20:10:00"), "kim@example.com", VPN, "Failure")
    work(at(10, "20:20:00"), "kim@example.com", "Microsoft.Compute/virtualMachines/write", VPN)
    shell(at(9, "20:10:00"), "kim@example.com", VPN, group="rg-cloudshell-lab")
    work(at(9, "20:20:00"), "kim@example.com", "Microsoft.Compute/virtualMachines/write", VPN)
    # Not: nobody is named.
    shell(at(9, "22:10:00"), "", VPN)
    work(at(9, "22:20:00"), "", "Microsoft.Compute/virtualMachines/write", VPN)


def resource_id(operation, group):
    provider, kind = operation.split("/")[:2]
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/{provider}/{kind}/example"


def table_row(time, caller, operation, status, group, address):
    """A row of the table as Log Analytics exports it."""
    row = {
        "TenantId": TENANT, "SourceSystem": "Azure", "CallerIpAddress": address, "CategoryValue": "Administrative",
        "CorrelationId": uuid(), "Authorization": json.dumps({"action": operation, "scope": resource_id(operation, group)}),
        "Level": "Informational" if status != "Failure" else "Error", "OperationNameValue": operation.upper(),
        "Caller": caller, "EventDataId": uuid(), "HTTPRequest": json.dumps({"clientIpAddress": address}),
        "OperationId": uuid(), "ResourceGroup": group.upper() if rng.random() < 0.5 else group,
        "ResourceProviderValue": operation.split("/")[0].upper(), "ActivityStatusValue": status,
        "TimeGenerated": time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z",
        "SubscriptionId": SUBSCRIPTION, "Type": "AzureActivity", "_ResourceId": resource_id(operation, group).lower(),
    }
    return row


def rest_event(time, caller, operation, status, group, address):
    """An event as the activity log's REST interface returns it."""
    name = lambda text: {"value": text, "localizedValue": text}  # noqa: E731
    return {
        "authorization": {"action": operation, "scope": resource_id(operation, group)},
        "caller": caller, "channels": "Operation", "correlationId": uuid(), "eventDataId": uuid(),
        "eventName": {"value": "EndRequest", "localizedValue": "End request"}, "category": name("Administrative"),
        "eventTimestamp": time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond * 10:07d}Z",
        "id": f"{resource_id(operation, group)}/events/{uuid()}/ticks/0", "level": "Informational", "operationId": uuid(),
        "httpRequest": {"clientRequestId": uuid(), "clientIpAddress": address, "method": "POST"},
        "operationName": name(operation), "resourceGroupName": group,
        "resourceProviderName": name(operation.split("/")[0]), "resourceId": resource_id(operation, group),
        "resourceType": name("/".join(operation.split("/")[:2])),
        "status": {"value": status, "localizedValue": status}, "subStatus": {"value": "", "localizedValue": ""},
        "submissionTimestamp": stamp(time + timedelta(minutes=2)), "subscriptionId": SUBSCRIPTION, "tenantId": TENANT,
    }


# ---- files --------------------------------------------------------------------------------------------------------------

def write_gzip(path, text):
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, filename="") as file:
        file.write(text.encode())
    path.write_bytes(buffer.getvalue())


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def main():
    for day in range(DAYS):
        ordinary_day(day)
    unseen_commands()
    recon_bursts()
    foreign_buckets()
    azure_days()

    for folder in ("cloudtrail", "azure"):
        shutil.rmtree(SAMPLES / folder, ignore_errors=True)
        (SAMPLES / folder).mkdir(parents=True)

    # One file for each account, region and three days, as AWS names them; the records unordered, a few delivered twice.
    files = {}
    for account, region, record in records:
        day = int(record["eventTime"][8:10])
        files.setdefault((account, region, (day - 1) // 3), []).append(record)
    for (account, region, part), rows in sorted(files.items()):
        twice = [row for row in rows if row["eventName"] == "UpdateInstanceInformation"][:1]
        rows = rows + twice
        rng.shuffle(rows)
        last_day = FIRST_DAY + timedelta(days=min(part * 3 + 2, DAYS - 1))
        if part == 4 and account == PROD and region == "us-east-1":
            # The last days as somebody's tool wrote them out: one record a line.
            text = "".join(compact(row) + "\n" for row in rows)
            write_gzip(SAMPLES / "cloudtrail" / "last-days.ndjson.gz", text)
            continue
        name = f"{account}_CloudTrail_{region}_{last_day:%Y%m%d}T2355Z_{token(16)}.json.gz"
        write_gzip(SAMPLES / "cloudtrail" / name, compact({"Records": rows}))

    # The table export holds the even days, the REST export the odd ones.
    even = [row for row in azure if row[0].day % 2 == 0]
    odd = [row for row in azure if row[0].day % 2 == 1]
    rng.shuffle(even)
    rng.shuffle(odd)
    (SAMPLES / "azure" / "AzureActivity.ndjson").write_text("".join(compact(table_row(*row)) + "\n" for row in even))
    write_gzip(SAMPLES / "azure" / "activity-rest.ndjson.gz", "".join(compact(rest_event(*row)) + "\n" for row in odd))


if __name__ == "__main__":
    main()

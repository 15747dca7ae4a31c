"""Creates the stack of the translated template on standard input in moto's CloudFormation.

Prints the result. The first argument lists the types to leave out, separated by commas; each
further one is a parameter, as NAME=VALUE.
"""

import io
import json
import os
import re
import sys
import zipfile

os.environ.update(
    AWS_ACCESS_KEY_ID="none",
    AWS_SECRET_ACCESS_KEY="none",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
)

import boto3
from moto import mock_aws

STACK = "rollcall"
LEFT_OUT = [
    "ReadOnDemandThroughputSettings",
    "Region",
    "SSESpecification",
    "WriteOnDemandThroughputSettings",
]


def without(template, kinds):
    """The template without these types; a reference to one of them becomes its name."""
    resources = template["Resources"]
    out = {name for name, resource in resources.items() if resource["Type"] in kinds}
    left = {name: resource for name, resource in resources.items() if name not in out}
    return severed({**template, "Resources": left}, out)


def severed(value, out):
    if isinstance(value, list):
        return [severed(item, out) for item in value]
    if isinstance(value, str):
        name = lambda found: found[1] if found[1] in out else found[0]
        return re.sub(r"\$\{(\w+)(\.\w+)?\}", name, value)
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        target = value.get("Ref") or (value.get("Fn::GetAtt") or [None])[0]
        if isinstance(target, str) and target in out:
            return target
    return {key: severed(item, out) for key, item in value.items()}


def with_plain_tables(template):
    """The template with each global table as the table of its only replica, which moto knows.

    Its encryption and its limits are left out: their parts are conditions, which nothing here can
    merge.
    """
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::DynamoDB::GlobalTable":
            own = resource["Properties"]
            [replica] = own.pop("Replicas")
            properties = {**own, **replica}
            for name in LEFT_OUT:
                del properties[name]
            resource.update(Type="AWS::DynamoDB::Table", Properties=properties)
    return template


def upload_code():
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("bootstrap", "")
    boto3.client("s3").create_bucket(Bucket="bucket")
    boto3.client("s3").put_object(Bucket="bucket", Key="key", Body=code.getvalue())


@mock_aws
def create(template, parameters):
    upload_code()
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
        ],
    )
    made = cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    named = [one for one in made if one["LogicalResourceId"]]
    names = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in named}
    table = boto3.client("dynamodb").describe_table(TableName=names["Table"])["Table"]
    groups = boto3.client("logs").describe_log_groups()["logGroups"]
    return {
        "status": cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"],
        "made": sorted(names),
        "keySchema": table["KeySchema"],
        "isProtected": table["DeletionProtectionEnabled"],
        "retention": {group["logGroupName"]: group.get("retentionInDays") for group in groups},
    }


kinds = set(sys.argv[1].split(","))
parameters = dict(argument.split("=", 1) for argument in sys.argv[2:])
template = with_plain_tables(json.load(sys.stdin))
json.dump(create(without(template, kinds), parameters), sys.stdout)

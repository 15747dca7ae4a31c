"""Runs one scanner over template.yaml and pipeline.yaml, or over the workflows, and holds what it
finds against `allowed.toml`.

Arguments: the scanner, and the folder with the packages of cdk-nag. All but cfn-lint's rules read
what SAM makes of a template. Fails for a finding that is not allowed, and for a part of
`allowed.toml` that allows nothing.
"""

import json
import logging
import os
import platform
import re
import subprocess
import sys
import tempfile
import tomllib
from importlib.resources import files
from pathlib import Path

HERE = Path(__file__).absolute().parent
ROOT = HERE.parent.parent
TEMPLATES = ["template.yaml", "pipeline.yaml"]
PACKAGES = Path(sys.argv[2])
PROGRAMS = Path(sys.executable).parent
ACCOUNT = "111111111111"
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"


def run(*command, **options):
    """What a program prints. It may end with a failure, as scanners do that find something."""
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, cwd=ROOT, **options
    )
    if not done.stdout.strip():
        raise SystemExit(f"{command[0]} printed nothing, but:\n{done.stderr}")
    return done.stdout


def translated(template):
    """What SAM makes of a template."""
    text = (ROOT / template).read_text()
    return json.loads(run(sys.executable, ROOT / "tests/template/translate.py", input=text))


def files_of_translations(folder):
    for template in TEMPLATES:
        file = Path(folder) / template.replace(".yaml", ".json")
        file.write_text(json.dumps(translated(template)))
        yield template, file


# The scanners: each yields template, resource, rule, and what it found there.


def cfn_lint(folder):
    for template in TEMPLATES:
        rules = ["--append-rules", "cfn_lint_serverless.rules", "--format", "json"]
        for match in json.loads(run(PROGRAMS / "cfn-lint", *rules, "--", template)):
            path = match["Location"]["Path"] or []
            resource = path[1] if path[:1] == ["Resources"] else "/".join(map(str, path))
            yield template, resource, match["Rule"]["Id"], match["Message"]


def checkov(folder):
    for template, file in files_of_translations(folder):
        options = "--framework cloudformation --output json --quiet --compact --skip-download"
        report = json.loads(run(PROGRAMS / "checkov", "--file", file, *options.split()))
        summary = report["summary"]
        assert summary["parsing_errors"] == 0 and summary["passed"] > 0, summary
        for check in report["results"]["failed_checks"]:
            yield template, check["resource"].split(".")[-1], check["check_id"], check["check_name"]


def cdk_nag(folder):
    for template, file in files_of_translations(folder):
        report = json.loads(run("node", HERE / "nag.js", PACKAGES, file, Path(folder) / "nag"))
        for violation in report:
            yield template, violation["resource"], violation["rule"], violation["description"]


def guard(folder):
    """The rules of Control Tower, written for Guard; the registry of rules is no package."""
    place = PACKAGES / "node_modules/@cdklabs/cdk-validator-cfnguard"
    system = {"Linux": "ubuntu", "Darwin": "macos"}[platform.system()]
    program = place / "bin" / system / platform.machine().replace("arm64", "aarch64") / "cfn-guard"
    rules = place / "rules/control-tower/cfn-guard"
    for template, file in files_of_translations(folder):
        options = ["--structured", "--output-format", "json", "--show-summary", "none"]
        [report] = json.loads(run(program, "validate", "--rules", rules, "--data", file, *options))
        assert report["compliant"], report
        for failed in report["not_compliant"]:
            text, name = json.dumps(failed), failed["Rule"]["name"]
            rule = re.search(r"\[(CT\.[\w.]+)\]", text)
            for resource in set(re.findall(r'"/Resources/(\w+)', text)) or {""}:
                yield template, resource, rule[1] if rule else name, name


def cfripper(folder):
    for template, file in files_of_translations(folder):
        report = json.loads(run(PROGRAMS / "cfripper", file, "--resolve", "--format", "json"))
        assert not report["exceptions"], report
        for failure in report["failures"]:
            for resource in failure["resource_ids"]:
                yield template, resource, failure["rule"], failure["reason"]


def parliament(folder):
    from parliament import analyze_policy_string, enhance_finding

    for template, resource, policy in policies():
        for finding in analyze_policy_string(json.dumps(policy)).findings:
            yield template, resource, enhance_finding(finding).issue, str(finding.detail)


def cloudsplaining(folder):
    from cloudsplaining.scan.policy_document import PolicyDocument

    risks = [
        "allows_data_exfiltration_actions",
        "allows_privilege_escalation",
        "credentials_exposure",
        "infrastructure_modification",
        "permissions_management_without_constraints",
        "service_wildcard",
    ]
    for template, resource, policy in policies():
        document = PolicyDocument(policy)
        for risk in risks:
            for found in getattr(document, risk):
                yield template, resource, risk, str(found)


def zizmor(folder):
    """Of the workflows, without asking GitHub."""
    options = ["--offline", "--format", "json", ".github/workflows"]
    for finding in json.loads(run(PROGRAMS / "zizmor", *options)):
        file = Path(finding["locations"][0]["symbolic"]["key"]["Local"]["verbatim_path"]).name
        yield file, "", finding["ident"], finding["desc"]


def rights(folder):
    """Of the pipeline: what CloudFormation says that the stack's resources take and its role for it
    lacks, and what a function may do and its boundary forbids."""
    stack = translated("template.yaml")["Resources"]
    granted, bounded, wanted = set(), set(), set()
    for template, id, policy in policies():
        actions = {action for own in policy["Statement"] for action in allowed_actions(own)}
        if template == "pipeline.yaml":
            granted |= {action.lower() for action in actions if id.startswith("Execution")}
            bounded |= actions if id == "Boundary" else set()
        elif "PermissionsBoundary" in stack[id]["Properties"]:
            wanted |= actions
    for kind, handlers in handlers_of({resource["Type"] for resource in stack.values()}):
        for handler in ["create", "read", "update", "delete"]:
            for action in handlers.get(handler, {}).get("permissions", []):
                if action.lower() not in granted:
                    yield "pipeline.yaml", kind, action, "not granted to Execution"
    assert wanted
    for action in wanted - bounded:
        yield "pipeline.yaml", "Boundary", action, "granted to a function"


def handlers_of(kinds):
    found = {}
    for file in files("cfnlint").joinpath("data/schemas/resources").iterdir():
        schema = json.loads(file.read_text()) if file.name.endswith(".json") else {}
        if schema.get("typeName") in kinds:
            found[schema["typeName"]] = schema.get("handlers", {})
    assert found.keys() == kinds, kinds - found.keys()
    return sorted(found.items())


def allowed_actions(statement):
    actions = statement["Action"] if statement["Effect"] == "Allow" else []
    return [actions] if isinstance(actions, str) else actions


# The policies of a template, as IAM would get them.


def policies():
    """Each policy that roles have, with the template and the logical id of what it is part of."""
    for template in TEMPLATES:
        resources = translated(template)["Resources"]
        for id, resource in resources.items():
            own = resource.get("Properties", {})
            parts = own.get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else [own]
            for part in resolved(parts, resources):
                if "PolicyDocument" in part and resource["Type"].startswith("AWS::IAM::"):
                    yield template, id, part["PolicyDocument"]


NONE = object()


def resolved(value, resources):
    """The value with a plausible one in place of each function; a condition holds if that gives more."""
    if isinstance(value, list):
        return [item for item in (resolved(item, resources) for item in value) if item is not NONE]
    if not isinstance(value, dict):
        return value
    match next(iter(value.items()), None):
        case ("Ref", name):
            return named(name, None, resources)
        case ("Fn::GetAtt", [name, attribute]):
            return named(name, attribute, resources)
        case ("Fn::GetAtt", text):
            return named(*text.split(".", 1), resources)
        case ("Fn::If", [_, yes, no]):
            chosen = resolved(yes, resources)
            return resolved(no, resources) if chosen is NONE else chosen
        case ("Fn::Sub", text):
            text, own = text if isinstance(text, list) else (text, {})
            own = {name: resolved(item, resources) for name, item in own.items()}
            fill = lambda found: (
                own.get(found[1]) or named(*(found[1].split(".", 1) + [None])[:2], resources)
            )
            return re.sub(r"\$\{([\w:.]+)\}", fill, text)
        case ("Fn::Join", [between, parts]):
            return between.join(map(str, resolved(parts, resources)))
        case ("Fn::Select", [number, parts]):
            return (
                resolved(parts, resources)[int(number)] if isinstance(parts, list) else "selected"
            )
        case ("Fn::Split", _):
            return ["split"]
    values = {key: resolved(item, resources) for key, item in value.items()}
    return {key: item for key, item in values.items() if item is not NONE}


def named(name, attribute, resources):
    pseudo = {
        "AWS::NoValue": NONE,
        "AWS::Region": "us-east-1",
        "AWS::AccountId": ACCOUNT,
        "AWS::Partition": "aws",
        "AWS::StackName": "rollcall",
        "AWS::URLSuffix": "amazonaws.com",
    }
    kind = resources.get(name, {}).get("Type")
    if name in pseudo or kind is None:
        return pseudo.get(name, name.lower())
    if (
        attribute is None
        and kind != "AWS::SecretsManager::Secret"
        and kind != "AWS::IAM::ManagedPolicy"
    ):
        return f"rollcall-{name}"
    arn = lambda service, rest: f"arn:aws:{service}:us-east-1:{ACCOUNT}:{rest}"
    match kind:
        case "AWS::DynamoDB::GlobalTable":
            return arn(
                "dynamodb",
                f"table/rollcall-{name}" + ("/stream/2026" if attribute == "StreamArn" else ""),
            )
        case "AWS::SecretsManager::Secret":
            return arn("secretsmanager", f"secret:{name}-a")
        case "AWS::Logs::LogGroup":
            return arn("logs", f"log-group:/aws/{name}:*")
        case "AWS::S3::Bucket":
            return f"arn:aws:s3:::rollcall-{name.lower()}"
        case "AWS::IAM::Role":
            return f"arn:aws:iam::{ACCOUNT}:role/rollcall-{name}"
        case "AWS::IAM::ManagedPolicy":
            return f"arn:aws:iam::{ACCOUNT}:policy/rollcall-{name}"
        case "AWS::Lambda::Function":
            return arn("lambda", f"function:rollcall-{name}")
        case "AWS::KMS::Key":
            return arn("kms", f"key/{name}")
        case "AWS::CodeDeploy::DeploymentGroup":
            return arn("codedeploy", f"deploymentgroup:rollcall/{name}")
    return arn(kind.split("::")[1].lower(), f"rollcall-{name}")


# What is allowed.


class Allowed:
    """One entry, and what of it was needed."""

    def __init__(self, scanner, entry):
        unknown = entry.keys() - {"scanner", "rule", "template", "resources", "finding", "reason"}
        assert not unknown and entry["reason"], entry
        self.entry = entry
        self.resources = entry.get("resources", [".*"])
        self.needed = set()

    def allows(self, template, resource, rule, finding):
        if (
            not re.fullmatch(self.entry["rule"], rule)
            or self.entry.get("template", template) != template
        ):
            return False
        if not re.search(self.entry.get("finding", ""), finding):
            return False
        fitting = [pattern for pattern in self.resources if re.fullmatch(pattern, resource)]
        self.needed.update(fitting)
        return bool(fitting)

    def superfluous(self):
        return [pattern for pattern in self.resources if pattern not in self.needed]


SCANNERS = {
    "cfn-lint": cfn_lint,
    "checkov": checkov,
    "cdk-nag": cdk_nag,
    "guard": guard,
    "cfripper": cfripper,
    "parliament": parliament,
    "cloudsplaining": cloudsplaining,
    "zizmor": zizmor,
    "rights": rights,
}


def main():
    logging.disable(logging.WARNING)
    scanner = sys.argv[1]
    entries = tomllib.loads((HERE / "allowed.toml").read_text())["allowed"]
    strangers = {entry["scanner"] for entry in entries} - SCANNERS.keys()
    assert not strangers, strangers
    allowed = [Allowed(scanner, entry) for entry in entries if entry["scanner"] == scanner]
    with tempfile.TemporaryDirectory() as folder:
        found = sorted(set(SCANNERS[scanner](folder)))
    # Every entry looks at every finding, so that one does not hide another.
    failures = [
        finding for finding in found if not any([entry.allows(*finding) for entry in allowed])
    ]
    superfluous = [(own.entry["rule"], pattern) for own in allowed for pattern in own.superfluous()]
    for template, resource, rule, finding in failures:
        print(f"{scanner} {rule} {template} {resource}: {' '.join(finding.split())}")
    for rule, pattern in superfluous:
        print(f"{scanner} {rule} {pattern}: an entry of allowed.toml that nothing needs")
    print(f"{scanner}: {len(found)} findings, {len(failures)} of them not allowed")
    sys.exit(bool(failures or superfluous))


main()

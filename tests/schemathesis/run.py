"""Sends what schemathesis makes of the OpenAPI documents, and judges the responses by them.

Arguments: a seed, the least number of requests, and `--each-exception` if each of the exceptions
must be needed. `ROLLCALL_DEV_JSON` and `ROLLCALL_COMMAND` name the running service and the
operator's command. The requests are a new user's, replaced after 500 of them and when it has made
its credentials invalid. `exceptions.toml` has the failures that are none.
"""

import base64
import hashlib
import hmac
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import requests
import schemathesis
from requests.auth import AuthBase, HTTPBasicAuth
from schemathesis.cli import schemathesis as cli

SEED, LEAST = int(sys.argv[1]), int(sys.argv[2])
HERE = Path(__file__).absolute().parent
DEV_JSON = Path(os.environ["ROLLCALL_DEV_JSON"]).absolute()
DEV = json.loads(DEV_JSON.read_text())
BASE, CLIENT = DEV["base_url"], DEV["oauth_client"]
USER_REQUESTS = 500
# Of each operation, in each phase; more for many requests, as one phase always sends the same.
EXAMPLES = max(4, LEAST // 500)
EXAMPLE_ACCOUNT = "5f7b1b7b7b7b7b7b7b7b7b7b"
# The credentials that the operations of each document take, in turn.
CREDENTIALS = {
    "quave": ["token", "bearer"],
    "golem": ["token", "bearer"],
    "e24": ["token", "bearer", "signature"],
    "hub": ["token", "bearer", "password", "oauth"],
    "rollcall": ["token", "bearer", "password"],
}


def basic(name, secret):
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def read(method, path, **options):
    response = requests.request(method, BASE + path, timeout=30, **options)
    response.raise_for_status()
    return response.json()


class User:
    """A new user with a credential of each kind."""

    numbers = itertools.count(1)

    def __init__(self):
        self.name = f"fuzz{os.getpid()}n{next(self.numbers)}"
        command = [os.environ["ROLLCALL_COMMAND"], f"--local={DEV_JSON.parent}", "create-user"]
        options = ["--username", self.name, "--email", f"{self.name}@example.com", "--verified"]
        made = subprocess.run([*command, *options], check=True, stdout=subprocess.PIPE)
        made = json.loads(made.stdout)
        self.password, self.account = made["password"], made["accountId"]
        headers = {"Authorization": basic(self.name, self.password)}
        new = {"name": "fuzz", "kind": "user"}
        self.token = read("POST", "/rollcall/v1/tokens", headers=headers, json=new)["token"]
        headers = {"Authorization": self.token}
        self.id = read("GET", "/rollcall/v1/users/self", headers=headers)["id"]
        self.key = read("PUT", "/v2/account/api", headers=headers)["api"]
        self.access = self.grant()
        self.tags = {}
        self.requests = 0

    def grant(self):
        """An access token with all scopes, as a client program gets it."""
        scopes = "profile_read profile_write email_read email_write"
        query = {"client_id": CLIENT["client_id"], "response_type": "code", "scope": scopes}
        browser = requests.Session()
        form = {"username": self.name, "password": self.password}
        path = f"{BASE}/account/sign-in"
        browser.post(path, data=form, allow_redirects=False, timeout=30)
        page = browser.get(f"{BASE}/api/v1.1/o/authorize/", params=query, timeout=30)
        field = lambda name: re.search(f'name="{name}" value="([^"]+)"', page.text).group(1)
        form = {"form_token": field("form_token"), "scopes": field("scopes"), "decision": "allow"}
        sent = browser.post(page.url, data=form, allow_redirects=False, timeout=30)
        code = parse_qs(urlsplit(sent.headers["location"]).query)["code"]
        headers = {"Authorization": basic(CLIENT["client_id"], CLIENT["client_secret"])}
        form = {"grant_type": "authorization_code", "code": code}
        return read("POST", "/api/v1.1/o/token/", headers=headers, data=form)["access_token"]

    def authorize(self, kind, request):
        headers = {
            "token": lambda: {"Authorization": self.token},
            "bearer": lambda: {"Authorization": f"Bearer {self.token}"},
            "password": lambda: {"Authorization": basic(self.name, self.password)},
            "oauth": lambda: {"Authorization": f"Bearer {self.access}"},
            "signature": lambda: self.signature(request),
        }
        request.headers.update(headers[kind]())
        return request

    def signature(self, request):
        date, url, body = formatdate(usegmt=True), urlsplit(request.url), request.body or b""
        head = f"{request.method}\n{url.netloc}\n{date}\n{request.path_url}\n".encode()
        signed = head + (body if isinstance(body, bytes) else body.encode())
        digest = hmac.digest(self.key["secret_key"].encode(), signed, hashlib.sha256)
        signature = base64.b64encode(digest).decode()
        return {"X-Date": date, "Authorization": f"{self.key['api_key']}:{signature}"}

    def is_accepted(self, kind):
        """Whether a credential still works."""
        is_for_hub = kind in ("password", "oauth")
        path = f"/api/v1.1/users/{self.name}/" if is_for_hub else "/v2/account"
        request = self.authorize(kind, requests.Request("GET", BASE + path).prepare())
        return requests.Session().send(request, timeout=30).status_code == 200


class Credentials(AuthBase):
    """The present user's credentials, of each kind in turn."""

    def __init__(self):
        self.user = User()
        self.kinds = None

    def __call__(self, request):
        if self.user.requests == USER_REQUESTS:
            self.user = User()
        self.user.requests += 1
        request.kind = next(self.kinds)
        return self.user.authorize(request.kind, request)


class Exceptions:
    """The failures that are none, and how many there were of each."""

    def __init__(self):
        self.entries = tomllib.loads((HERE / "exceptions.toml").read_text())["exception"]
        self.used = Counter()

    def has(self, failure, case, response):
        fitting = [
            number
            for number, entry in enumerate(self.entries)
            if entry["failure"] == type(failure).__name__
            and operation_id(case) in entry.get("operations", [operation_id(case)])
            and response.status_code in entry.get("statuses", [response.status_code])
            and re.search(entry.get("path", ""), urlsplit(response.request.url).path)
            and re.search(entry.get("text", ""), f"{failure.message}\n{response.text}")
        ]
        self.used.update(fitting)
        return bool(fitting)

    def unused(self):
        """Those that nothing matched, but for those that seldom are."""
        is_unused = lambda number, entry: not (self.used[number] or entry.get("seldom"))
        return [entry for number, entry in enumerate(self.entries) if is_unused(number, entry)]


def operation_id(case):
    return case.operation.definition.raw["operationId"]


def takes(scheme):
    """Matches the operations that take credentials of a scheme."""
    return lambda context: any(
        scheme in requirement for requirement in context.operation.definition.raw["security"]
    )


credentials = Credentials()
exceptions = Exceptions()
sent = Counter()
failures = {}
schemathesis.auth.set_from_requests(credentials).apply_to(takes("token"))
of_client = HTTPBasicAuth(CLIENT["client_id"], CLIENT["client_secret"])
schemathesis.auth.set_from_requests(of_client).apply_to(takes("client"))


def resource(case):
    return case.formatted_path, str(case.query)


def add_choices(value):
    """Makes keywords of the extensions that have a choice, since generators misread those."""
    if isinstance(value, dict):
        for extension, keyword in [("x-type", "type"), ("x-any-of", "anyOf")]:
            if extension in value:
                value[keyword] = value[extension]
        if "integer" in value.get("x-type", []):
            value["format"] = "int64"
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            add_choices(inner)


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Describes the forms that stand beside JSON in words alone, since generators misread them."""
    add_choices(raw_schema)
    for path in raw_schema["paths"].values():
        for operation in path.values():
            body = operation.get("requestBody", {})
            content = body.get("content", {})
            if "application/json" in content:
                forms = body.get("x-media-types", [])
                content.update((form, content["application/json"]) for form in forms)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Replaces what has to name something that there is, which no description can."""
    if not case.meta or not case.meta.generation.mode.is_positive:
        return
    user = credentials.user
    tag = user.tags.get(resource(case))
    # A cursor is mostly none that a page has shown.
    if sent.total() % 2:
        (case.query or {}).pop("cursor", None)
    for values, name, value in [
        (case.path_parameters, "username", user.name),
        (case.path_parameters, "account_id", user.account),
        (case.path_parameters, "id", user.account),
        (case.path_parameters, "userId", user.id),
        (case.query, "accountId", user.account),
        (case.body if isinstance(case.body, dict) else {}, "accountId", user.account),
        (case.body if isinstance(case.body, dict) else {}, "userId", user.id),
        (case.query, "client_id", CLIENT["client_id"]),
        (case.query, "redirect_uri", CLIENT["redirect_uri"]),
        (case.headers, "If-Match", tag),
        (case.headers, "If-None-Match", tag),
        (case.headers, "Idempotency-Key", f"key-{sent.total()}"),
    ]:
        # Other accounts than the documents' example may come from earlier responses.
        is_account = name in ("account_id", "accountId", "id")
        if name in values and (not is_account or values[name] == EXAMPLE_ACCOUNT):
            values[name] = value
            if value is None:
                del values[name]


@schemathesis.hook
def after_call(context, case, response):
    sent[operation_id(case), response.status_code] += 1
    if case.method == "DELETE" and response.status_code == 200:
        if credentials.user.account in "".join(resource(case)):
            credentials.user.requests = USER_REQUESTS
    if "etag" in response.headers:
        credentials.user.tags[resource(case)] = response.headers["etag"][0]


@schemathesis.hook
def filter_failure(context, failure, case, response):
    is_exception = exceptions.has(failure, case, response)
    if not is_exception:
        kind = f"{type(failure).__name__}: {operation_id(case)} {response.status_code}"
        failures.setdefault(kind, f"{case.as_curl_command()}\n{failure.message}\n{response.text}")
    return not is_exception


@schemathesis.check
def valid_credential_accepted(ctx, response, case):
    """A credential that is rejected has become invalid."""
    kind = getattr(response.request, "kind", None)
    if response.status_code == 401 and kind:
        user, credentials.user = credentials.user, User()
        assert not user.is_accepted(kind), f"a valid credential was rejected: {kind}"


def operations():
    """The ids of all operations."""
    documents = [HERE.parents[1] / "openapi" / f"{name}.yaml" for name in CREDENTIALS]
    found = [re.findall(r"operationId: (\S+)", one.read_text()) for one in documents]
    return {own for ids in found for own in ids}


def run(document, seed):
    """Whether there was no failure."""
    credentials.kinds = itertools.cycle(CREDENTIALS[document])
    path = HERE.parents[1] / "openapi" / f"{document}.yaml"
    options = ["--url", BASE, "--seed", str(seed), "--max-examples", str(EXAMPLES)]
    options += ["--continue-on-failure", "--no-color", "--generation-database", "none"]
    try:
        return cli(["run", str(path), *options], standalone_mode=False) == 0
    except SystemExit as end:
        return end.code == 0


def main(folder):
    failed = 0
    os.chdir(folder)
    for seed in itertools.count(SEED):
        before = sent.total()
        failed += sum(not run(document, seed) for document in CREDENTIALS)
        if failed or sent.total() >= LEAST or sent.total() == before:
            break
    for (operation, status), number in sorted(sent.items()):
        print(f"{operation} {status}: {number}")
    for entry in exceptions.unused():
        print("no failure matched:", entry)
    print(f"{sent.total()} requests, {failed} runs with failures")
    succeeded = {operation for operation, status in sent if status < 400}
    all_operations, tried = operations(), {operation for operation, _ in sent}
    print("not tried:", *sorted(all_operations - tried))
    print("no request succeeded:", *sorted(all_operations - succeeded))
    # Last, so that a log that is cut has them.
    for kind, example in failures.items():
        print(f"{kind}\n{example}"[:1000])
    # Some take a key or a code, which only luck can name.
    is_sound = tried == all_operations and 4 * len(succeeded) >= 3 * len(all_operations)
    each_is_used = "--each-exception" not in sys.argv or not exceptions.unused()
    sys.exit(bool(failed) or not is_sound or sent.total() < LEAST or not each_is_used)


# schemathesis writes what it keeps for a next run into the folder that it runs in.
with tempfile.TemporaryDirectory() as folder:
    main(folder)

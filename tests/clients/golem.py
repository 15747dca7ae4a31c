"""Walks golem's account operations with a client that openapi-python-client makes.

Arguments: golem's OpenAPI document, the service's base URL, a user's token, an e-mail address.
Prints what the program in golem/ prints.
"""

import importlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from ruamel.yaml import YAML

DOCUMENT, BASE, TOKEN, EMAIL = sys.argv[1:]
ACCOUNT = "/v1/accounts/{account_id}"
PATHS = ["/v1/accounts", ACCOUNT, f"{ACCOUNT}/plan"]


def generate(folder):
    """The client, of the paths that are served: elsewhere the document has a type that OpenAPI
    does not know."""
    document = YAML(typ="safe").load(Path(DOCUMENT))
    document["paths"] = {path: document["paths"][path] for path in PATHS}
    source, settings = folder / "document.json", folder / "settings.yaml"
    source.write_text(json.dumps(document))
    settings.write_text("post_hooks: []\n")
    tool = [Path(sys.executable).with_name("openapi-python-client"), "generate", "--meta=none"]
    options = ["--path", source, "--config", settings, "--output-path", folder / "golem"]
    subprocess.run([*tool, *options], check=True, stdout=sys.stderr)
    sys.path.insert(0, str(folder))
    return importlib.import_module("golem")


def main(golem):
    models = importlib.import_module("golem.models")

    def send(operation, *arguments, token=TOKEN, **fields):
        client = golem.AuthenticatedClient(base_url=BASE, token=token)
        module = importlib.import_module(f"golem.api.account.{operation}")
        return module.sync_detailed(*arguments, client=client, **fields)

    def read(*arguments, **fields):
        model = send(*arguments, **fields).parsed
        assert not isinstance(model, (models.ErrorBody, models.ErrorsBody, type(None))), model
        return model

    def error(*arguments, **fields):
        response = send(*arguments, **fields)
        match response.parsed:
            case models.ErrorsBody(errors=errors):
                return [response.status_code, errors]
            case models.ErrorBody(error=text):
                return [response.status_code, text]
            case None:
                return [response.status_code]

    def named(name, email=EMAIL):
        return models.AccountData(name=name, email=email)

    created = read("create_account", body=named("Golem"))
    account = created.id
    plan = read("get_account_plan", account).to_dict()
    # What the document does not know is kept too.
    assert plan["planData"].pop("maxMemoryPerWorker") > 0
    return {
        "created": created.to_dict(),
        "all": [account.name for account in read("find_accounts").values],
        "found": read("find_accounts", email=EMAIL).to_dict()["values"],
        "got": read("get_account", account).to_dict(),
        "updated": read("update_account", account, body=named("Renamed")).to_dict(),
        "plan": plan,
        "taken": error("create_account", body=named("Other")),
        "invalid": error("create_account", body=named("", "none")),
        "deleted": read("delete_account", account).to_dict(),
        "gone": error("get_account", account),
        "unauthorized": error("get_account", account, token="rcu_x"),
    }


with tempfile.TemporaryDirectory() as folder:
    print(json.dumps(main(generate(Path(folder)))))

"""Does what docs/tour.md does, with the clients that openapi-python-client makes of the documents.
docs/clients.md shows some of its lines.

Runs in the folder that has the clients. Its argument is a JSON object: the service's base URL, a
user and an OAuth client. Prints one JSON object: what it saw.
"""

import base64
import hashlib
import hmac
import json
import re
import sys
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

sys.path.insert(0, str(Path.cwd()))

import e24
import golem
import hub
import quave
import rollcall
from e24.api.e24 import (
    e24_add_ssh_key,
    e24_create_account,
    e24_create_api_key,
    e24_list_accounts,
    e24_update_account_data,
)
from e24.models import AddSshKeyRequest, CreateUserRequest, UpdateDataRequest
from golem import AuthenticatedClient
from golem.api.golem import golem_create_account, golem_get_account, golem_update_account
from golem.api.golem import golem_delete_account, golem_find_accounts, golem_get_account_plan
from golem.models import CreateAccountRequest, UpdateAccountRequest
from hub.api.hub import (
    hub_add_email,
    hub_delete_email,
    hub_get_user,
    hub_list_emails,
    hub_oauth_ask,
    hub_oauth_decide,
    hub_oauth_introspect,
    hub_oauth_revoke,
    hub_oauth_token,
    hub_update_email,
    hub_update_user,
)
from hub.models import (
    Address,
    Decision,
    DecisionDecision,
    HubOauthAskResponseType,
    HubOauthDecideResponseType,
    TokenOfClient,
    TokenRequest,
    TokenRequestGrantType,
    UpdateAddressRequest,
    UpdateUserRequest,
)
from quave.api.quave import (
    quave_create_account,
    quave_delete_account,
    quave_get_account,
    quave_get_current_account,
    quave_set_current_account,
)
from quave.models import CreateAccountRequest as CreateQuaveAccountRequest
from quave.models import SetCurrentAccountRequest
from rollcall.api.rollcall import (
    rollcall_create_token,
    rollcall_get_own_token,
    rollcall_get_token,
    rollcall_introspect,
    rollcall_list_grants,
    rollcall_list_tokens,
    rollcall_revoke_token,
    rollcall_rotate_token,
)
from rollcall.models import CreateTokenRequest, Question, Rotation, Scope, TokenKind

GIVEN = json.loads(sys.argv[1])
BASE, TOKEN, USERNAME, PASSWORD = map(GIVEN.get, ["base", "token", "username", "password"])
CLIENT_ID, SECRET, CALLBACK = map(GIVEN.get, ["client_id", "client_secret", "redirect_uri"])


def basic(name, secret):
    return base64.b64encode(f"{name}:{secret}".encode()).decode()


def by_password(package):
    return package.AuthenticatedClient(BASE, token=basic(USERNAME, PASSWORD), prefix="Basic")


def of_client(package):
    return package.AuthenticatedClient(BASE, token=basic(CLIENT_ID, SECRET), prefix="Basic")


def by_quave():
    # An empty prefix: the bare token.
    client = quave.AuthenticatedClient(BASE, token=TOKEN, prefix="")
    body = CreateQuaveAccountRequest(
        name="My New Account",
        registry_server="https://registry.example.com",
        registry_email="user@example.com",
        registry_username="registryuser",
        registry_password="dckr_pat_00000",
    )
    account = quave_create_account.sync(client=client, body=body).account_id
    seen = quave_get_account.sync(client=client, account_id=account)
    before = quave_get_current_account.sync(client=client).account_id
    chosen = [
        quave_set_current_account.sync(
            client=client, body=SetCurrentAccountRequest(account_id=id)
        ).message
        for id in [account, before]
    ]
    deleted = quave_delete_account.sync(client=client, account_id=account)
    gone = quave_get_account.sync_detailed(client=client, account_id=account)
    return {
        "name": seen.name,
        "isCurrent": seen.is_current,
        "chosen": chosen,
        "deleted": deleted.message,
        "gone": [gone.status_code, gone.parsed.error],
    }


def by_golem():
    base, token, email = BASE, TOKEN, f"team-{USERNAME}@example.com"
    client = AuthenticatedClient(base, token=token)
    team = CreateAccountRequest(name="Team", email=email)
    account = golem_create_account.sync(client=client, body=team)
    shown = golem_get_account.sync_detailed(account.id, client=client)
    tag = shown.headers["etag"]
    changed = UpdateAccountRequest(name="Crew", email=email)
    crew = golem_update_account.sync(account.id, client=client, body=changed, if_match=tag)
    stale = golem_delete_account.sync_detailed(account.id, client=client, if_match=tag)
    nothing = CreateAccountRequest(name=" ", email="nobody")
    invalid = golem_create_account.sync(client=client, body=nothing)
    found = golem_find_accounts.sync(client=client, email=email.upper())
    plan = golem_get_account_plan.sync(account.id, client=client)
    return {
        "created": account.name,
        "updated": crew.name,
        "found": [account.name for account in found.values],
        "projects": plan.plan_data.project_limit,
        "stale": stale.status_code,
        "invalid": invalid.errors,
        "deleted": golem_delete_account.sync(account.id, client=client).to_dict(),
    }


class Signature(httpx.Auth):
    requires_request_body = True

    def __init__(self, key):
        self.key = key

    def auth_flow(self, request):
        date, path = formatdate(usegmt=True), request.url.raw_path.decode()
        head = f"{request.method}\n{request.headers['host']}\n{date}\n{path}\n"
        signed = head.encode() + request.content
        digest = hmac.digest(self.key.secret_key.encode(), signed, hashlib.sha256)
        signature = base64.b64encode(digest).decode()
        request.headers["X-Date"] = date
        request.headers["Authorization"] = f"{self.key.api_key}:{signature}"
        yield request


def by_e24():
    by_token = e24.AuthenticatedClient(BASE, token=TOKEN, prefix="")
    key = e24_create_api_key.sync(client=by_token).api
    client = e24.Client(BASE, httpx_args={"auth": Signature(key)})
    mary = CreateUserRequest(
        email=f"mary-{USERNAME}@example.com",
        first_name="Mary",
        last_name="Major",
        phone="48123456789",
        password="correct horse battery",
    )
    made = e24_create_account.sync(client=client, body=mary).user
    laptop = AddSshKeyRequest(name="laptop", method="generate")
    added = e24_add_ssh_key.sync(client=client, body=laptop).sshkeys
    phone = UpdateDataRequest(phone="48123456789")
    changed = e24_update_account_data.sync(client=client, body=phone)
    return {
        "listed": [user.username for user in e24_list_accounts.sync(client=client).users][:1],
        "created": made.name,
        "hasSecret": len(made.api) == 1 and made.api[0].secret_key != "",
        "sshKey": [added.name, added.private_key.splitlines()[0]],
        "phone": changed.account.phone,
    }


def by_hub():
    client = by_password(hub)
    email = f"other-{USERNAME}@example.org"
    first = f"{USERNAME}@example.com"
    profile = UpdateUserRequest(location="Private Island", company="Retired")
    changed = hub_update_user.sync(USERNAME, client=client, body=profile)
    added = hub_add_email.sync(USERNAME, client=client, body=Address(email=email))
    primary = UpdateAddressRequest(email=email, verified=True, primary=True)
    hub_update_email.sync(USERNAME, client=client, body=primary)
    listed = [[own.email, own.primary] for own in hub_list_emails.sync(USERNAME, client=client)]
    back = UpdateAddressRequest(email=first, verified=True, primary=True)
    hub_update_email.sync(USERNAME, client=client, body=back)
    deleted = hub_delete_email.sync_detailed(USERNAME, client=client, body=Address(email=email))
    invalid = hub_add_email.sync(USERNAME, client=client, body=Address(email="nobody"))
    return {
        "profile": [changed.username, changed.location, changed.company],
        "added": added.verified,
        "listed": listed,
        "deleted": deleted.status_code,
        "invalid": invalid.to_dict(),
    }


def allow(scope):
    """The code that the user's browser brings back."""
    # What a browser does with cookies; the user signs in first.
    browser = hub.Client(BASE, follow_redirects=False)
    browser.get_httpx_client().post(
        "/account/sign-in", data={"username": USERNAME, "password": PASSWORD}
    )
    asked = {"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "scope": scope, "state": "xyz"}
    # Also if the user has allowed it before.
    asked["prompt"] = "consent"
    page = hub_oauth_ask.sync_detailed(
        client=browser, response_type=HubOauthAskResponseType.CODE, **asked
    )
    field = lambda name: re.search(rf'name="{name}" value="([^"]+)"', page.content.decode()).group(1)
    decision = Decision(
        form_token=field("form_token"), scopes=field("scopes"), decision=DecisionDecision.ALLOW
    )
    sent = hub_oauth_decide.sync_detailed(
        client=browser, body=decision, response_type=HubOauthDecideResponseType.CODE, **asked
    )
    return parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]


def by_oauth():
    client = of_client(hub)
    redeemed = TokenRequest(
        grant_type=TokenRequestGrantType.AUTHORIZATION_CODE,
        code=allow("profile_read"),
        redirect_uri=CALLBACK,
    )
    tokens = hub_oauth_token.sync(client=client, body=redeemed)
    access = hub.AuthenticatedClient(BASE, token=tokens.access_token)
    profile = hub_get_user.sync(USERNAME, client=access)
    asked = TokenOfClient(token=tokens.access_token)
    introspected = hub_oauth_introspect.sync(client=client, body=asked)
    grants = rollcall_list_grants.sync(client=by_password(rollcall)).grants
    hub_oauth_revoke.sync(client=client, body=TokenOfClient(token=tokens.refresh_token))
    after = hub_get_user.sync_detailed(USERNAME, client=access)
    return {
        "scope": tokens.scope,
        "profile": profile.username,
        "active": introspected.active,
        "grants": [grant.client.name for grant in grants],
        "after": after.status_code,
    }


def by_rollcall():
    client = by_password(rollcall)
    scopes = [Scope.TOKENS_READ, Scope.TOKENS_WRITE]
    deploy = CreateTokenRequest(name="deploy", kind=TokenKind.USER, scopes=scopes)
    made = rollcall_create_token.sync(client=client, body=deploy)
    own = rollcall.AuthenticatedClient(BASE, token=made.token)
    shown = rollcall_get_own_token.sync(client=own)
    page = rollcall_list_tokens.sync(client=client, limit=1)
    overlap = Rotation(overlap_seconds=3600)
    rotated = rollcall_rotate_token.sync(made.id, client=client, body=overlap)
    deleted = rollcall_revoke_token.sync_detailed(made.id, client=client)
    gone = rollcall_get_token.sync_detailed(made.id, client=client)
    rollcall_revoke_token.sync_detailed(rotated.id, client=client)
    staging = CreateTokenRequest(name="staging", kind=TokenKind.ENVIRONMENT)
    staging = rollcall_create_token.sync(client=client, body=staging)
    service = of_client(rollcall)
    active = [
        rollcall_introspect.sync(client=service, body=Question(token=token)).active
        for token in [staging.token, "rce_unknown"]
    ]
    return {
        "shown": [shown.name, shown.kind, [str(scope) for scope in shown.scopes], shown.expires_at],
        "page": [len(page.tokens), page.next_cursor is not None],
        "deleted": deleted.status_code,
        "gone": [gone.status_code, gone.parsed.code],
        "active": active,
    }


def again():
    client = quave.AuthenticatedClient(BASE, token=TOKEN, prefix="")
    twice = [
        quave_create_account.sync_detailed(
            client=client,
            body=CreateQuaveAccountRequest(name="Sent twice"),
            idempotency_key="8e03978e-40d5",
        )
        for _ in range(2)
    ]
    ids = [response.parsed.account_id for response in twice]
    deleted = quave_delete_account.sync(client=client, account_id=ids[0])
    replayed = [response.headers.get("idempotency-replayed") for response in twice]
    return {"same": ids[0] == ids[1], "replayed": replayed, "deleted": deleted.message}


print(
    json.dumps(
        {
            "quave": by_quave(),
            "golem": by_golem(),
            "e24": by_e24(),
            "hub": by_hub(),
            "OAuth": by_oauth(),
            "rollcall": by_rollcall(),
            "again": again(),
        }
    )
)

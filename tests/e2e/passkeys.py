"""A browser with soft-webauthn for a device, which knows nothing of Rollcall.

Arguments: the service's base URL; the names of two users, and their password; the name and the
options of a challenge to sign in that has ended. Prints one JSON object: what came of each answer
of the device, to add a passkey, to sign in and to confirm a session.
"""

import json
import os
import re
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import partial
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.utils import sha256
from soft_webauthn import SoftWebauthnDevice

BASE, JANE, MARY, PASSWORD, ENDED, ENDED_OPTIONS = sys.argv[1:]
NEW, SIGN_IN, CONFIRM = "registration", "sign-in", "confirmation"
PAGES = {NEW: "/account/passkeys", SIGN_IN: "/account/sign-in", CONFIRM: "/account/confirm"}
ELSEWHERE = "elsewhere.example"


def encode(value):
    return urlsafe_b64encode(value).decode().rstrip("=")


def parsed(options):
    """The options as a browser hands them to a device."""
    for own, name in (options, "challenge"), (options.get("user", {}), "id"):
        if name in own:
            own[name] = urlsafe_b64decode(own[name] + "==")
    return options


def verified(data):
    return data[:32] + bytes([data[32] | 0x04]) + data[33:]


class Device(SoftWebauthnDevice):
    """Has verified who uses it; soft-webauthn's own never has."""

    def create(self, options, origin):
        made = super().create(options, origin)
        attestation = cbor.decode(made["response"]["attestationObject"])
        attestation["authData"] = verified(attestation["authData"])
        made["response"]["attestationObject"] = cbor.encode(attestation)
        return made

    def get(self, options, origin):
        used = super().get(options, origin)
        response = used["response"]
        data = response["authenticatorData"] = verified(response["authenticatorData"])
        signed = data + sha256(response["clientDataJSON"])
        response["signature"] = self.private_key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return used

    def but(self, **changes):
        """Another device, which differs in this."""
        other = copy(self)
        vars(other).update(changes)
        return other


class Browser:
    """Does what the script of the pages does."""

    def __init__(self, username=None):
        self.opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))
        if username:
            self.open("/account/sign-in", username=username, password=PASSWORD)
            assert self.shows(username)

    def open(self, path, **fields):
        """A page; with fields, what comes of a form."""
        try:
            response = self.opener.open(BASE + path, urlencode(fields).encode() or None, 30)
        except HTTPError as error:
            response = error
        with response:
            return response.status, response.read().decode()

    def shows(self, username):
        return f"<bdi>{username}</bdi>" in self.open("/account")[1]

    def send(self, purpose, attribute, below, **fields):
        path, (_, page) = f"/account/webauthn/{purpose}", self.open(PAGES[purpose])
        token = re.search(rf'data-path="{path}"[^>]* {attribute}="([^"]*)"', page).group(1)
        status, body = self.open(path + below, form_token=token, **fields)
        return status, json.loads(body)

    def ask(self, purpose):
        _, asked = self.send(purpose, "data-asking", "/challenge")
        return asked["challenge"], parsed(asked["publicKey"])

    def answer(self, purpose, challenge, made):
        response = {name: encode(part) for name, part in made["response"].items()}
        raw = encode(made["rawId"])
        answer = {"id": raw, "rawId": raw, "type": made["type"], "response": response}
        fields = {"challenge": challenge, "credential": json.dumps(answer), "name": "Key"}
        status, body = self.send(purpose, "data-answering", "", **fields)
        return [status, body["code"], body.get("errors", body["detail"])] if body else [status]


def enter(challenge, used):
    """What comes of a sign-in, which is Jane's if it is any."""
    browser = Browser()
    outcome = browser.answer(SIGN_IN, challenge, used)
    assert browser.shows(JANE) == (outcome == [200]), outcome
    return outcome


def trials(name, device, ask, answer):
    """What tries a device as it is told, and what came of what is wrong whatever is asked for."""

    def attempt(kind=Device, by=device, origin=BASE, asked=None, **changes):
        challenge, options = asked or ask()
        made = getattr(kind, name)(by, {"publicKey": options | changes}, origin)
        return answer(challenge, made)

    wrong = {
        "another origin": attempt(origin=f"https://{ELSEWHERE}"),
        "another challenge": attempt(challenge=os.urandom(32)),
        "nobody verified": attempt(SoftWebauthnDevice),
    }
    return attempt, wrong


def twice(act, *arguments):
    with ThreadPoolExecutor() as pool:
        return sorted(pool.map(lambda _: act(*arguments), range(2)))


def adding(jane, mary, device):
    ask, answer = partial(jane.ask, NEW), partial(jane.answer, NEW)
    attempt, wrong = trials("create", device, ask, answer)
    (confirmation, other), (_, options) = jane.ask(CONFIRM), ask()
    outcomes = wrong | {
        "another relying party": attempt(rp={"id": ELSEWHERE}),
        "asked in another session": attempt(asked=mary.ask(NEW)),
        "asked for something else": attempt(asked=(confirmation, options | other)),
    }
    challenge, options = ask()
    made = device.create({"publicKey": options}, BASE)
    outcomes["twice at once"] = twice(answer, challenge, made)
    return outcomes | {"again": answer(challenge, made)}


def signing_in(jane, device, marys):
    ask = partial(Browser().ask, SIGN_IN)
    attempt, wrong = trials("get", device, ask, enter)
    unknown = Device()
    unknown.cred_init(device.rp_id, device.user_handle)
    challenge, options = ask()
    used = device.get({"publicKey": options}, BASE)
    return wrong | {
        "another relying party": attempt(by=device.but(rp_id=ELSEWHERE), rpId=ELSEWHERE),
        "another user's": attempt(by=marys.but(user_handle=device.user_handle)),
        "as another user": attempt(by=device.but(user_handle=marys.user_handle)),
        "signed by another key": attempt(by=device.but(private_key=marys.private_key)),
        "never added": attempt(by=unknown),
        "asked for something else": attempt(asked=jane.ask(CONFIRM)),
        "asked too long ago": attempt(asked=(ENDED, parsed(json.loads(ENDED_OPTIONS)))),
        "twice at once": twice(enter, challenge, used),
        "again": enter(challenge, used),
        "right": attempt(),
        "a copy, used as often": attempt(by=device.but(sign_count=device.sign_count - 1)),
        "a copy, used less": attempt(by=device.but(sign_count=0)),
    }


def confirming(jane, device, marys):
    ask, answer = partial(jane.ask, CONFIRM), partial(jane.answer, CONFIRM)
    attempt, wrong = trials("get", device, ask, answer)
    asked = ask()
    return wrong | {
        "another user's": attempt(by=marys),
        "asked in another session": attempt(asked=Browser(JANE).ask(CONFIRM)),
        "asked for something else": attempt(asked=Browser().ask(SIGN_IN)),
        "right": attempt(asked=asked),
        "again": attempt(asked=asked),
    }


jane, mary, device, marys = Browser(JANE), Browser(MARY), Device(), Device()
added = adding(jane, mary, device)
challenge, options = mary.ask(NEW)
assert mary.answer(NEW, challenge, marys.create({"publicKey": options}, BASE)) == [200]
signed_in = signing_in(jane, device, marys)
confirmed = confirming(jane, device, marys)
print(json.dumps({"added": added, "signed in": signed_in, "confirmed": confirmed}))

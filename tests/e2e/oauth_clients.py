"""Signs a user in through social-auth-core's Docker backend, with nothing changed but its URLs, and
through authlib.

Arguments: the service's base URL, client id, client secret, redirect URI, username, password.
Prints one JSON object: what the backend got about the user, and about the tokens after a refresh;
and what authlib got, with each of its ways to prove itself.
"""

import json
import os
import re
import sys
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import get_well_known_url
from social_core.backends.docker import DockerOAuth2
from social_core.strategy import BaseStrategy

BASE, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, USERNAME, PASSWORD = sys.argv[1:]
HUB = "https://hub.docker.com"


class Backend(DockerOAuth2):
    AUTHORIZATION_URL = DockerOAuth2.AUTHORIZATION_URL.replace(HUB, BASE)
    ACCESS_TOKEN_URL = DockerOAuth2.ACCESS_TOKEN_URL.replace(HUB, BASE)
    REFRESH_TOKEN_URL = DockerOAuth2.REFRESH_TOKEN_URL.replace(HUB, BASE)

    def request(self, url, *args, **kwargs):
        return super().request(url.replace(HUB, BASE), *args, **kwargs)


class Strategy(BaseStrategy):
    """A web application with a session, and nothing behind it."""

    def __init__(self):
        self.session, self.data = {}, {}
        super().__init__()

    def get_setting(self, name):
        return {
            "SOCIAL_AUTH_DOCKER_KEY": CLIENT_ID,
            "SOCIAL_AUTH_DOCKER_SECRET": CLIENT_SECRET,
        }[name]

    def request_data(self, merge=True):
        return self.data

    def build_absolute_uri(self, path=None):
        return path

    def session_get(self, name, default=None):
        return self.session.get(name, default)

    def session_set(self, name, value):
        self.session[name] = value

    def session_pop(self, name):
        return self.session.pop(name, None)

    def authenticate(self, backend, *args, **kwargs):
        response = kwargs["response"]
        details = backend.get_user_details(response)
        uid = backend.get_user_id(details, response)
        return {"uid": uid, "details": details, "response": response}


def allow(url):
    """What the user does in a browser: signs in, then allows it. Where the browser is sent."""
    browser = requests.Session()
    sign_in = browser.get(url, timeout=30)
    sign_in.raise_for_status()
    fields = {"username": USERNAME, "password": PASSWORD}
    fields["return_to"] = dict(parse_qsl(urlsplit(sign_in.url).query))["return_to"]
    page = browser.post(sign_in.url, data=fields, allow_redirects=False, timeout=30)
    consent = urljoin(BASE, page.headers["location"])
    page = browser.get(consent, allow_redirects=False, timeout=30)
    if page.status_code == 303:
        # What was allowed before is not asked again.
        return page.headers["location"]
    form = {"decision": "allow"}
    for name in ("form_token", "scopes"):
        form[name] = re.search(rf'name="{name}" value="([^"]+)"', page.text).group(1)
    response = browser.post(consent, data=form, allow_redirects=False, timeout=30)
    assert response.status_code == 303, response.text
    return response.headers["location"]


def by_social_auth():
    strategy = Strategy()
    backend = Backend(strategy, redirect_uri=REDIRECT_URI)
    place = allow(backend.auth_url())
    assert place.startswith(REDIRECT_URI + "?"), place
    strategy.data.update(parse_qsl(urlsplit(place).query))
    user = backend.auth_complete()
    refreshed = backend.refresh_token(user["response"]["refresh_token"])
    again = backend.user_data(refreshed["access_token"], response=refreshed)
    return {
        "uid": user["uid"],
        "details": user["details"],
        "token_type": user["response"]["token_type"],
        "url": user["response"]["url"],
        "same_after_refresh": again["id"] == user["uid"],
        "is_another_token": refreshed["access_token"] != user["response"]["access_token"],
    }


def by_authlib(method):
    # The service of the tests is reached by plain http.
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    server = requests.get(get_well_known_url(BASE, external=True), timeout=30).json()
    client = OAuth2Session(
        CLIENT_ID,
        CLIENT_SECRET,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        scope="profile_read email_read",
        redirect_uri=REDIRECT_URI,
        code_challenge_method="S256",
        default_timeout=30,
    )
    verifier = generate_token(48)
    url, state = client.create_authorization_url(
        server["authorization_endpoint"], code_verifier=verifier
    )
    first = client.fetch_token(
        server["token_endpoint"],
        authorization_response=allow(url),
        state=state,
        code_verifier=verifier,
    )
    refreshed = client.refresh_token(server["token_endpoint"], first["refresh_token"])
    profile = client.get(f"{BASE}/api/v1.1/users/{USERNAME}/")
    endpoint = server["introspection_endpoint"]
    seen = client.introspect_token(endpoint, refreshed["access_token"]).json()
    client.revoke_token(server["revocation_endpoint"], refreshed["refresh_token"])
    after = client.introspect_token(endpoint, refreshed["access_token"]).json()
    return {
        "scope": first["scope"],
        "status": profile.status_code,
        "token_type": seen["token_type"],
        "username": seen["username"],
        "active": [seen["active"], after["active"]],
    }


print(
    json.dumps(
        {
            "social-auth-core": by_social_auth(),
            "authlib": [by_authlib("client_secret_basic"), by_authlib("client_secret_post")],
        }
    )
)

// Signs a user in through oauth4webapi and openid-client, each as its page shows it, over plain http.
//
// Arguments: the service's base URL, client id, client secret, redirect URI, username, password.
// Runs where both are installed. Prints one JSON object: what each of them got.

import * as oauth from "oauth4webapi";
import * as openid from "openid-client";

const [BASE, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, USERNAME, PASSWORD] = process.argv.slice(2);
const SCOPE = "profile_read email_read";
const RESOURCE = new URL(`/api/v1.1/users/${USERNAME}/`, BASE);

/** What the user does in a browser; where the browser is sent. */
async function allow(url) {
  const page = await fetch(url);
  const cookie = page.headers.get("set-cookie").split(";")[0];
  const [, csrf_token] = (await page.text()).match(/name="csrf_token" value="([^"]+)"/);
  const body = new URLSearchParams({
    csrf_token, username: USERNAME, password: PASSWORD, decision: "allow",
  });
  const sent = await fetch(url, { method: "POST", body, headers: { cookie }, redirect: "manual" });
  if (sent.status !== 303) throw new Error(`${sent.status}: ${await sent.text()}`);
  return new URL(sent.headers.get("location"));
}

async function byOauth4webapi(authentication) {
  const plain = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(BASE);
  const found = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...plain });
  const server = await oauth.processDiscoveryResponse(issuer, found);
  const client = { client_id: CLIENT_ID };
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: CLIENT_ID,
    redirect_uri: REDIRECT_URI,
    response_type: "code",
    scope: SCOPE,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  // Demands `iss`, since the metadata says that it is there.
  const parameters = oauth.validateAuthResponse(server, client, await allow(url), state);
  const first = await oauth.processAuthorizationCodeResponse(server, client,
    await oauth.authorizationCodeGrantRequest(
      server, client, authentication, parameters, REDIRECT_URI, verifier, plain));
  const next = await oauth.processRefreshTokenResponse(server, client,
    await oauth.refreshTokenGrantRequest(
      server, client, authentication, first.refresh_token, plain));
  const { status } = await oauth.protectedResourceRequest(
    next.access_token, "GET", RESOURCE, undefined, undefined, plain);
  const introspect = async () => oauth.processIntrospectionResponse(server, client,
    await oauth.introspectionRequest(server, client, authentication, next.access_token, plain));
  const before = await introspect();
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, authentication, next.refresh_token, plain));
  const after = await introspect();
  return {
    scope: first.scope, status, token_type: before.token_type, username: before.username,
    active: [before.active, after.active],
  };
}

async function byOpenidClient(authentication) {
  const config = await openid.discovery(new URL(BASE), CLIENT_ID, undefined, authentication, {
    algorithm: "oauth2", execute: [openid.allowInsecureRequests],
  });
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const expectedState = openid.randomState();
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
    state: expectedState,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  const place = await allow(url);
  const first =
    await openid.authorizationCodeGrant(config, place, { pkceCodeVerifier, expectedState });
  const next = await openid.refreshTokenGrant(config, first.refresh_token);
  const { status } = await openid.fetchProtectedResource(config, next.access_token, RESOURCE, "GET");
  const before = await openid.tokenIntrospection(config, next.access_token);
  await openid.tokenRevocation(config, next.refresh_token);
  const after = await openid.tokenIntrospection(config, next.access_token);
  return {
    scope: first.scope, status, token_type: before.token_type, username: before.username,
    active: [before.active, after.active],
  };
}

console.log(JSON.stringify([
  await byOauth4webapi(oauth.ClientSecretBasic(CLIENT_SECRET)),
  await byOauth4webapi(oauth.ClientSecretPost(CLIENT_SECRET)),
  await byOpenidClient(openid.ClientSecretBasic(CLIENT_SECRET)),
  await byOpenidClient(openid.ClientSecretPost(CLIENT_SECRET)),
]));

// Signs a user in through five clients, each as its page shows it, over plain http.
//
// Arguments: the service's base URL, client id, client secret, redirect URI, username, password.
// Runs where they are installed. Prints one JSON object: what each of them got.

import { Auth } from "@auth/core";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import passport from "passport";
import OAuth2Strategy from "passport-oauth2";
import { AuthorizationCode } from "simple-oauth2";

const [BASE, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, USERNAME, PASSWORD] = process.argv.slice(2);
const SCOPE = "profile_read email_read";
const RESOURCE = new URL(`/api/v1.1/users/${USERNAME}/`, BASE);
// What a client is told that reads no metadata.
const AUTHORIZE = `${BASE}/api/v1.1/o/authorize/`;
const TOKEN = `${BASE}/api/v1.1/o/token/`;

/** Sends a form, and returns where the browser is sent. */
async function post(url, fields, headers = {}) {
  const body = new URLSearchParams(fields);
  const sent = await fetch(url, { method: "POST", body, headers, redirect: "manual" });
  if (sent.status !== 303) throw new Error(`${sent.status}: ${await sent.text()}`);
  return sent;
}

/** What the user does in a browser: signs in, then allows it. Where the browser is sent. */
async function allow(url) {
  const signIn = new URL((await fetch(url, { redirect: "manual" })).headers.get("location"), BASE);
  const return_to = signIn.searchParams.get("return_to");
  const fields = { username: USERNAME, password: PASSWORD, return_to };
  const kept = (await fetch(signIn)).headers.getSetCookie()[0].split(";")[0];
  const signedIn = await post(signIn, fields, { cookie: kept });
  const cookie = signedIn.headers.getSetCookie()[0].split(";")[0];
  const consent = new URL(signedIn.headers.get("location"), BASE);
  const page = await fetch(consent, { headers: { cookie }, redirect: "manual" });
  // What was allowed before is not asked again.
  if (page.status === 303) return new URL(page.headers.get("location"));
  const text = await page.text();
  const field = (name) => text.match(new RegExp(`name="${name}" value="([^"]+)"`))[1];
  const form = {
    form_token: field("form_token"), scopes: field("scopes"), decision: "allow",
  };
  return new URL((await post(consent, form, { cookie })).headers.get("location"));
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

async function bySimpleOauth2(authorizationMethod) {
  const client = new AuthorizationCode({
    client: { id: CLIENT_ID, secret: CLIENT_SECRET },
    auth: {
      tokenHost: BASE,
      tokenPath: "/api/v1.1/o/token/",
      authorizePath: "/api/v1.1/o/authorize/",
      revokePath: "/api/v1.1/o/revoke_token/",
    },
    options: { authorizationMethod },
  });
  const redirect_uri = REDIRECT_URI;
  const url = client.authorizeURL({ redirect_uri, scope: SCOPE, state: "xyz" });
  const code = (await allow(url)).searchParams.get("code");
  const first = await client.getToken({ code, redirect_uri });
  const next = await first.refresh();
  const headers = { authorization: `Bearer ${next.token.access_token}` };
  const before = await fetch(RESOURCE, { headers });
  await next.revokeAll();
  const after = await fetch(RESOURCE, { headers });
  return { scope: first.token.scope, statuses: [before.status, after.status] };
}

async function byPassport() {
  class Strategy extends OAuth2Strategy {
    userProfile(token, done) {
      this._oauth2.useAuthorizationHeaderforGET(true);
      this._oauth2.get(RESOURCE.href, token, (error, body) =>
        done(error, body && JSON.parse(body)));
    }
  }
  passport.use(new Strategy({
    authorizationURL: AUTHORIZE, tokenURL: TOKEN, clientID: CLIENT_ID, clientSecret: CLIENT_SECRET,
    callbackURL: REDIRECT_URI, scope: SCOPE.split(" "), state: true, pkce: true,
  }, (_access, _refresh, profile, done) => done(null, profile)));
  const session = {};
  /** A request of the user to the application: where it is redirected, else who signed in. */
  const visit = (query) => new Promise((resolve, reject) => {
    const request = { query, session };
    const response = { setHeader: (_, location) => resolve(location), end: reject };
    const next = (error) => error ? reject(error) : resolve(request.user);
    passport.authenticate("oauth2", { session: false })(request, response, next);
  });
  const place = await allow(await visit({}));
  return { username: (await visit(Object.fromEntries(place.searchParams))).username };
}

async function byAuthJs() {
  const site = new URL("/auth/", REDIRECT_URI);
  const config = {
    basePath: "/auth", secret: "of the application's own", trustHost: true,
    providers: [{
      id: "rollcall", name: "Rollcall", type: "oauth", issuer: BASE, checks: ["pkce", "state"],
      clientId: CLIENT_ID, clientSecret: CLIENT_SECRET,
      authorization: { url: AUTHORIZE, params: { scope: SCOPE } },
      token: TOKEN,
      userinfo: {
        request: async ({ tokens }) => (await fetch(`${BASE}/api/v1.1/users/${tokens.username}/`, {
          headers: { authorization: `Bearer ${tokens.access_token}` },
        })).json(),
      },
      profile: ({ id, username, email }) => ({ id: `${id}`, name: username, email }),
    }],
  };
  const cookies = new Map();
  const visit = async (url, body) => {
    const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
    const method = body ? "POST" : "GET";
    const response = await Auth(new Request(url, { method, body, headers: { cookie } }), config);
    for (const line of response.headers.getSetCookie()) {
      cookies.set(...line.split(";")[0].split(/=(.*)/s, 2));
    }
    return response;
  };
  const { csrfToken } = await (await visit(new URL("csrf", site))).json();
  const form = new URLSearchParams({ csrfToken });
  const sent = await visit(new URL("signin/rollcall", site), form);
  await visit(await allow(sent.headers.get("location")));
  const { user } = await (await visit(new URL("session", site))).json();
  return { username: user.name, email: user.email };
}

console.log(JSON.stringify({
  discovered: [
    await byOauth4webapi(oauth.ClientSecretBasic(CLIENT_SECRET)),
    await byOauth4webapi(oauth.ClientSecretPost(CLIENT_SECRET)),
    await byOpenidClient(openid.ClientSecretBasic(CLIENT_SECRET)),
    await byOpenidClient(openid.ClientSecretPost(CLIENT_SECRET)),
  ],
  "simple-oauth2": [await bySimpleOauth2("header"), await bySimpleOauth2("body")],
  passport: await byPassport(),
  "Auth.js": await byAuthJs(),
}));

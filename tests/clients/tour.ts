// Does what docs/tour.md does, with clients of the types that openapi-typescript makes of the
// documents. docs/clients.md shows some of its lines. Runs in the folder that has the types. Its
// argument is a JSON object: the service's base URL, a user and an OAuth client. Prints one JSON
// object: what it saw.

import { createHmac } from "node:crypto";
import createClient from "openapi-fetch";
import type { Middleware } from "openapi-fetch";
import type { paths as E24 } from "./e24.js";
import type { paths as Golem } from "./golem.js";
import type { paths as Hub } from "./hub.js";
import type { paths as Quave } from "./quave.js";
import type { paths as Rollcall } from "./rollcall.js";

const given = JSON.parse(process.argv[2]!) as Record<
  "base" | "username" | "password" | "token" | "client_id" | "client_secret" | "redirect_uri",
  string
>;
const { base: baseUrl, username, password, token } = given;
const basic = (name: string, secret: string) =>
  `Basic ${Buffer.from(`${name}:${secret}`).toString("base64")}`;
const byPassword = { baseUrl, headers: { Authorization: basic(username, password) } };
const ofClient = {
  baseUrl,
  headers: { Authorization: basic(given.client_id, given.client_secret) },
};
const form = {
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
  bodySerializer: (body: Record<string, string>) => new URLSearchParams(body).toString(),
};

/** What a success shows. */
function shown<T>({ data, error, response }: { data?: T; error?: unknown; response: Response }): T {
  if (data === undefined) throw new Error(`${response.url}: ${JSON.stringify(error)}`);
  return data;
}

async function byQuave() {
  const quave = createClient<Quave>({ baseUrl, headers: { Authorization: token } });
  const body = {
    name: "My New Account",
    registryServer: "https://registry.example.com",
    registryEmail: "user@example.com",
    registryUsername: "registryuser",
    registryPassword: "dckr_pat_00000",
  };
  const { accountId } = shown(await quave.POST("/api/public/v1/account", { body }));
  const params = { query: { accountId } };
  const seen = shown(await quave.GET("/api/public/v1/account", { params }));
  const before = shown(await quave.GET("/api/public/v1/current-account"));
  const chosen = [];
  for (const id of [accountId, before.accountId]) {
    const body = { accountId: id };
    chosen.push(shown(await quave.PUT("/api/public/v1/current-account", { body })).message);
  }
  const deleted = shown(await quave.DELETE("/api/public/v1/account", { params }));
  const gone = await quave.GET("/api/public/v1/account", { params });
  return {
    name: seen.name,
    isCurrent: seen.isCurrent,
    chosen,
    deleted: deleted.message,
    gone: [gone.response.status, gone.error?.error],
  };
}

async function byGolem() {
  const email = `team-${username}@example.com`;
  const golem = createClient<Golem>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
  const made = await golem.POST("/v1/accounts", { body: { name: "Team", email } });
  if (made.error) throw new Error(JSON.stringify(made.error));
  const path = { account_id: made.data.id };
  const { response } = await golem.GET("/v1/accounts/{account_id}", { params: { path } });
  const params = { path, header: { "If-Match": response.headers.get("etag")! } };
  const body = { name: "Crew", email };
  const crew = await golem.PUT("/v1/accounts/{account_id}", { params, body });
  const stale = await golem.DELETE("/v1/accounts/{account_id}", { params });
  const invalid = await golem.POST("/v1/accounts", { body: { name: " ", email: "nobody" } });
  const query = { email: email.toUpperCase() };
  const found = shown(await golem.GET("/v1/accounts", { params: { query } }));
  const plan = shown(await golem.GET("/v1/accounts/{account_id}/plan", { params: { path } }));
  const deleted = await golem.DELETE("/v1/accounts/{account_id}", { params: { path } });
  return {
    created: made.data.name,
    updated: shown(crew).name,
    found: found.values.map((account) => account.name),
    projects: plan.planData.projectLimit,
    stale: stale.response.status,
    invalid: invalid.error && "errors" in invalid.error && invalid.error.errors,
    deleted: shown(deleted),
  };
}

function signature(key: { api_key: string; secret_key: string }): Middleware {
  return {
    async onRequest({ request }) {
      const { host, pathname, search } = new URL(request.url);
      const date = new Date().toUTCString();
      const body = await request.clone().text();
      const signed = `${request.method}\n${host}\n${date}\n${pathname}${search}\n${body}`;
      const digest = createHmac("sha256", key.secret_key).update(signed).digest("base64");
      request.headers.set("X-Date", date);
      request.headers.set("Authorization", `${key.api_key}:${digest}`);
      return request;
    },
  };
}

async function byE24() {
  const byToken = createClient<E24>({ baseUrl, headers: { Authorization: token } });
  const key = shown(await byToken.PUT("/v2/account/api")).api;
  const e24 = createClient<E24>({ baseUrl });
  e24.use(signature(key));
  const mary = {
    email: `mary-${username}@example.com`,
    first_name: "Mary",
    last_name: "Major",
    phone: "48123456789",
    password: "correct horse battery",
  };
  const { user } = shown(await e24.PUT("/v2/accounts", { body: mary }));
  const laptop = { name: "laptop", method: "generate" };
  const { sshkeys } = shown(await e24.PUT("/v2/account/sshkey", { body: laptop }));
  const phone = { phone: "48123456789" };
  const { account } = shown(await e24.POST("/v2/account/data", { body: phone }));
  const { users } = shown(await e24.GET("/v2/accounts"));
  return {
    listed: users.map((user) => user.username).slice(0, 1),
    created: user.name,
    hasSecret: user.api.length === 1 && user.api[0]?.secret_key !== "",
    sshKey: [sshkeys.name, sshkeys.private_key?.split("\n")[0]],
    phone: account.phone,
  };
}

async function byHub() {
  const hub = createClient<Hub>(byPassword);
  const user = "/api/v1.1/users/{username}/" as const;
  const emails = "/api/v1.1/users/{username}/emails/" as const;
  const params = { path: { username } };
  const [email, first] = [`other-${username}@example.org`, `${username}@example.com`];
  const profile = { location: "Private Island", company: "Retired" };
  const changed = shown(await hub.PATCH(user, { params, body: profile }));
  const added = shown(await hub.POST(emails, { params, body: { email }, ...form }));
  const primary = { verified: true, primary: true } as const;
  shown(await hub.PATCH(emails, { params, body: { email, ...primary } }));
  const listed = shown(await hub.GET(emails, { params }));
  shown(await hub.PATCH(emails, { params, body: { email: first, ...primary } }));
  const deleted = await hub.DELETE(emails, { params, body: { email } });
  const invalid = await hub.POST(emails, { params, body: { email: "nobody" } });
  return {
    profile: [changed.username, changed.location, changed.company],
    added: added.verified,
    listed: listed.map((own) => [own.email, own.primary]),
    deleted: deleted.response.status,
    invalid: invalid.error,
  };
}

/** The code that the user's browser brings back. */
async function allow(scope: string) {
  const browser = createClient<Hub>({ baseUrl, redirect: "manual" });
  const { client_id, redirect_uri } = given;
  // Also if the user has allowed it before.
  const asked = { response_type: "code", scope, state: "xyz", prompt: "consent" } as const;
  const query = { client_id, redirect_uri, ...asked };
  const path = "/api/v1.1/o/authorize/" as const;
  // The user signs in first, on a page that no document has.
  const credentials = new URLSearchParams({ username, password });
  const signIn = { method: "POST", body: credentials, redirect: "manual" } as const;
  const signedIn = await fetch(`${baseUrl}/account/sign-in`, signIn);
  const Cookie = signedIn.headers.getSetCookie()[0]!.split(";")[0]!;
  const page = await browser.GET(path, { params: { query }, headers: { Cookie }, parseAs: "text" });
  const text = shown(page);
  const field = (name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(text)![1]!;
  const { response } = await browser.POST(path, {
    params: { query },
    body: { form_token: field("form_token"), scopes: field("scopes"), decision: "allow" },
    bodySerializer: form.bodySerializer,
    headers: { ...form.headers, Cookie },
    parseAs: "text",
  });
  return new URL(response.headers.get("location")!).searchParams.get("code")!;
}

async function byOAuth() {
  const client = createClient<Hub>(ofClient);
  const code = await allow("profile_read");
  const body = {
    grant_type: "authorization_code",
    code,
    redirect_uri: given.redirect_uri,
  } as const;
  const tokens = shown(await client.POST("/api/v1.1/o/token/", { body, ...form }));
  const headers = { Authorization: `Bearer ${tokens.access_token}` };
  const hub = createClient<Hub>({ baseUrl, headers });
  const params = { path: { username } };
  const profile = shown(await hub.GET("/api/v1.1/users/{username}/", { params }));
  const asked = { body: { token: tokens.access_token }, ...form };
  const introspected = shown(await client.POST("/api/v1.1/o/introspect/", asked));
  const rollcall = createClient<Rollcall>(byPassword);
  const { grants } = shown(await rollcall.GET("/rollcall/v1/grants"));
  const given_up = { body: { token: tokens.refresh_token }, ...form };
  shown(await client.POST("/api/v1.1/o/revoke_token/", given_up));
  const after = await hub.GET("/api/v1.1/users/{username}/", { params });
  return {
    scope: tokens.scope,
    profile: profile.username,
    active: introspected.active,
    grants: grants.map((grant) => grant.client.name),
    after: after.response.status,
  };
}

async function byRollcall() {
  const rollcall = createClient<Rollcall>(byPassword);
  const one = "/rollcall/v1/tokens/{id}" as const;
  const deploy = {
    name: "deploy",
    kind: "user",
    scopes: ["tokens_read", "tokens_write"],
  } satisfies Rollcall["/rollcall/v1/tokens"]["post"]["requestBody"]["content"]["application/json"];
  const made = shown(await rollcall.POST("/rollcall/v1/tokens", { body: deploy }));
  const headers = { Authorization: `Bearer ${made.token}` };
  const own = createClient<Rollcall>({ baseUrl, headers });
  const self = shown(await own.GET("/rollcall/v1/tokens/self"));
  const first = { params: { query: { limit: 1 } } };
  const page = shown(await rollcall.GET("/rollcall/v1/tokens", first));
  const params = { path: { id: made.id } };
  const overlap = { params, body: { overlapSeconds: 3600 } };
  const rotated = shown(await rollcall.POST("/rollcall/v1/tokens/{id}/rotate", overlap));
  const deleted = await rollcall.DELETE(one, { params });
  const gone = await rollcall.GET(one, { params });
  await rollcall.DELETE(one, { params: { path: { id: rotated.id } } });
  const environment = { name: "staging", kind: "environment" } as const;
  const staging = shown(await rollcall.POST("/rollcall/v1/tokens", { body: environment }));
  const service = createClient<Rollcall>(ofClient);
  const active = [];
  for (const token of [staging.token, "rce_unknown"]) {
    const asked = { body: { token }, ...form };
    active.push(shown(await service.POST("/rollcall/v1/introspect", asked)).active);
  }
  return {
    shown: [self.name, self.kind, self.scopes, self.expiresAt],
    page: [page.tokens.length, page.nextCursor !== null],
    deleted: deleted.response.status,
    gone: [gone.response.status, gone.error?.code],
    active,
  };
}

async function again() {
  const quave = createClient<Quave>({ baseUrl, headers: { Authorization: token } });
  const header = { "Idempotency-Key": "8e03978e-40d5" };
  const options = { params: { header }, body: { name: "Sent twice" } };
  const twice = [
    await quave.POST("/api/public/v1/account", options),
    await quave.POST("/api/public/v1/account", options),
  ];
  const ids = twice.map((response) => shown(response).accountId);
  const params = { query: { accountId: ids[0]! } };
  const deleted = shown(await quave.DELETE("/api/public/v1/account", { params }));
  const replayed = twice.map(({ response }) => response.headers.get("idempotency-replayed"));
  return { same: ids[0] === ids[1], replayed, deleted: deleted.message };
}

const seen = {
  quave: await byQuave(),
  golem: await byGolem(),
  e24: await byE24(),
  hub: await byHub(),
  OAuth: await byOAuth(),
  rollcall: await byRollcall(),
  again: await again(),
};
console.log(JSON.stringify(seen));

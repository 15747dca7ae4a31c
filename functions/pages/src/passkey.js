const decode = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const encode = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const device = {
  async create(publicKey) {
    publicKey.user.id = decode(publicKey.user.id);
    for (const known of publicKey.excludeCredentials ?? []) known.id = decode(known.id);
    const made = await navigator.credentials.create({ publicKey });
    return [made, { attestationObject: encode(made.response.attestationObject) }];
  },
  async get(publicKey) {
    const used = await navigator.credentials.get({ publicKey });
    const { authenticatorData, signature, userHandle } = used.response;
    return [
      used,
      {
        authenticatorData: encode(authenticatorData),
        signature: encode(signature),
        userHandle: userHandle && encode(userHandle),
      },
    ];
  },
};

async function send(path, fields) {
  const response = await fetch(path, { method: "POST", body: new URLSearchParams(fields) });
  const body = await response.json();
  if (response.ok) return body;
  throw Object.assign(new Error(body.detail), { code: body.code });
}

for (const box of document.querySelectorAll("[data-passkey]")) {
  const { passkey, path, asking, answering, confirm, next } = box.dataset;
  const form = box.querySelector("form");
  const problem = box.querySelector("[role=alert]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    try {
      const { challenge, publicKey } = await send(`${path}/challenge`, { form_token: asking });
      publicKey.challenge = decode(publicKey.challenge);
      const [{ id, rawId, type, response }, signed] = await device[passkey](publicKey);
      const clientDataJSON = encode(response.clientDataJSON);
      const answer = { id, rawId: encode(rawId), type, response: { clientDataJSON, ...signed } };
      await send(path, {
        form_token: answering,
        challenge,
        credential: JSON.stringify(answer),
        name: form.elements.name?.value ?? "",
      });
      if (next) location.assign(next);
      else form.submit();
    } catch (error) {
      if (error.code === "insufficient_scope" && confirm) location.assign(confirm);
      else problem.hidden = false;
    }
  });
  box.hidden = !window.PublicKeyCredential;
}

"use strict";

const viewer = document.getElementById("viewer");
const form = document.getElementById("credentials");
const used = document.getElementById("used");
const fieldsets = [...form.querySelectorAll("fieldset")];
let ui;

/** What is shown of Swagger UI, and what is changed in it so that everybody can use it. */
const plugin = ({ React: { createElement, useLayoutEffect, useRef } }) => {
  const nothing = () => null;
  const code = ({ children }) => createElement("pre", { className: "microlight" }, masked(children));
  return {
    components: {
      // The page has a heading, the credentials and the address already.
      Reference: ({ getComponent }) =>
        createElement("div", { className: "swagger-ui" }, createElement(getComponent("operations", true))),
      OperationTag: ({ children }) => createElement("div", null, children),
      // It stands in a button, where a link cannot be followed.
      DeepLink: ({ text }) => createElement("span", null, text),
      CopyToClipboardBtn: nothing,
      HighlightCode: code,
      SyntaxHighlighter: code,
      TextArea: (attributes) =>
        createElement("textarea", { ...attributes, "aria-label": "Body of the request", spellCheck: false }),
      TryItOutButton: nothing,
      authorizeOperationBtn: nothing,
      operationLink: nothing,
    },
    wrapComponents: {
      JsonSchemaForm: (Original) => (attributes) =>
        createElement(
          "label",
          { className: "field" },
          createElement("span", { className: "hidden" }, attributes.description),
          createElement(Original, attributes),
        ),
      OperationSummary: (Original) => (attributes) =>
        createElement("div", { role: "heading", "aria-level": 3 }, createElement(Original, attributes)),
      // Its tables say that each is a region, and all would have one name.
      responses: (Original) => (attributes) => {
        const place = useRef(null);
        useLayoutEffect(() => {
          place.current.querySelectorAll("table[role]").forEach((table) => table.removeAttribute("role"));
        });
        return createElement("div", { ref: place }, createElement(Original, attributes));
      },
    },
  };
};

/** A command without the credential, so that it can be passed on. */
const masked = (text) =>
  String(text).replace(/(authorization: (?:bearer|basic) )[^'"\s]+/gi, "$1YOUR_CREDENTIAL");

/** The document as it is shown. */
const prepared = (spec) => {
  // Every response has these.
  for (const name of ["CacheControl", "RequestId"]) delete spec.components.headers[name];
  const visit = (part) => {
    if (part === null || typeof part !== "object") return;
    for (const [name, header] of Object.entries(part.headers ?? {})) {
      if (/\/(CacheControl|RequestId)$/.test(header.$ref)) delete part.headers[name];
    }
    // The viewer would send the examples of optional parameters.
    if ("in" in part && "schema" in part && !part.required && "example" in part) {
      part.description = `${part.description ?? ""} Example: \`${part.example}\``.trim();
      delete part.example;
      delete part.schema.default;
    }
    Object.values(part).forEach(visit);
  };
  visit(spec);
  // All errors look alike: the guide shows them once.
  const operations = Object.values(spec.paths).flatMap(Object.values);
  for (const responses of [spec.components.responses ?? {}, ...operations.map((own) => own.responses)]) {
    for (const [name, response] of Object.entries(responses)) {
      if (response.content && !/^[23]/.test(name)) delete response.content;
    }
  }
  spec.servers = [{ url: location.origin }];
  return spec;
};

const load = async (url) => {
  let response;
  try {
    response = await fetch(url, { credentials: "omit" });
  } catch {
    throw new Error(`${url} cannot be reached.`);
  }
  if (!response.ok) throw new Error(`${url} is answered with ${response.status}.`);
  try {
    return await response.json();
  } catch {
    throw new Error(`${url} is no JSON.`);
  }
};

const show = async () => {
  try {
    if (!globalThis.SwaggerUIBundle) throw new Error("The viewer itself did not load.");
    const spec = prepared(await load(viewer.dataset.document));
    viewer.replaceChildren();
    ui = SwaggerUIBundle({
      spec,
      domNode: viewer,
      layout: "Reference",
      plugins: [plugin],
      deepLinking: true,
      defaultModelExpandDepth: 3,
      displayRequestDuration: true,
      persistAuthorization: false,
      // No cookie goes along, and no dialog of the browser asks for a password.
      requestInterceptor: (request) => Object.assign(request, { credentials: "omit", curlOptions: [] }),
      tryItOutEnabled: true,
      validatorUrl: null,
    });
    form.hidden = false;
  } catch (error) {
    const text = document.createElement("p");
    text.setAttribute("role", "alert");
    text.textContent = `The document cannot be shown. ${error.message}`;
    const again = document.createElement("button");
    again.textContent = "Try again";
    again.addEventListener("click", show);
    viewer.replaceChildren(text, again);
  }
};

/** Uses the first credential that is filled in, and no other. */
const use = () => {
  ui.authActions.logout(fieldsets.map((fieldset) => fieldset.dataset.scheme));
  const filled = fieldsets.find((fieldset) => fieldset.querySelector("[name=secret]").value);
  if (!filled) {
    used.textContent = "Requests are sent without a credential.";
    return;
  }
  const { scheme } = filled.dataset;
  const secret = filled.querySelector("[name=secret]").value;
  const user = filled.querySelector("[name=user]");
  // A password may begin or end with white space; what surrounds a pasted token is none of it.
  if (user) ui.preauthorizeBasic(scheme, user.value, secret);
  else ui.preauthorizeApiKey(scheme, secret.trim());
  const names = { token: "the token", password: "the username and the password" };
  used.textContent = `Requests are now sent with ${names[scheme] ?? "the client's id and secret"}.`;
};

form.addEventListener("submit", (event) => {
  event.preventDefault();
  use();
});
form.addEventListener("reset", () => setTimeout(use));
// Whoever comes back to the page by the browser's history finds nothing.
addEventListener("pagehide", () => form.reset());

show();

// Checks HTML parts of mails against caniemail.com's records of what mail clients support.
//
// Argument: a file with a JSON array of documents. Runs where the checker is installed. Prints one
// JSON object: what a client does not support, or not in full, by name, and which clients these are.

import { readFileSync } from "node:fs";
import { caniemail } from "caniemail";

// Of Thunderbird, GMX and others the records have gaps, over which the checker stumbles.
const CLIENTS = ["apple-mail.*", "gmail.*", "outlook.*", "protonmail.*", "samsung-email.*", "yahoo.*"];

const lacking = {};
for (const html of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  const { errors, warnings } = caniemail({ clients: CLIENTS, html }).issues;
  for (const [client, issues] of [...errors, ...warnings]) {
    for (const { title } of issues) (lacking[title] ??= new Set()).add(client);
  }
}
const list = Object.entries(lacking).map(([title, clients]) => [title, [...clients].sort()]);
console.log(JSON.stringify(Object.fromEntries(list)));

// The read of the lean function by the SDK for JavaScript: four items with one call. It asks for
// events itself, in place of Lambda's own client.

// It says at each start that a later SDK takes a later Node.
process.removeAllListeners("warning");

const http = require("node:http");
const { BatchGetItemCommand, DynamoDBClient } = require("@aws-sdk/client-dynamodb");

const { AWS_LAMBDA_RUNTIME_API, FLOOR_KEYS, TABLE_NAME } = process.env;
const INVOCATIONS = `http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
const agent = new http.Agent({ keepAlive: true });
const client = new DynamoDBClient();

const words = FLOOR_KEYS.split(" ");
const keys = [];
for (let place = 0; place < words.length; place += 2) {
  keys.push({ pk: { S: words[place] }, sk: { S: words[place + 1] } });
}

async function read() {
  const wanted = { [TABLE_NAME]: { ConsistentRead: true, Keys: keys } };
  const found = await client.send(new BatchGetItemCommand({ RequestItems: wanted }));
  const items = found.Responses[TABLE_NAME];
  const body = JSON.stringify({ count: items.length, first: items[0]?.pk.S });
  return { statusCode: 200, headers: { "content-type": "application/json" }, body };
}

function exchange(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(INVOCATIONS + path, { method, agent }, async (response) => {
      let text = "";
      for await (const part of response) text += part;
      resolve({ id: response.headers["lambda-runtime-aws-request-id"], text });
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function main() {
  for (;;) {
    const { id, text } = await exchange("GET", "/next");
    JSON.parse(text);
    await exchange("POST", `/${id}/response`, JSON.stringify(await read()));
  }
}

main();

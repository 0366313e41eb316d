// The SDK of CloudEvents for JavaScript: sends in every mode and reads what comes back.
// `node exchange.mjs kafka|http`, settings as JSON in EXCHANGE; one JSON line for each receipt.
import { randomUUID } from "node:crypto";
import { CloudEvent, emitterFor, HTTP, httpTransport, Kafka, Mode } from "cloudevents";
import { Kafka as Client, logLevel } from "kafkajs";

const given = JSON.parse(process.env.EXCHANGE);

function fresh(more) {
  const subject = `ref:${randomUUID()}`;
  return new CloudEvent({
    id: randomUUID(), source: `/participants/${given.name}`, type: "onestop.dossier.submit.v1",
    time: new Date().toISOString(), subject, partitionkey: subject, data: given.data, ...more,
  });
}

const tell = (way, id, event) =>
  console.log(JSON.stringify({ way, id, receipt: { ...event.data, type: event.type } }));

async function overKafka() {
  const client = new Client({
    clientId: given.name, brokers: [given.bootstrap], logLevel: logLevel.ERROR,
    sasl: { mechanism: "scram-sha-512", username: given.user, password: given.password },
  });
  const producer = client.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const waited = new Map();
  for (const kind of [{ datacontenttype: "application/json" }, {}]) {
    for (const way of ["binary", "structured"]) {
      const event = fresh(kind);
      const message = Kafka[way](event);
      const value = typeof message.value === "string" ? message.value : JSON.stringify(message.value);
      waited.set(event.id, `${way} ${"datacontenttype" in kind}`);
      const { key, headers } = message;
      await producer.send({ topic: given.in, acks: -1, messages: [{ key, value, headers: defined(headers) }] });
    }
  }
  await producer.disconnect();
  const consumer = client.consumer({ groupId: given.group });
  await consumer.connect();
  await consumer.subscribe({ topic: given.out, fromBeginning: true });
  await new Promise((done, failed) => {
    consumer.run({
      eachMessage: async ({ message }) => {
        const headers = Object.fromEntries(Object.entries(message.headers).map(([n, v]) => [n, v.toString()]));
        const event = Kafka.toEvent({ headers, key: message.key.toString(), value: message.value.toString() });
        const way = event.type.includes(".receipt.") && waited.get(event.data.request);
        if (way) {
          waited.delete(event.data.request);
          tell(way, event.data.request, event);
        }
        if (waited.size === 0) done();
      },
    }).catch(failed);
  });
  await consumer.disconnect();
}

// kafkajs takes no header without a value.
const defined = (headers) => Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));

async function overHttp() {
  const headers = { authorization: `Bearer ${given.token}` };
  for (const kind of [{ datacontenttype: "application/json" }, {}]) {
    for (const [way, mode] of [["binary", Mode.BINARY], ["structured", Mode.STRUCTURED]]) {
      const event = fresh(kind);
      const emit = emitterFor(httpTransport(`${given.gateway}/v1/events`), { mode });
      const answer = await emit(event, { headers });
      tell(`${way} ${"datacontenttype" in kind}`, event.id, await receiptOf(answer, event.id, headers));
    }
  }
  const many = [fresh({}), fresh({})];
  const answer = await fetch(`${given.gateway}/v1/events`, {
    method: "POST", headers: { ...headers, "content-type": "application/cloudevents-batch+json" },
    body: JSON.stringify(many),
  });
  const { answers } = await answer.json();
  answers.forEach((one, place) => tell("batch", many[place].id, new CloudEvent(one.receipt)));
  const feed = await (await fetch(`${given.gateway}/v1/messages`, { headers })).text();
  const messages = JSON.stringify(JSON.parse(feed).messages);
  const events = HTTP.toEvent({ headers: { "content-type": "application/cloudevents-batch+json" }, body: messages });
  const last = events.find((event) => event.data.request === many[1].id);
  tell("feed", many[1].id, last);
}

async function receiptOf(answer, id, headers) {
  const asked = answer.headers["ce-id"] || (answer.headers["content-type"] ?? "").includes("cloudevents")
    ? { headers: answer.headers, body: answer.body }
    : await fetch(`${given.gateway}/v1/receipts/${id}?wait=30`, { headers })
        .then(async (found) => ({ headers: Object.fromEntries(found.headers), body: await found.text() }));
  return HTTP.toEvent(asked);
}

await { kafka: overKafka, http: overHttp }[process.argv[2]]();

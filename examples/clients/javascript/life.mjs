// The life of a citizen's dossier over Kafka, with the SDK of CloudEvents: `node life.mjs COUNTER.conf AGENCY.conf`.
// The files are as `hub participants add` prints them for kcat. TOPIC_PREFIX: what stands before the hub's topics.
import { randomUUID } from "node:crypto";
import { EventEmitter, on } from "node:events";
import { readFileSync } from "node:fs";
import { CloudEvent, Kafka as Binding } from "cloudevents";
import { Kafka, logLevel } from "kafkajs";

const prefix = process.env.TOPIC_PREFIX ?? "";

class Participant {
  events = [];
  news = new EventEmitter();

  async open(file) {
    const lines = readFileSync(file, "utf8").trim().split("\n");
    const settings = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s)));
    const username = settings["sasl.username"];
    this.name = username.slice(prefix.length);
    const kafka = new Kafka({
      clientId: this.name, brokers: settings["bootstrap.servers"].split(","), logLevel: logLevel.ERROR,
      ssl: settings["security.protocol"] === "SASL_SSL",
      sasl: { mechanism: "scram-sha-512", username, password: settings["sasl.password"] },
    });
    this.producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    this.consumer = kafka.consumer({ groupId: username });
    await this.producer.connect();
    await this.consumer.connect();
    await this.consumer.subscribe({ topic: `${prefix}out.${this.name}`, fromBeginning: true });
    await this.consumer.run({
      eachMessage: async ({ message: { headers, key, value } }) => {
        const texts = Object.fromEntries(Object.entries(headers).map(([name, raw]) => [name, raw.toString()]));
        this.events.push(Binding.toEvent({ headers: texts, key: key.toString(), value: value.toString() }));
        this.news.emit("event");
      },
    });
    return this;
  }

  // Send a request; the data of its receipt.
  async ask(kind, subject, data) {
    const event = new CloudEvent({
      id: randomUUID(), source: `/participants/${this.name}`, type: `onestop.${kind}.v1`,
      time: new Date().toISOString(), subject, partitionkey: subject, datacontenttype: "application/json", data,
    });
    const { key, value, headers } = Binding.structured(event);
    // When this fails, send the same event again, with the same id.
    await this.producer.send({ topic: `${prefix}in.${this.name}`, acks: -1, messages: [{ key, value, headers }] });
    const receipt = await this.until((told) => told.data.request === event.id);
    if (receipt.type !== "onestop.receipt.accepted.v1") {
      throw new Error(`${kind} was refused: ${JSON.stringify(receipt.data)}`);
    }
    console.log(`${this.name}: ${kind} accepted`);
    return receipt.data;
  }

  // Wait until the hub tells this fact of the dossier; the key of each message is the dossier's id.
  async waitFor(kind, dossier) {
    const fact = await this.until((told) => told.type === `onestop.${kind}.v1` && told.partitionkey === dossier);
    console.log(`${this.name}: was told ${kind}`);
    return fact.data;
  }

  async until(isWanted) {
    const news = on(this.news, "event");
    for (;;) {
      const found = this.events.find(isWanted);
      if (found) return found;
      await news.next();
    }
  }

  async close() {
    await this.consumer.disconnect();
    await this.producer.disconnect();
  }
}

const [counter, agency] = await Promise.all(process.argv.slice(2, 4).map((file) => new Participant().open(file)));
const officer = { account: "canbo.mau", name: "Lê Thị Thí Dụ" };
const head = { account: "lanhdao.mau", name: "Phạm Thị Lãnh Đạo Mẫu" };
const person = { name: "Nguyễn Văn Thử", identity_number: "083090000001", birth_date: "1990-01-02" };
const components = [{ code: "000.00.00.G15-KQ003448", originals: 1 }];
// The other papers that are published for this procedure: the officer confirms that nobody needs them here.
const absent = ["003453", "003454", "004946", "003785", "004012"].map((number) => `000.00.00.G15-KQ${number}`);

const { dossier } = await counter.ask("dossier.submit", `ref:HS-${randomUUID()}`, {
  procedure: "1.004873", organisation: "000.12.34.H07", agency: "000.12.35.H07", channel: "in_person",
  return_channel: "in_person", applicant: { kind: "citizen", ...person }, components,
});
await counter.waitFor("dossier.submitted", dossier);
await counter.ask("identity.verify", dossier, { person, officer_account: "canbo.mau" });
await counter.waitFor("identity.matched", dossier);
const { code } = await counter.ask("dossier.accept", dossier, { officer, components, not_needed: absent });
await counter.ask("dossier.forward", code, { officer, to: "000.12.35.H07" });

await agency.waitFor("dossier.forwarded", dossier);
await agency.ask("dossier.receive", code, { officer: head });
await agency.ask("case.assign", code, { assignee: { account: "chuyenvien.mau", name: "Đỗ Văn Ví Dụ" } });
const papers = [{ code: "KQ.G15.000038", number: "0001/GIA-DINH" }];
await agency.ask("result.issue", code, { papers, signer: head });

await counter.waitFor("result.issued", dossier);
const handed = { channel: "in_person", papers: ["KQ.G15.000038"], received_by: "Nguyễn Văn Thử" };
await counter.ask("result.return", code, handed);
await counter.waitFor("result.returned", dossier);
console.log(`returned: ${code}`);
await Promise.all([counter.close(), agency.close()]);

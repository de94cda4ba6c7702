import { createBroker } from "martlet";
import { connect, request, respond } from "martlet/client";

const broker = await createBroker({ listeners: [{ protocol: "tcp", port: 0 }] }).start();
const url = `mqtt://127.0.0.1:${broker.addresses[0]?.port}`;

const heater = await connect(url);
await respond(heater, "heater/temperature", () => "41.5").ready;

const asker = await connect(url);
const answer = await request(asker, "heater/temperature", "", { timeoutMs: 2_000 });
console.log("the heater says", answer.text);

await Promise.all([asker.close(), heater.close()]);
await broker.stop();

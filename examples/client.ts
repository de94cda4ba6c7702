import { createBroker } from "martlet";
import { connect, topicPattern } from "martlet/client";

// A broker in the same program, so that the example needs nothing else.
const broker = await createBroker({ listeners: [{ protocol: "tcp", port: 0 }] }).start();
const client = await connect(`mqtt://127.0.0.1:${broker.addresses[0]?.port}`);

const lamps = client.subscribe(topicPattern("rooms/{room}/lamp"));
await lamps.ready;
for (const room of ["hall", "attic"]) await client.publish(`rooms/${room}/lamp`, "on", { qos: 1 });

let seen = 0;
for await (const { parameters, text } of lamps) {
  console.log(`the lamp in the ${parameters.room} is ${text}`);
  if (++seen === 2) break;
}

await client.close();
await broker.stop();

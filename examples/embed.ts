import { createBroker } from "martlet";

// Port 0 is any free port; without a host only this machine can connect.
const broker = await createBroker({ listeners: [{ protocol: "tcp", port: 0 }] }).start();
console.log("clients connect to port", broker.addresses[0]?.port);

broker.on("clientConnected", ({ clientId }) => console.log("connected:", clientId));
broker.subscribe("sensors/#", ({ topicName, payload }) => {
  console.log(topicName, new TextDecoder().decode(payload));
});

await broker.publish({ topicName: "sensors/kitchen", payload: "21.5", retain: true });
await broker.stop();

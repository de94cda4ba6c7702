// Hooks change or refuse what the broker is about to do. Run it with: npx node examples/hooks.ts
import { createBroker, PublishRefusedError } from "martlet";
import { refuse } from "martlet/hooks";
import { ReasonCode } from "martlet/protocol";

const broker = await createBroker().start();

// Asked for each message that a client, or the program itself, publishes.
broker.hooks.add("publish", (draft) => {
  if (draft.payload.length > 64) return refuse(ReasonCode.QUOTA_EXCEEDED, "At most 64 bytes.");
  draft.topicName = `site-7/${draft.topicName}`;
  return undefined;
});

// Asked for each filter that a client subscribes to.
broker.hooks.add("subscribe", (draft) => {
  if (draft.topicFilter === "#") return refuse(ReasonCode.NOT_AUTHORIZED, "Say what you want.");
  return undefined;
});

// What did not reach anybody, and why.
broker.on("messageUndelivered", ({ topicName, kind }) => console.log("undelivered:", topicName, kind));

broker.subscribe("site-7/#", ({ topicName, payload }) => {
  console.log("received:", topicName, new TextDecoder().decode(payload));
});

await broker.publish({ topicName: "door", payload: "open" });
try {
  await broker.publish({ topicName: "door", payload: "x".repeat(65) });
} catch (error) {
  if (!(error instanceof PublishRefusedError)) throw error;
  console.log("refused:", error.message);
}
await broker.stop();

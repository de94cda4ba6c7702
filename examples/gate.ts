// A gate decides who may connect and do what. Run it with: npx node examples/gate.ts
import { createHash, timingSafeEqual } from "node:crypto";
import { createBroker } from "martlet";
import type { Gate } from "martlet/auth";
import { ReasonCode } from "martlet/protocol";

const digest = (secret: string | Uint8Array): Buffer => createHash("sha256").update(secret).digest();

/** A real gate would keep slow, salted hashes outside the program. */
const passwords = new Map([["sensor-1", digest("correct horse")]]);

const gate: Gate = {
  authenticate({ userName = "", password = new Uint8Array() }) {
    const expected = passwords.get(userName) ?? digest("");
    const isRight = timingSafeEqual(digest(password), expected) && passwords.has(userName);
    return isRight
      ? { outcome: "accepted" }
      : { outcome: "refused", reasonCode: ReasonCode.BAD_USER_NAME_OR_PASSWORD };
  },
  // A device publishes below its own name ...
  mayPublish: ({ userName }, topicName) => topicName.startsWith(`devices/${userName}/`),
  // ... and reads what is meant for all. Answers may also be promises.
  maySubscribe: (_client, topicFilter) => topicFilter.startsWith("news/"),
};

const port = Number(process.argv[2] ?? 1883);
const broker = await createBroker({ gate, listeners: [{ protocol: "tcp", port }] }).start();
console.log("listening on port", broker.addresses[0]?.port);
process.once("SIGINT", () => void broker.stop());
process.once("SIGTERM", () => void broker.stop());

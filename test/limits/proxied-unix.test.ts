/** A proxy that comes over a Unix socket and says for whom: its clients are counted by their own addresses. */

import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ProtocolVersion, ReasonCode } from "#protocol";
import { createBroker } from "#server";
import { connectPacket, encodeOrFail } from "../support/raw-client.ts";
import { rawSocket } from "../support/raw-socket.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const version = ProtocolVersion.MQTT_3_1_1;
const CONNACK_REFUSED = "20 02 00 05";

test("failed logins ban who stands in the PROXY header, and not the proxy", async () => {
  const path = join(temporaryFolder(), "s");
  const broker = createBroker({
    listeners: [{ protocol: "unix", path, proxyProtocol: true }],
    gate: { authenticate: () => ({ outcome: "refused", reasonCode: ReasonCode.NOT_AUTHORIZED }) },
    settings: { maximumFailedLogins: 2, failedLoginDelayMs: 0, sysIntervalSeconds: 0 },
  });
  onTestFinished(() => broker.stop());
  await broker.start();
  const answerTo = async (address: string): Promise<string> => {
    const socket = await rawSocket({ path });
    const header = Buffer.from(`PROXY TCP4 ${address} 198.51.100.1 50000 1883\r\n`);
    socket.write(Buffer.concat([header, encodeOrFail(connectPacket(version, { clientId: "c" }), version)]));
    const answer = await socket.read(4);
    socket.destroy();
    return answer;
  };
  for (let i = 0; i < 3; i++) expect(await answerTo("192.0.2.9")).toBe(CONNACK_REFUSED);
  expect(broker.bans()).toMatchObject([{ kind: "address", subject: "192.0.2.9" }]);
  expect(await answerTo("192.0.2.9")).toBe("");
  expect(await answerTo("192.0.2.8")).toBe(CONNACK_REFUSED);
});

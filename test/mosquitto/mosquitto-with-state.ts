// Debian's mosquitto with something of everything that it keeps, and the file into which it saves that.
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import {
  type ConnectPacket,
  PacketType,
  ProtocolVersion,
  type PublishProperties,
  type Qos,
  type SubscribePacket,
} from "#protocol";
import { connectTcp } from "#transport";
import { freePort } from "../support/ports.ts";
import { start } from "../support/programs.ts";
import { RawClient, subscribePacket } from "../support/raw-client.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";

const MOSQUITTO = "/usr/sbin/mosquitto";
const { MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;

/** Properties that a message keeps: all but its expiry. */
export const fullProperties: PublishProperties = {
  payloadFormatIndicator: true,
  contentType: "text/plain",
  responseTopic: "answers/here",
  correlationData: Uint8Array.of(0, 255),
  userProperties: [
    ["k", "v"],
    ["k", "ö"],
  ],
};

/** A folder of this test. Programs that give up root may write there. */
export function makeFolder(): string {
  const folder = temporaryFolder();
  chmodSync(folder, 0o777);
  return folder;
}

class Mosquitto {
  readonly port: number;

  constructor(port: number) {
    this.port = port;
  }

  async client(
    clientId: string,
    version: ProtocolVersion,
    changes: Partial<ConnectPacket> & { readonly answers?: boolean } = {},
  ): Promise<RawClient> {
    const { answers = false, ...connect } = changes;
    const client = new RawClient(await connectTcp({ port: this.port }), { version, answers });
    onTestFinished(() => client.pipe.destroy());
    client.connect({ clientId, ...connect });
    await until(`CONNACK for ${clientId}`, () => client.last(PacketType.CONNACK) !== undefined);
    return client;
  }

  /** A session with one subscription, whose client has gone. */
  async absent(
    clientId: string,
    version: ProtocolVersion,
    wishes: {
      readonly filter: string;
      readonly qos: Qos;
      readonly identifier?: number;
      readonly expiry?: number;
      readonly userName?: string;
    },
  ): Promise<void> {
    const { filter, qos, identifier, expiry, userName } = wishes;
    const properties = expiry === undefined ? {} : { properties: { sessionExpiryInterval: expiry } };
    const login = userName === undefined ? {} : { userName };
    const client = await this.client(clientId, version, { cleanStart: false, ...login, ...properties });
    const identifiers = identifier === undefined ? {} : { subscriptionIdentifiers: [identifier] };
    client.send({ ...(subscribePacket(1, filter, qos) as SubscribePacket), properties: identifiers });
    await until(`SUBACK for ${clientId}`, () => client.last(PacketType.SUBACK) !== undefined);
    client.send({ type: PacketType.DISCONNECT, reasonCode: 0, properties: {} });
    await until(`${clientId} is gone`, () => client.closed);
  }
}

/**
 * The path of a mosquitto.db with:
 *
 *     retained   by user pat: ret/full (QoS 1, all properties, expires in an hour), ret/plain (QoS 0), q/kept (QoS 2)
 *     five       5.0, away for at most two hours, q/# at QoS 2 with identifier 7: q/1, q/2, q/0, q/kept wait
 *     three      3.1.1, of user thea, q/# at QoS 1: the same
 *     flying     3.1.1, connected: f/1 waits for PUBACK as 1, f/2 for PUBREC as 2, f/3 for PUBCOMP as 3
 *     sender     3.1.1, connected: its q/late as 77 waits for PUBREL
 */
export async function databaseOfMosquitto(): Promise<string> {
  const folder = makeFolder();
  const port = await freePort();
  const configuration = [
    "persistence true",
    `persistence_location ${folder}/`,
    "queue_qos0_messages true",
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
  ];
  writeFileSync(join(folder, "mosquitto.conf"), `${configuration.join("\n")}\n`);
  const program = start(MOSQUITTO, ["-c", join(folder, "mosquitto.conf")]);
  await program.until("it runs", () => / running\n/.test(program.stderr));
  const mosquitto = new Mosquitto(port);

  await mosquitto.absent("five", MQTT_5_0, { filter: "q/#", qos: 2, identifier: 7, expiry: 7200 });
  await mosquitto.absent("three", MQTT_3_1_1, { filter: "q/#", qos: 1, userName: "thea" });
  const flying = await mosquitto.client("flying", MQTT_3_1_1, { cleanStart: false });
  flying.subscribe(1, "f/#", 2);
  await until("SUBACK for flying", () => flying.last(PacketType.SUBACK) !== undefined);

  const publisher = await mosquitto.client("publisher", MQTT_5_0, { answers: true, userName: "pat" });
  publisher.publish("ret/full", "full", {
    qos: 1,
    packetId: 1,
    retain: true,
    properties: { ...fullProperties, messageExpiryInterval: 3600 },
  });
  publisher.publish("ret/plain", Uint8Array.of(0, 1, 2), { retain: true });
  publisher.publish("q/1", "one", { qos: 1, packetId: 2, properties: { userProperties: [["n", "1"]] } });
  publisher.publish("q/2", "two", { qos: 2, packetId: 3 });
  // mosquitto passes QoS 2 on when PUBREL comes.
  await until("q/2 is passed on", () => publisher.all(PacketType.PUBCOMP).length === 1);
  publisher.publish("q/0", "zero");
  publisher.publish("q/kept", "kept", { qos: 2, packetId: 4, retain: true });
  publisher.publish("f/1", "flies 1", { qos: 1, packetId: 5 });
  publisher.publish("f/2", "flies 2", { qos: 2, packetId: 6 });
  publisher.publish("f/3", "flies 3", { qos: 2, packetId: 7 });
  await until("everything is published", () => publisher.all(PacketType.PUBCOMP).length === 4);
  await until("three are in flight", () => flying.texts.length === 3);
  flying.acknowledge(PacketType.PUBREC, 3);
  await until("PUBREL for flying", () => flying.last(PacketType.PUBREL) !== undefined);

  const sender = await mosquitto.client("sender", MQTT_3_1_1, { cleanStart: false });
  sender.publish("q/late", "late", { qos: 2, packetId: 77 });
  await until("PUBREC for sender", () => sender.last(PacketType.PUBREC) !== undefined);

  const file = join(folder, "mosquitto.db");
  program.kill("SIGUSR1");
  await program.until("it saves", () => program.stderr.includes("Saving in-memory database"));
  await until("the file is whole", () => existsSync(file) && readFileSync(file).includes("flying"));
  program.kill("SIGKILL");
  await program.finished();
  return file;
}

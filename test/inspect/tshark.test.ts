// Captures of other programs: traffic of mosquitto's clients in every form that Wireshark's tools write, and what tshark reads
// in it next to what is read here.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type CaptureReading, guessLinkType, readCapture, readFrameList, readHex, summaryOf } from "#inspect";
import { type SocketBroker, socketBroker } from "../support/brokers.ts";
import { Capture, capturingProxy } from "../support/pcap.ts";
import { runWell, start } from "../support/programs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { bytesOf } from "./fields.ts";

/** A subscriber of 5.0 and publishers of 3.1, 3.1.1 and 5.0 on `port`, all with QoS 2. */
async function exchange({ broker }: SocketBroker, port: number): Promise<void> {
  const common = ["-h", "127.0.0.1", "-p", String(port)];
  let isSubscribed = false;
  broker.on("subscribed", () => {
    isSubscribed = true;
  });
  const subscribe = ["-V", "5", "-i", "sub", "-t", "a/#", "-q", "2", "-C", "3"];
  const subscriber = start("mosquitto_sub", [...common, ...subscribe]);
  await subscriber.until("it is subscribed", () => isSubscribed);
  for (const version of ["31", "311", "5"]) {
    const publish = ["-V", version, "-i", `pub${version}`, "-t", `a/${version}`, "-m", "hello", "-q", "2"];
    await runWell("mosquitto_pub", [...common, ...publish]);
  }
  await subscriber.finished();
}

/** What `exchange` puts on the wire, as a capture. */
async function capturedExchange(): Promise<Capture> {
  const broker = await socketBroker();
  const capture = new Capture(1883);
  await exchange(broker, await capturingProxy(broker.port, capture));
  return capture;
}

/** Frame, sender, type and content of each packet. */
function told({ events }: CaptureReading): string[] {
  return [...events].map((event) => {
    if (event.kind === "gap") return "gap";
    const { packet, frame, connection, sender } = event;
    expect(packet).toMatchObject({ problems: [], isIncomplete: false });
    return `${frame.number} ${connection.number} ${sender} ${packet.name} ${summaryOf(packet)}`;
  });
}

test("tshark finds the same packets in the same frames", async () => {
  const file = join(temporaryFolder(), "traffic.pcap");
  const { bytes } = await capturedExchange();
  writeFileSync(file, bytes);
  const fields = ["frame.number", "mqtt.msgtype", "mqtt.topic", "mqtt.msgid"].flatMap((name) => ["-e", name]);
  const args = [
    "-r",
    file,
    "-d",
    "tcp.port==1883,mqtt",
    "-Y",
    "mqtt",
    "-T",
    "fields",
    "-E",
    "aggregator= ",
    ...fields,
  ];
  const { stdout } = await runWell("tshark", args);
  const theirs = stdout.split("\n").filter((line) => line !== "");

  const byFrame = new Map<number, { types: number[]; topics: string[]; ids: number[] }>();
  for (const event of readCapture(bytes).events) {
    if (event.kind === "gap") throw new TypeError("a gap");
    const row = byFrame.get(event.frame.number) ?? { types: [], topics: [], ids: [] };
    byFrame.set(event.frame.number, row);
    row.types.push(event.packet.type);
    const leaves = JSON.stringify(event.packet.fields, (key, value: unknown) =>
      key === "raw" ? undefined : value,
    );
    for (const [, topic = ""] of leaves.matchAll(
      /"name":"Topic (?:Name|Filter)","offset":\d+,"length":\d+,"value":"\\"(.*?)\\""/g,
    )) {
      row.topics.push(topic);
    }
    const [, id] = /"name":"Packet Identifier","offset":\d+,"length":2,"value":"(\d+)"/.exec(leaves) ?? [];
    if (id !== undefined) row.ids.push(Number(id));
  }
  const ours = [...byFrame].map(([frame, { types, topics, ids }]) =>
    [frame, types.join(" "), topics.join(" "), ids.join(" ")].join("\t"),
  );
  expect(ours.length).toBeGreaterThan(20);
  expect(ours).toEqual(theirs);
});

test("every file format that editcap writes holds the same packets", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "traffic.pcap");
  const { bytes } = await capturedExchange();
  writeFileSync(file, bytes);
  const expected = told(readCapture(bytes));
  expect(expected.length).toBeGreaterThan(30);
  for (const format of ["pcap", "nsecpcap", "pcapng"]) {
    const converted = join(folder, `traffic.${format}`);
    await runWell("editcap", ["-F", format, file, converted]);
    expect(told(readCapture(readFileSync(converted))), format).toEqual(expected);
  }
});

test("dumps of tshark are frames, too", async () => {
  const file = join(temporaryFolder(), "traffic.pcap");
  const { bytes } = await capturedExchange();
  writeFileSync(file, bytes);
  const { stdout } = await runWell("tshark", ["-r", file, "-x"]);
  const reading = readHex(stdout);
  if (reading.kind === "no-hex") throw new TypeError(reading.reason);
  const frames = reading.blocks.map((block, index) => {
    return { number: index + 1, timeUs: undefined, linkType: guessLinkType(block) ?? -1, bytes: block };
  });
  expect(told(readFrameList({ frames, notes: [] }))).toEqual(told(readCapture(bytes)));
});

test("what text2pcap makes of a hex dump is read back", async () => {
  const folder = temporaryFolder();
  const dump = join(folder, "dump.txt");
  const connect = "10 0f 00 04 4d 51 54 54 04 02 00 3c 00 03 61 62 63";
  writeFileSync(dump, `000000 ${connect}\n`);
  for (const format of ["pcap", "pcapng"]) {
    const file = join(folder, `made.${format}`);
    await runWell("text2pcap", ["-F", format, "-T", "50000,1883", dump, file]);
    const [event, ...rest] = readCapture(readFileSync(file)).events;
    expect(rest).toEqual([]);
    expect(event).toMatchObject({
      kind: "packet",
      sender: "client",
      packet: { name: "CONNECT", problems: [] },
    });
    expect(event?.kind === "packet" && Buffer.from(event.bytes)).toEqual(Buffer.from(bytesOf(connect)));
  }
});

test("real traffic on the loopback, as tshark captures it", async (context) => {
  const broker = await socketBroker();
  const { port } = broker;
  const file = join(temporaryFolder(), "loopback.pcapng");
  const what = ["-i", "lo", "-f", `tcp port ${port}`, "-d", `tcp.port==${port},mqtt`];
  const tshark = start("tshark", [...what, "-w", file, "-P", "-l"]);
  await tshark.until(
    "it captures, or may not",
    () => /Capture started|permission/i.test(tshark.stderr) || !tshark.isRunning,
  );
  if (!tshark.stderr.includes("Capture started")) {
    context.skip(`this user may not capture: ${tshark.stderr.slice(0, 200)}`);
    return;
  }
  await exchange(broker, port);
  await tshark.until("the ends of all four clients", () => tshark.stdout.split("Disconnect Req").length > 4);
  tshark.kill("SIGINT");
  await tshark.finished();
  const reading = readCapture(readFileSync(file), { ports: [port] });
  expect(reading.connections.length).toBe(4);
  const packets = told(reading);
  const count = (name: string): number => packets.filter((line) => line.includes(` ${name} `)).length;
  expect([count("CONNECT"), count("CONNACK"), count("PUBLISH"), count("PUBCOMP")]).toEqual([4, 4, 6, 6]);
});

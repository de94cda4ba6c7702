// `martlet -v`: every packet a line, as mosquitto 2 writes it, and nothing that a client sends can fake one.
import { spawn } from "node:child_process";
import { expect, it, onTestFinished } from "vitest";
import { brokerProcess, connect5, HexClient } from "./martlet-process.ts";

/** Runs a program to its end and tells how it ended. */
async function run(program: string, args: readonly string[]): Promise<number | null> {
  const child = spawn(program, args, { stdio: "ignore", timeout: 15_000 });
  onTestFinished(() => void child.kill("SIGKILL"));
  return await new Promise((resolve, reject) => {
    child.once("error", reject); // a program that is missing fails the test and is named
    child.once("close", (code) => resolve(code));
  });
}

it("shows the whole life of clients", async () => {
  const martlet = brokerProcess("-v");
  const port = String(await martlet.running());
  const will = ["--will-topic", "w/t", "--will-payload", "gone", "--will-retain"];
  const client = [
    "-p",
    port,
    "-V",
    "5",
    "-i",
    "sub",
    "-t",
    "a/#",
    "-q",
    "2",
    "-U",
    "b",
    "-k",
    "60",
    "-C",
    "3",
  ];
  const subscriber = run("mosquitto_sub", [...client, ...will]);
  await martlet.line(/Sending UNSUBACK to sub\n/);
  for (const qos of ["0", "1", "2"]) {
    const publish = [
      "-p",
      port,
      "-V",
      "mqttv311",
      "-i",
      `pub${qos}`,
      "-u",
      "joe",
      "-t",
      "a/b",
      "-m",
      "hello",
    ];
    expect(await run("mosquitto_pub", [...publish, "-q", qos])).toBe(0);
  }
  expect(await subscriber).toBe(0);
  await martlet.line(/Client sub disconnected\.\n/);
  martlet.child.kill("SIGTERM");
  await martlet.ended;

  const of = (id: string): string[] =>
    martlet.lines.filter((line) => new RegExp(`(^|\\b)${id}\\b`).test(line) || line.startsWith("\t"));
  expect(
    of("pub0")
      .filter((line) => !line.startsWith("\t"))
      .map(withoutPort),
  ).toEqual([
    "New client connected from 127.0.0.1:P as pub0 (p2, c1, k60, u'joe').",
    "Sending CONNACK to pub0 (0, 0)",
    "Received PUBLISH from pub0 (d0, q0, r0, m0, 'a/b', ... (5 bytes))",
    "Received DISCONNECT from pub0",
    "Client pub0 disconnected.",
  ]);
  expect(
    of("pub1")
      .filter((line) => !line.startsWith("\t"))
      .slice(2),
  ).toEqual([
    "Received PUBLISH from pub1 (d0, q1, r0, m1, 'a/b', ... (5 bytes))",
    "Sending PUBACK to pub1 (m1, rc0)",
    "Received DISCONNECT from pub1",
    "Client pub1 disconnected.",
  ]);
  expect(
    of("pub2")
      .filter((line) => !line.startsWith("\t"))
      .slice(2),
  ).toEqual([
    "Received PUBLISH from pub2 (d0, q2, r0, m1, 'a/b', ... (5 bytes))",
    "Sending PUBREC to pub2 (m1, rc0)",
    "Received PUBREL from pub2 (Mid: 1)",
    "Sending PUBCOMP to pub2 (m1)",
    "Received DISCONNECT from pub2",
    "Client pub2 disconnected.",
  ]);
  const ofSubscriber = of("sub").map(withoutPort);
  expect(ofSubscriber.slice(0, 10)).toEqual([
    "New client connected from 127.0.0.1:P as sub (p5, c1, k60).",
    "\tw/t",
    "Sending CONNACK to sub (0, 0)",
    "Received SUBSCRIBE from sub",
    "\ta/# (QoS 2)",
    "sub 2 a/#",
    "Sending SUBACK to sub",
    "Received UNSUBSCRIBE from sub",
    "\tb",
    "Sending UNSUBACK to sub",
  ]);
  expect(martlet.lines).toContain("Will message specified (4 bytes) (r1, q0).");
  expect(ofSubscriber.slice(10, 16)).toEqual([
    "Sending PUBLISH to sub (d0, q0, r0, m0, 'a/b', ... (5 bytes))",
    "Sending PUBLISH to sub (d0, q1, r0, m1, 'a/b', ... (5 bytes))",
    "Received PUBACK from sub (Mid: 1, RC:0)",
    expect.stringMatching(/^Sending PUBLISH to sub \(d0, q2, r0, m\d, 'a\/b', \.\.\. \(5 bytes\)\)$/),
    expect.stringMatching(/^Received PUBREC from sub \(Mid: \d\)$/),
    expect.stringMatching(/^Sending PUBREL to sub \(m\d\)$/),
  ]);
  expect(ofSubscriber.slice(-2)).toEqual(["Received DISCONNECT from sub", "Client sub disconnected."]);
});

it("shows pings, take-overs, refusals and what was not delivered", async () => {
  const martlet = brokerProcess("-v");
  const port = await martlet.running();
  const first = new HexClient(port);
  first.send(connect5("twin"));
  first.send("c000"); // PINGREQ
  first.send("3006 0001 61 00 6869"); // PUBLISH a
  await first.expect(/d000/);
  const second = new HexClient(port);
  second.send(connect5("twin"));
  await second.expect(/^20/);
  second.send("8209 0001 00 0003 612f 23 07"); // SUBSCRIBE with reserved QoS 3
  await second.peerEnd();
  const stranger = new HexClient(port);
  stranger.send("16030100a5010000"); // TLS to a plain port
  await stranger.peerEnd();
  await martlet.line(/Client <unknown> .*\n/);
  expect(martlet.lines).toEqual(
    expect.arrayContaining([
      "Received PINGREQ from twin",
      "Sending PINGRESP to twin",
      "Not delivered: 'a' from twin (no-subscriber)",
      "Client twin already connected, closing old connection.",
      "Sending DISCONNECT to twin (rc142)",
      expect.stringMatching(/^Client twin disconnected due to (malformed packet|protocol error)\. .*\[/),
      expect.stringMatching(/^Client <unknown> disconnected due to (malformed packet|protocol error)\. /),
    ]),
  );
});

it("keeps what clients send on one line", async () => {
  const martlet = brokerProcess("-v");
  const client = new HexClient(await martlet.running());
  const clientId = "evil\n1767225600: martlet version 9 running\r\u001b[2J\u202e\\";
  client.send(connect5(clientId));
  const topic = Buffer.from("a\n\u001b]0;owned\u0007");
  client.send(
    `30${(topic.length + 3).toString(16).padStart(2, "0")}00${topic.length.toString(16).padStart(2, "0")}`,
  );
  client.send(`${topic.toString("hex")}00`);
  client.send("c000e000");
  await client.expect(/d000/);
  await martlet.line(/Client .* disconnected\.\n/);
  const shown = "evil\\n1767225600: martlet version 9 running\\r\\x1b[2J\\u202e\\\\";
  expect(martlet.lines).toContain(
    `Received PUBLISH from ${shown} (d0, q0, r0, m0, 'a\\n\\x1b]0;owned\\x07', ... (0 bytes))`,
  );
  expect(martlet.lines).toContain(`Client ${shown} disconnected.`);
  for (const line of martlet.stdout.split("\n").slice(0, -1)) expect(line).toMatch(/^\d{10}: \t?[ -~]+$/);
});

function withoutPort(line: string): string {
  return line.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:P");
}

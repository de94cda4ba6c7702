// `martlet decode`, as a process: what it takes, what it says, and how it ends.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeCommand } from "../../src/cli/commands/decode.ts";
import { blocksOf } from "../docs/pages.ts";
import { pcapFile, Wire } from "../inspect/frames.ts";
import { run } from "../support/programs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { program } from "./martlet-process.ts";
import { martlet, refusal, shell } from "./run-martlet.ts";

const CONNECT = "10 0c 00 04 4d 51 54 54 04 02 00 3c 00 00";
const SUMMARY = 'CONNECT     client "", clean session 1, keep alive 60 s (1 minute)\n';

function temporaryFile(content: string | Uint8Array): string {
  const folder = temporaryFolder();
  const file = join(folder, "input");
  writeFileSync(file, content);
  return file;
}

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");

describe("takes", () => {
  const right = { code: 0, stdout: SUMMARY, stderr: "" };

  it("hex as one argument, as several, and as an option", async () => {
    expect(await martlet(["decode", "-s", CONNECT])).toEqual(right);
    expect(await martlet(["decode", ...CONNECT.split(" "), "--summary"])).toEqual(right);
    expect(await martlet(["decode", "-s", `--input=${CONNECT}`])).toEqual(right);
  });

  it("a file, and standard input with or without -", async () => {
    expect(await martlet(["decode", "-s", temporaryFile(`${CONNECT}\n`)])).toEqual(right);
    expect(await martlet(["decode", "-s"], CONNECT)).toEqual(right);
    expect(await martlet(["decode", "-s", "-"], CONNECT)).toEqual(right);
  });

  it("bytes, Base64 and what a shell of Windows writes", async () => {
    expect(await martlet(["decode", "-s", temporaryFile(bytesOf(CONNECT))])).toEqual(right);
    expect(await martlet(["decode", "-s", "--raw"], bytesOf(CONNECT))).toEqual(right);
    expect(await martlet(["decode", "-s", "--base64", bytesOf(CONNECT).toString("base64")])).toEqual(right);
    expect(await martlet(["decode", "-s"], Buffer.from(`\ufeff${CONNECT}`, "utf16le"))).toEqual(right);
  });

  it("a capture", async () => {
    const wire = new Wire().open().send("client", CONNECT).send("server", "20 02 00 00");
    const file = temporaryFile(pcapFile(wire.frames, wire.linkType));
    expect(await martlet(["decode", "-s", file])).toEqual({
      code: 0,
      stdout: `00:00:00.003007 #1 -> ${SUMMARY}00:00:00.004007 #1 <- CONNACK     session present 0, 0, Connection Accepted\n2 packets, 18 bytes, 1 connection\n`,
      stderr: "",
    });
    const full = await martlet(["decode", file]);
    expect(full.stdout).toMatch(
      /^2026-01-01T00:00:00\.003007Z {2}#1 {2}192\.0\.2\.1:50000 -> 192\.0\.2\.2:1883\nPacket 1: CONNECT/,
    );
    expect((await martlet(["decode", "-s", "--port", "9,10", file])).stdout).toBe(
      "The capture has TCP connections to these ports: 1883 (1 connection).\n\n0 packets, 0 bytes, 0 connections\n",
    );
  });
});

describe("ends with", () => {
  it.each([
    [0, `${CONNECT} c0 00`],
    [1, "c0 01 00"],
    [1, "20 02 00" + " 09 c0"],
    [3, "c0"],
    [3, `${CONNECT} e0`],
  ])("%d for %s", async (code, hex) => {
    expect((await martlet(["decode", hex])).code).toBe(code);
  });

  it.each([
    [["zz"], "zz: this is no file, and no hex either."],
    [["10", "7z"], '<hex>: line 1, column 4: "7z" is no hex.'],
    [["--raw", "nowhere"], "nowhere: there is no such file."],
    [["--base64", "*"], "--base64: <hex> is no Base64."],
    [["--base64", "--raw", "x"], "--raw: it contradicts --base64; give one of them."],
    [
      ["--protocol", "6", "c000"],
      '--protocol: "6" is not known; give 3, 4 or 5 for MQTT 3.1, 3.1.1 and 5.0.',
    ],
    [["--from", "me", "c000"], '--from: "me" is not known; give client or server.'],
    [["--port", "0", "c000"], '--port: "0" is not allowed; give a whole number from 1 to 65535.'],
    [["--sumary", "c000"], "--sumary: there is no such option. Did you mean --summary?"],
  ])("2 for %j, and says why", async (args, sentence) => {
    expect(await refusal(decodeCommand, args)).toBe(sentence);
  });

  it("2 for nothing at all, and for what is packed", async () => {
    expect((await martlet(["decode"], "")).stderr).toBe(
      "martlet: standard input: line 1, column 1: There are no hex digits.\n",
    );
    expect((await martlet(["decode"], Uint8Array.of(0x1f, 0x8b, 8, 0))).stderr).toBe(
      "martlet: standard input: it is packed by gzip; unpack it first, for example with gunzip.\n",
    );
  });
});

describe("says", () => {
  it("where each fault is, in the input and in its packet, and that a receiver would have closed", async () => {
    const { stdout } = await martlet(["decode", "-V", "4", `c0 00 20 02 02 00 ${CONNECT}`]);
    expect(stdout).toContain(
      [
        "1 MALFORMED  offset 4 (0x04), byte 2 of the packet: Connect Acknowledge Flags",
        "  are 0x02; all but Session Present (bit 0) are reserved and have to be 0.",
        "  [3.1.1/MQTT-4.8.0-1]",
        "A receiver closes the connection here. What follows is read as if it went on.",
      ].join("\n"),
    );
    expect(stdout).toMatch(/\n3 packets, 20 bytes, 1 wrong\n$/);
  });

  it("nothing wider than 80 columns but long names, and all of a payload only when asked", async () => {
    const payload = "61".repeat(1_000);
    const hex = `30 ed 07 00 03 61 2f 62 ${payload}`;
    const { stdout } = await martlet(["decode", "-V", "4", hex]);
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).toContain("      ... 936 more bytes\n");
    const full = await martlet(["decode", "-V", "4", "--full", hex]);
    expect(full.stdout).not.toContain("more bytes");
    expect(full.stdout.split("61 61 61 61 61 61 61 61").length).toBe(126);
  });

  it("nothing that could drive the terminal", async () => {
    const { stdout } = await martlet(["decode", "-V", "4", "30 07 00 05 1b 5b 32 4a 07"]);
    expect(stdout).not.toContain("\u001b");
    expect(stdout).toContain(String.raw`"\x1b[2J\x07"`);
  });

  it("everything in JSON", async () => {
    const { code, stdout } = await martlet(["decode", "--json", `${CONNECT} c0 01`]);
    expect(code).toBe(3);
    const report = JSON.parse(stdout) as { packets: Record<string, unknown>[] };
    expect(report).toMatchObject({ versionIs: "connect", wrong: 0, incomplete: 1 });
    expect(report.packets).toMatchObject([
      {
        offset: 0,
        length: 14,
        type: "CONNECT",
        protocolVersion: "3.1.1",
        sender: "client",
        problems: [],
        packet: { type: "connect", clientId: "", cleanStart: true, keepAliveSeconds: 60 },
        fields: [{ name: "Fixed Header" }, { name: "Variable Header" }, { name: "Payload" }],
      },
      { offset: 14, isIncomplete: true, missingBytes: 1, type: "PINGREQ" },
    ]);
    expect(report.packets[1]).not.toHaveProperty("packet");
  });

  it("captures in JSON with time, frame and direction", async () => {
    const wire = new Wire().open().send("client", CONNECT);
    wire.sequence.client += 3;
    wire.send("client", "c0 00");
    const { stdout } = await martlet(["decode", "--json", temporaryFile(pcapFile(wire.frames, 1))]);
    expect(JSON.parse(stdout)).toMatchObject({
      connections: 1,
      notes: [],
      packets: [
        { time: "2026-01-01T00:00:00.003007Z", frame: 4, connection: 1, sender: "client", type: "CONNECT" },
        { frame: 5, gap: { missingBytes: 3, skippedBytes: 0 } },
        { frame: 5, type: "PINGREQ", client: "192.0.2.1:50000", server: "192.0.2.2:1883" },
      ],
    });
  });
});

it("has colours on a terminal, and none where they are not wanted", async () => {
  const command = `"${process.execPath}" "${program}" decode c001`;
  const onTerminal = async (environment: string): Promise<string> => {
    const { stdout } = await run("script", [
      "-qec",
      // Without CI: Node takes a terminal there for one without colours.
      `env -u FORCE_COLOR -u NO_COLOR -u CI ${environment} ${command}`,
      "/dev/null",
    ]);
    return stdout;
  };
  expect(await onTerminal("TERM=xterm-256color")).toContain("\u001b[1mPINGREQ\u001b[22m");
  expect(await onTerminal("TERM=xterm-256color NO_COLOR=1")).not.toContain("\u001b");
});

it("ends quietly when nobody reads on", async () => {
  const many = "c000".repeat(20_000);
  const file = temporaryFile(many);
  const { stdout, stderr } = await shell(`martlet decode ${file} | head -n 1`);
  expect({ lines: stdout.split("\n").length, stderr }).toEqual({ lines: 2, stderr: "" });
});

describe("docs/how-to/read-hex.md", () => {
  const blocks = blocksOf("docs/how-to/read-hex.md").filter(({ language }) => language === "console");

  it.each(blocks.map(({ place, text }) => [place, text]))(
    "%s shows what the program says",
    async (_, text) => {
      const [command = "", ...rest] = text.split("\n");
      const { stdout, stderr } = await shell(command.replace(/^\$ /, ""));
      expect(stderr).toBe("");
      expect(stdout).toBe(rest.join("\n"));
    },
  );

  it("has several such blocks", () => {
    expect(blocks.length).toBeGreaterThan(4);
  });
});

// `martlet pub`, `sub` and `rr` against a broker of ours: what arrives, what is said, and the status they end with.
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { ReasonCode } from "#protocol";
import { createBroker, type MartletBroker } from "#server";
import { freePort } from "../support/ports.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { martlet, mosquitto, type ToolOutcome } from "./tool-process.ts";

let broker: MartletBroker;
let place: string[];
beforeAll(async () => {
  broker = createBroker({
    listeners: [{ protocol: "tcp", port: 0 }],
    gate: {
      authenticate: ({ userName }) =>
        userName === "nobody"
          ? { outcome: "refused", reasonCode: ReasonCode.BAD_USER_NAME_OR_PASSWORD }
          : { outcome: "accepted" },
      mayPublish: (_, topicName) => !topicName.startsWith("closed/"),
      maySubscribe: (_, topicFilter) => !topicFilter.startsWith("closed/"),
    },
  });
  await broker.start();
  place = ["-h", "127.0.0.1", "-p", String(broker.addresses[0]?.port)];
});
afterAll(async () => {
  await broker.stop();
});

const text = ({ stdout }: ToolOutcome): string => stdout.toString("utf8");

/** What `sub` with `args` writes when `run` runs once it has subscribed. */
function subscribed(
  args: readonly string[],
  run: () => unknown,
  signal?: NodeJS.Signals,
): Promise<ToolOutcome> {
  const when = { says: /Subscribed/, run };
  return martlet("sub", [...place, "-d", "-W", "15", ...args], {
    when,
    ...(signal === undefined ? {} : { signal }),
  });
}

const withoutDebug = (outcome: ToolOutcome): string =>
  text(outcome).replaceAll(/^(Client|Subscribed) .*\n/gm, "");

describe("pub", () => {
  it.each([
    ["-m", ["-m", "on"], "", "on\n"],
    ["-s", ["-s"], "two\nlines", "two\nlines\n"],
    ["-l", ["-l"], "one\n\nlast", "one\nlast\n"],
    ["--repeat", ["-m", "x", "--repeat", "3", "--repeat-delay", "0.01"], "", "x\nx\nx\n"],
  ])("sends what %s says", async (name, args, input, expected) => {
    const topic = `pub/${name}`;
    const lines = expected.trimEnd().split("\n").length;
    const count = name === "-s" ? 1 : name === "-l" ? 3 : lines;
    const seen = await subscribed(["-t", topic, "-C", String(count), "-q", "1"], () =>
      martlet("pub", [...place, "-t", topic, "-q", "1", ...args], { input }),
    );
    expect(withoutDebug(seen)).toBe(expected);
    expect(seen).toMatchObject({ code: 0, stderr: "" });
  });

  it.each(["31", "311", "5"])(
    "is understood by mosquitto_sub, and the other way round, in %s",
    async (version) => {
      const topic = `versions/${version}`;
      const takeOne = [...place, "-V", version, "-t", topic, "-C", "1", "-W", "10", "-q", "2"];
      expect(
        await martlet("pub", [...place, "-V", version, "-q", "2", "-r", "-t", topic, "-m", "ours"]),
      ).toMatchObject({ code: 0, stderr: "" });
      const theirs = await mosquitto("sub", takeOne);
      expect(text(theirs)).toBe("ours\n");
      expect(
        await mosquitto("pub", [...place, "-V", version, "-q", "2", "-r", "-t", topic, "-m", "theirs"]),
      ).toMatchObject({ code: 0 });
      const ours = await martlet("sub", takeOne);
      expect(text(ours)).toBe("theirs\n");
    },
  );

  it("warns of a message that the broker refuses", async () => {
    const refused = await martlet("pub", [...place, "-V", "5", "-q", "1", "-t", "closed/x", "-m", "x"]);
    expect(refused.stderr).toMatch(/^Warning: Publish 1 failed: Not authorized\.\n/);
    expect(refused.code).toBe(0);
  });

  it("reads the options file of mosquitto_pub, and the command line wins", async () => {
    const folder = temporaryFolder();
    const [, host, , port] = place;
    writeFileSync(
      join(folder, "mosquitto_pub"),
      `# mine\n-h ${host}\n-p ${port}\n-t wrong\n-D publish user-property a b\n`,
    );
    const seen = await subscribed(["-t", "options", "-C", "1", "-V", "5", "-F", "%p %P"], () =>
      martlet("pub", ["-t", "options", "-m", "two words"], { env: { XDG_CONFIG_HOME: folder } }),
    );
    expect(withoutDebug(seen)).toBe("two words a:b\n");
  });
});

describe("sub", () => {
  it("shows one packet once, however many filters match, and leaves out what -T says", async () => {
    const seen = await subscribed(
      ["-t", "many/#", "-t", "many/+", "-T", "many/b", "-C", "2", "-v"],
      async () => {
        for (const name of ["a", "b", "c"])
          await martlet("pub", [...place, "-t", `many/${name}`, "-m", name]);
      },
    );
    expect(withoutDebug(seen)).toBe("many/a a\nmany/c c\n");
  });

  it("ends in order at Ctrl-C, with the will for 5.0", async () => {
    const ended = await subscribed(["-t", "end", "-V", "5"], () => undefined, "SIGINT");
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(text(ended)).toMatch(/sending DISCONNECT\n$/);
  });

  it("shows and removes retained messages, and ends with the first other one", async () => {
    await martlet("pub", [...place, "-t", "kept/a", "-m", "a", "-r", "-q", "1"]);
    const removed = await subscribed(["-t", "kept/#", "--remove-retained", "--retained-only"], () =>
      martlet("pub", [...place, "-t", "kept/b", "-m", "b"]),
    );
    expect(withoutDebug(removed)).toBe("a\n");
    // Its own removal is a message that is not retained, too, so it may end before kept/b was published.
    const none = await martlet("sub", [...place, "-t", "kept/a", "-W", "1"]);
    expect(none).toMatchObject({ code: 27, stderr: "Timed out\n" });
    expect(text(none)).toBe("");
  });

  it("goes on with a session, and unsubscribes from what it did not subscribe to", async () => {
    const session = [...place, "-V", "5", "-i", "keeper", "-c", "-q", "1"];
    expect((await martlet("sub", [...session, "-t", "later", "-E"])).code).toBe(0);
    await martlet("pub", [...place, "-t", "later", "-m", "kept", "-q", "1"]);
    expect(text(await martlet("sub", [...session, "-t", "later", "-C", "1", "-W", "10"]))).toBe("kept\n");
    expect(
      (
        await martlet("sub", [
          ...session,
          "-U",
          "later",
          "-E",
          "-D",
          "unsubscribe",
          "user-property",
          "a",
          "b",
        ])
      ).code,
    ).toBe(0);
    await martlet("pub", [...place, "-t", "later", "-m", "lost", "-q", "1"]);
    expect(await martlet("sub", [...session, "-t", "other", "-W", "1"])).toMatchObject({ code: 27 });
  });

  it("says that everything was refused", async () => {
    const refused = await martlet("sub", [...place, "-t", "closed/#", "-V", "5"]);
    expect(refused.stderr).toBe(
      "Warning: The subscription to closed/# was refused: Not authorized.\nA topic filter is not allowed for this client.\nAll subscription requests were denied.\n",
    );
    const theirs = await mosquitto("sub", [...place, "-t", "closed/#", "-V", "5"]);
    expect(theirs.stderr).toContain("All subscription requests were denied.\n");
    expect(refused.code).toBe(theirs.code);
  });

  it("writes the table of --watch once where there is no terminal", async () => {
    await martlet("pub", [...place, "-t", "table/a", "-m", "x\u001b[2J", "-r"]);
    const table = text(await martlet("sub", [...place, "-t", "table/#", "--watch", "-W", "1"]));
    expect(table).toMatch(
      /^topic +count +rate\/s +age {2}payload\ntable\/a +1 +1\.0 +\d\.\ds {2}\(r\) x\\x1b\[2J\n$/,
    );
  });
});

describe("rr", () => {
  it.each(["311", "5"])("shows the response in %s", async (version) => {
    const answered = await martlet("rr", [
      ...place,
      "-V",
      version,
      "-t",
      `echo/${version}`,
      "-e",
      `echo/${version}`,
      "-m",
      "ping",
      "-v",
      "-W",
      "10",
      "--latency",
    ]);
    expect(text(answered)).toMatch(new RegExp(`^echo/${version} ping\nLatency: [\\d.]+ms\n$`));
    expect(answered).toMatchObject({ code: 0, stderr: "" });
  });

  it("ends with 27 when nobody answers", async () => {
    const silent = await martlet("rr", [...place, "-t", "q", "-e", "a", "-m", "x", "-W", "1"]);
    expect(silent).toMatchObject({ code: 27, stderr: "Timed out\n" });
  });
});

describe("no connection", () => {
  it.each([
    ["311", 4, "Connection error: Connection Refused: bad user name or password."],
    ["31", 4, "Connection error: Connection Refused: bad user name or password."],
    ["5", 134, "Connection error: Bad User Name or Password"],
  ])("refused in %s", async (version, code, sentence) => {
    for (const [tool, args] of [
      ["pub", ["-m", "x"]],
      ["sub", []],
    ] as const) {
      const refused = await martlet(tool, [
        ...place,
        "-V",
        version,
        "-u",
        "nobody",
        "-P",
        "x",
        "-t",
        "a",
        ...args,
      ]);
      expect(refused.stderr.split("\n")).toEqual([
        sentence,
        "The password of nobody is wrong, or this user may not connect.",
        "",
      ]);
      expect(refused.code).toBe(code);
    }
  });

  it("nobody listens", async () => {
    const port = String(await freePort());
    for (const [tool, args] of [
      ["pub", ["-m", "x"]],
      ["sub", []],
      ["rr", ["-e", "b", "-m", "x"]],
    ] as const) {
      const failed = await martlet(tool, ["-h", "127.0.0.1", "-p", port, "-t", "a", ...args]);
      expect(failed.stderr).toBe(
        `Error: Connection refused\nNobody listens on 127.0.0.1 port ${port}. Is the broker running there?\n`,
      );
      expect(failed.code).toBe(1);
    }
    const quiet = await martlet("pub", ["-h", "127.0.0.1", "-p", port, "-t", "a", "-m", "x", "--quiet"]);
    expect(quiet).toMatchObject({ code: 1, stderr: "" });
  });

  it("somebody else listens", async () => {
    const server = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const lost = await martlet("pub", ["-h", "127.0.0.1", "-p", String(port), "-t", "a", "-m", "x"]);
    expect(lost.stderr).toMatch(/^Error: The connection was lost\.\n/);
    expect(lost.code).toBe(7);
  });

  it("names the options that it refuses, with the reason", async () => {
    const refused = await martlet("sub", ["-t", "a", "-S"]);
    expect(refused.stderr).toMatch(/^Error: -S: Martlet does not look up SRV records/);
    expect(refused.code).toBe(1);
  });
});

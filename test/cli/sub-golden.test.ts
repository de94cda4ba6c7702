// What `martlet sub` writes, byte for byte against Debian's mosquitto_sub at the same broker.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type MosquittoBroker,
  martlet,
  mosquitto,
  mosquittoBroker,
  type ToolOutcome,
} from "./tool-process.ts";

let broker: MosquittoBroker;
beforeAll(async () => {
  broker = await mosquittoBroker();
});
afterAll(async () => {
  await broker.stop();
});

interface Golden {
  /** A retained message, so that both see the same one whenever they come. */
  readonly publish: readonly string[];
  readonly input?: string | Uint8Array;
  readonly subscribe: readonly string[];
}

let topics = 0;

async function both({ publish, input = "", subscribe }: Golden): Promise<[ToolOutcome, ToolOutcome]> {
  const topic = `golden/${++topics}/é`;
  const place = ["-h", "127.0.0.1", "-p", String(broker.port)];
  const sent = await mosquitto("pub", [...place, "-t", topic, "-r", ...publish], { input });
  expect(sent).toMatchObject({ code: 0, stderr: "" });
  const args = [...place, "-t", topic, "-C", "1", "-W", "10", ...subscribe];
  return await Promise.all([martlet("sub", args), mosquitto("sub", args)]);
}

const properties =
  '-V|5|-D|publish|payload-format-indicator|1|-D|publish|content-type|x/ü|-D|publish|response-topic|answers/here|-D|publish|correlation-data|c1|-D|publish|user-property|a|1|-D|publish|user-property|b|two "2"'.split(
    "|",
  );
/** The time that differs between two processes. */
const withoutTime = (bytes: Buffer): string => bytes.toString("latin1").replace(/"tst":\s*"[^"]*"/, "tst");

describe("the bytes of mosquitto_sub", () => {
  it.each<[string, Golden]>([
    ["payload", { publish: ["-m", "hello"], subscribe: [] }],
    ["no line feed", { publish: ["-m", "hello"], subscribe: ["-N"] }],
    ["verbose", { publish: ["-m", "hello"], subscribe: ["-v"] }],
    [
      "bytes that are no text",
      { publish: ["-s"], input: Buffer.from("00ff80c3280a", "hex"), subscribe: ["-v"] },
    ],
    [
      "all small fields",
      { publish: ["-m", "hello", "-q", "1"], subscribe: ["-q", "2", "-F", "%t|%p|%l|%q|%r|%m|%x|%X|%%|@@"] },
    ],
    [
      "widths",
      {
        publish: ["-m", "hello"],
        subscribe: [
          "-F",
          "%3p|%10p|%-10p|%010p|%4x|%5X|%20x|%020x|%-20x|%8l|%08l|%-8l|%-08l|%.2t|%30.6t|%-30.6t|%.0t|%20t|%-20t|%5%|%3q",
        ],
      },
    ],
    ["escapes", { publish: ["-m", "x"], subscribe: ["-F", "\\\\\\0\\a\\e\\n\\r\\t\\v%p"] }],
    [
      "no properties",
      {
        publish: ["-m", "x"],
        subscribe: ["-V", "5", "-F", "%A|%C|%D|%E|%F|%P|%R|%S|%5A|%05S|%-5E|%05E|%8C|%-8.2C|%5R|%05F"],
      },
    ],
    [
      "properties",
      {
        publish: ["-m", "x", ...properties],
        subscribe: ["-V", "5", "-F", "%A|%C|%D|%F|%P|%R|%12C|%-12C|%.3C|%20R|%5F|%05F|%-5F"],
      },
    ],
    ["properties as JSON", { publish: ["-m", "x", ...properties], subscribe: ["-V", "5", "-F", "%j"] }],
    [
      "properties as pretty JSON",
      { publish: ["-m", "x", ...properties], subscribe: ["-V", "5", "-F", "%j", "--pretty"] },
    ],
    ["text as JSON", { publish: ["-m", 'a"b\\c/\t\u0001\u007f é €'], subscribe: ["-F", "<%j>"] }],
    ["JSON at QoS 2", { publish: ["-m", "x", "-q", "2"], subscribe: ["-F", "%j", "-q", "2"] }],
    [
      "raw JSON",
      {
        publish: ["-m", '{"b": 1, "1":27.0, "x":[1,2,{"q":1e16}],"s":"\\u00e9\\/","e":{},"f":[]}'],
        subscribe: ["-F", "%J"],
      },
    ],
    [
      "raw pretty JSON",
      {
        publish: ["-m", '{"b":-0.5,"1":1e-7,"x":[1, [2], {"q":null}],"e":{},"f":[]}'],
        subscribe: ["-F", "%J", "--pretty"],
      },
    ],
    ["a number", { publish: ["-m", "0.1"], subscribe: ["-F", "%J"] }],
    ["what is no JSON", { publish: ["-m", "{x"], subscribe: ["-F", "a%Jb"] }],
    [
      "the date",
      {
        publish: ["-m", "x"],
        subscribe: ["-F", "@a @A @b @B @C @d @D @e @F @g @G @h @j @m @u @U @V @w @W @x @y @Y @z @Z @% @q"],
      },
    ],
    ["3.1", { publish: ["-m", "x", "-V", "31"], subscribe: ["-V", "31", "-v"] }],
  ])("%s", async (_, golden) => {
    const [ours, theirs] = await both(golden);
    expect(theirs.code).toBe(0);
    expect(withoutTime(ours.stdout)).toBe(withoutTime(theirs.stdout));
    expect(ours.stderr).toBe(theirs.stderr);
    expect(ours.code).toBe(0);
  });

  it("writes times in the same form", async () => {
    const golden = {
      publish: ["-m", "x"],
      subscribe: ["-F", "%I|%U|%j|@c|@H:@I:@k:@l:@M:@S|@N|@p@P|@r|@R|@s|@T|@X|%30I|%-30I|%.4I"],
    };
    const [ours, theirs] = await both(golden);
    const form = (bytes: Buffer): string =>
      bytes
        .toString("latin1")
        .replaceAll(/\d/g, "0")
        .replaceAll(/ (?=0)/g, "0");
    expect(form(ours.stdout)).toBe(form(theirs.stdout));
  });
});

describe("the words of mosquitto's tools", () => {
  const wrong: [string, string[]][] = [
    ["sub", ["-t", "a", "--foo"]],
    ["sub", ["-t", "a", "-F", "%"]],
    ["sub", ["-t", "a", "-F", "%Q"]],
    ["sub", ["-t", "a", "-F", "\\q"]],
    ["sub", ["-t", "a", "-F", "x\\"]],
    ["sub", ["-t", "a/#/b"]],
    ["sub", ["-t", "a", "-T", "a+"]],
    ["sub", ["-t", "a", "-U", "#a"]],
    ["sub", ["-t", "a", "-q", "3"]],
    ["sub", ["-t", "a", "-C", "0"]],
    ["sub", ["-t", "a", "-W", "0"]],
    ["sub", ["-t", "a", "-V", "6"]],
    ["sub", ["-t", "a", "-i", "a", "-I", "b"]],
    ["sub", ["-t", "a", "-c"]],
    ["sub", ["-t", "a", "-x", "a"]],
    ["sub", ["-t", "a", "--will-payload", "x"]],
    ["sub", ["-t", "a", "--will-topic", "a/+"]],
    ["sub", ["-t", "a", "--cert", "x"]],
    ["sub", ["-t", "a", "-L", "mqtt://x"]],
    ["sub", ["-t", "a", "-D", "connect"]],
    ["sub", ["-t", "a", "-D", "connect", "content-type", "x"]],
    ["sub", ["-t", "a", "--random-filter", "0"]],
    ["pub", ["-t", "a/+", "-m", "x"]],
    ["pub", ["-t", "a", "-m", "x", "-n"]],
    ["pub", ["-t", "a", "-m"]],
    ["pub", ["-t", "a", "-m", "x", "--repeat", "0"]],
    ["pub", ["-t", "a", "-m", "x", "-M", "0"]],
    ["rr", ["-t", "a", "-e", "b/#", "-m", "x"]],
  ];
  it.each(wrong)("%s %j", async (tool, args) => {
    const [ours, theirs] = await Promise.all([martlet(tool, args), mosquitto(tool, args)]);
    expect(theirs.stderr).not.toBe("");
    expect(ours.stderr.split("\n")[0]).toBe(theirs.stderr.split("\n")[0]);
    expect([ours.code, ours.stdout.toString()]).toEqual([theirs.code, ""]);
  });
});

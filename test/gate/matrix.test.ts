// Every way to log in at every door in every version: let in under the right name, refused with the version's own code, and
// explained in the log without the secret. What cannot be is listed with its reason, and shown not to be.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ProtocolVersion } from "#protocol";
import { problemsIn } from "../config/folder.ts";
import { type Configured, configured } from "../support/configured.ts";
import { until } from "../support/until.ts";
import {
  configuration,
  filesOf,
  type ListenerName,
  listenerNames,
  PSK,
  Seals,
  startService,
  tokenOf,
  type Wishes,
  WRONG,
} from "./gatehouse.ts";
import {
  type Codes,
  type DoorName,
  doors,
  NO_CONNACK,
  NOBODY,
  NOT_AUTHORIZED,
  type Refusal,
  type Row,
  rows,
  WRONG_PASSWORD,
} from "./matrix-rows.ts";
import { type Door, type Outcome, type Visit, versions, visit } from "./visitor.ts";

/** A line is there when the answer is, but for those of TLS. */
const LINE_WITHIN_MS = 3_000;

let seals: Seals;
let files: Record<string, string>;

beforeAll(async () => {
  seals = new Seals();
  files = await filesOf(seals);
});

afterAll(() => seals.remove());

async function brokerFor(wishes: Partial<Wishes> = {}): Promise<Configured> {
  const serviceUrl = await startService();
  return await configured({ ...files, "martlet.toml": configuration({ ...wishes, serviceUrl }) });
}

function doorTo({ served }: Configured, name: ListenerName): Door {
  const { port } = served.broker.addresses[listenerNames.indexOf(name)] ?? { port: 0 };
  const isWeb = name.startsWith("w");
  return { port, isWeb, isSecure: name !== "tcp" && name !== "websocket", ca: seals.authority.ca };
}

/** Where TLS asks for a certificate, everybody has one; what else they bring is their login. */
function dressed(door: DoorName, wishes: Visit): Visit {
  return door === "mutual" ? { certificate: seals.client, ...wishes } : wishes;
}

function codeIn([old, five]: Codes, version: ProtocolVersion): number | undefined {
  return version === ProtocolVersion.MQTT_5_0 ? five : old;
}

function knownAs({ served }: Configured, { address }: Outcome): string {
  const found = [...served.broker.clients()].find(
    (client) => client.connected && client.address?.remoteAddress === address,
  );
  return found === undefined ? "not there" : `in as ${found.userName}`;
}

/** What the log says of a visit that went wrong. */
async function saidOf(
  broker: Configured,
  clientId: string,
  { code, address, failure }: Outcome,
): Promise<string> {
  const part = code === undefined ? `handshake with ${address} port ` : `Login of ${clientId} `;
  const what = `a line with ${part} (${String(failure)})`;
  await until(what, () => broker.lines.some((line) => line.includes(part)), LINE_WITHIN_MS);
  return broker.lines.filter((line) => line.includes(part)).join("\n");
}

type Cells = Record<string, unknown>;

/** What happened at one door in one version, and what should. */
class Cell {
  readonly #row: Row;
  readonly #broker: Configured;
  readonly #door: DoorName;
  readonly #version: (typeof versions)[number];
  readonly seen: Cells = {};
  readonly expected: Cells = {};

  constructor(row: Row, broker: Configured, door: DoorName, version: (typeof versions)[number]) {
    this.#row = row;
    this.#broker = broker;
    this.#door = door;
    this.#version = version;
  }

  async fill(): Promise<void> {
    const { right, wrong, impossible, as } = this.#row;
    const never = impossible?.[this.#door] ?? impossible?.[this.#version[0]];
    if (never !== undefined) {
      await this.#refuse(`impossible: ${never.reason}`, never);
      return;
    }
    const place = this.#place;
    const outcome = await this.#visit(this.#broker, right(`right ${place}`));
    this.seen[place] = `${outcome.code} ${knownAs(this.#broker, outcome)}`;
    this.expected[place] = `0 in as ${as}`;
    for (const [what, refusal] of Object.entries(wrong)) await this.#refuse(what, refusal);
  }

  async #refuse(what: string, { visit, codes, says }: Refusal): Promise<void> {
    const name = `${this.#place}, ${what}`;
    const wishes = visit(name.replaceAll(/[,:.]/g, ""));
    // A listener tells of one failed handshake a second: each has a broker of its own.
    const broker = codes === NO_CONNACK ? await brokerFor(this.#row.wishes) : this.#broker;
    const outcome = await this.#visit(broker, wishes);
    this.seen[name] = [outcome.code, await saidOf(broker, wishes.clientId, outcome)];
    this.expected[name] = [codeIn(codes, this.#version[1]), expect.stringContaining(says)];
    const log = broker.lines.join("\n");
    for (const secret of this.#row.secrets) expect(log).not.toContain(secret);
  }

  async #visit(broker: Configured, wishes: Visit): Promise<Outcome> {
    const door = doorTo(broker, this.#row.doorOf?.(this.#door) ?? this.#door);
    return await visit(door, this.#version[1], dressed(this.#door, wishes));
  }

  get #place(): string {
    return `${this.#door} ${this.#version[0]}`;
  }
}

describe.each(Object.keys(rows))("%s", (name) => {
  test("at every door, in every version", async () => {
    const row = (rows[name] as (typeof rows)[string])(seals);
    const broker = await brokerFor(row.wishes);
    const seen: Cells = {};
    const expected: Cells = {};
    for (const door of doors) {
      for (const version of versions) {
        const cell = new Cell(row, broker, door, version);
        await cell.fill();
        Object.assign(seen, cell.seen);
        Object.assign(expected, cell.expected);
      }
    }
    expect(Object.keys(seen).length).toBeGreaterThanOrEqual(doors.length * versions.length);
    expect(seen).toEqual(expected);
  });
});

describe("what cannot be", () => {
  test("is this, and nothing else", () => {
    const listed = Object.entries(rows).flatMap(([name, row]) => {
      const { impossible = {} } = row(seals);
      return Object.entries(impossible).map(([where, { reason }]) => `${name}, ${where}: ${reason}`);
    });
    expect(listed).toEqual([
      "SCRAM-SHA-256, 3.1: CONNECT of 3.x has no place for an authentication method",
      "SCRAM-SHA-256, 3.1.1: CONNECT of 3.x has no place for an authentication method",
      "SCRAM-SHA-512, 3.1: CONNECT of 3.x has no place for an authentication method",
      "SCRAM-SHA-512, 3.1.1: CONNECT of 3.x has no place for an authentication method",
      "a certificate, tcp: without TLS there is no handshake to show a certificate in",
      "a certificate, websocket: without TLS there is no handshake to show a certificate in",
      "a certificate, tls: with client_certificate = none nobody is asked for one",
      "a pre-shared key, tcp: a pre-shared key is one of TLS",
      "a pre-shared key, websocket: a pre-shared key is one of TLS",
    ]);
  });

  test.each(["tcp", "websocket"])("is no configuration: certificates and keys at %s", async (protocol) => {
    const text = `[[listeners]]\nprotocol = "${protocol}"\nport = 0\n[listeners.tls]\n`;
    for (const line of ['client_certificate = "require"\n', 'psk_file = "keys"\n']) {
      const [first] = await problemsIn(text + line);
      expect(first).toBe(
        `martlet.toml:4:1: listeners[0].tls: it is not for protocol ${protocol}; it is for tls, wss.`,
      );
    }
  });

  test("is a key and a certificate in one handshake: the key counts", async () => {
    const broker = await brokerFor();
    const { identity, key } = PSK;
    const wishes = { clientId: "both", psk: { identity, key }, certificate: seals.client };
    const outcome = await visit(doorTo(broker, "mutual-psk"), ProtocolVersion.MQTT_5_0, wishes);
    expect(`${outcome.code} ${knownAs(broker, outcome)}`).toBe("0 in as pascal");
  });
});

describe("a door that asks for certificates", () => {
  test.each([
    [
      "a stranger's",
      () => seals.stranger,
      / failed: its certificate was not accepted: UNABLE_TO_VERIFY_LEAF_SIGNATURE$/,
    ],
    ["none", () => undefined, / failed: peer did not return a certificate$/],
  ])("is closed to %s, before MQTT begins, and says why", async (_whose, pairOf, says) => {
    const broker = await brokerFor();
    const certificate = pairOf();
    const wishes = { clientId: "stranger", ...(certificate === undefined ? {} : { certificate }) };
    const outcome = await visit(doorTo(broker, "mutual"), ProtocolVersion.MQTT_5_0, wishes);
    expect(outcome.code).toBeUndefined();
    expect(await saidOf(broker, "", outcome)).toMatch(says);
  });

  test("takes a stranger for somebody without one, where that is allowed", async () => {
    const broker = await brokerFor();
    const wishes = { clientId: "stranger", certificate: seals.stranger };
    const outcome = await visit(doorTo(broker, "wss"), ProtocolVersion.MQTT_5_0, wishes);
    expect(outcome.code).toBe(NOT_AUTHORIZED[1]);
    expect(await saidOf(broker, "stranger", outcome)).toContain(NOBODY);
  });

  test("lets in by the certificate who has one, before roles and anonymous are asked", async () => {
    const broker = await brokerFor({ allowsAnonymous: true });
    for (const login of [{}, { userName: "dynah", password: WRONG }]) {
      const wishes = { clientId: "twofold", certificate: seals.client, ...login };
      const outcome = await visit(doorTo(broker, "mutual"), ProtocolVersion.MQTT_5_0, wishes);
      expect(`${outcome.code} ${knownAs(broker, outcome)}`).toBe("0 in as cecil");
    }
  });
});

test("a token stands in the request for a WebSocket as well", async () => {
  const broker = await brokerFor();
  const token = tokenOf("tokena");
  const forged = tokenOf("tokena", { secret: "another secret that is long enough for it" });
  const ways = (text: string): Partial<Visit>[] => [
    { query: `?token=${text}` },
    { headers: { authorization: `Bearer ${text}` } },
  ];
  for (const door of ["websocket", "wss"] as const) {
    for (const way of ways(token)) {
      const wishes = { clientId: "page", ...way };
      const outcome = await visit(doorTo(broker, door), ProtocolVersion.MQTT_5_0, wishes);
      expect(`${outcome.code} ${knownAs(broker, outcome)}`).toBe("0 in as tokena");
    }
    for (const way of ways(forged)) {
      const wishes = { clientId: "forger", ...way };
      const outcome = await visit(doorTo(broker, door), ProtocolVersion.MQTT_5_0, wishes);
      expect(outcome.code).toBe(WRONG_PASSWORD[1]);
    }
  }
  const log = broker.lines.join("\n");
  expect(log).toContain("Login of forger");
  for (const each of [token, forged]) expect(log).not.toContain(each.slice(each.lastIndexOf(".") + 1));
});

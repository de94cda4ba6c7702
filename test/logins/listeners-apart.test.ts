// Listeners that nobody has named, on one port of two addresses: what one of them allows, the other does not.
import { describe, expect, test } from "vitest";
import { connect } from "#client";
import { type Configured, configured } from "../support/configured.ts";
import { freePort } from "../support/ports.ts";

/** alice: secret1 */
const PASSWORDS =
  "alice:$7$101$K2G3JAmvRuyL4nmB$ctUG9xGPITUJXYItBpxZFqLR4RyN+ilh3tZrqvkT2Ci6r3ZmlJ22D93JEzlCX0enMQZJsplQfwMzV5245Zaoew==\n";
const OPEN = "allow_anonymous = true";
const GUARDED = 'allow_anonymous = false\nlogins = { password_file = "passwords" }';
const hosts = { home: "127.0.0.1", away: "127.0.0.2" } as const;
type Where = keyof typeof hosts;

/** A broker with both, whose keys are `home` and `away`; `more` is for all. PORT stands for the port. */
class TwoListeners {
  readonly #port: number;
  readonly martlet: Configured;

  private constructor(port: number, martlet: Configured) {
    this.#port = port;
    this.martlet = martlet;
  }

  static async start(home: string, away: string, more = ""): Promise<TwoListeners> {
    const port = await freePort();
    const files = { "martlet.toml": tomlOf(port, home, away, more), passwords: PASSWORDS };
    return new TwoListeners(port, await configured(files));
  }

  async reload(home: string, away: string, more = ""): Promise<string> {
    this.martlet.replace("martlet.toml", tomlOf(this.#port, home, away, more));
    return await this.martlet.reload();
  }

  /** Whether a client gets in there, by name and password or without. */
  async letsIn(where: Where, userName?: string): Promise<boolean> {
    const login = userName === undefined ? {} : { userName, password: "secret1" };
    try {
      const client = await connect(`mqtt://${hosts[where]}:${this.#port}`, { reconnect: false, ...login });
      await client.close();
      return true;
    } catch {
      return false;
    }
  }

  async grants(where: Where, topicFilter: string): Promise<boolean> {
    const client = await connect(`mqtt://${hosts[where]}:${this.#port}`, { reconnect: false });
    try {
      await client.subscribe(topicFilter).ready;
      return true;
    } catch {
      return false;
    } finally {
      await client.close();
    }
  }
}

function tomlOf(port: number, home: string, away: string, more: string): string {
  const listener = (where: Where, keys: string): string =>
    `[[listeners]]\nprotocol = "tcp"\nhost = ["${hosts[where]}"]\nport = ${port}\n${keys}\n`;
  const all = more.replaceAll("PORT", String(port));
  return `${listener("home", home)}${listener("away", away)}${all}\n[persistence]\nmode = "memory"\n`;
}

describe.each([
  ["first", OPEN, GUARDED, "home", "away"],
  ["second", GUARDED, OPEN, "away", "home"],
] as const)(
  "where the %s lets everybody in and the other wants a password",
  (_which, home, away, open, guarded) => {
    test("nobody comes in at the other without", async () => {
      const listeners = await TwoListeners.start(home, away);
      expect(await listeners.letsIn(open)).toBe(true);
      expect(await listeners.letsIn(guarded)).toBe(false);
      expect(await listeners.letsIn(guarded, "alice")).toBe(true);
    });
  },
);

test("they stay apart when the configuration is read anew", async () => {
  const listeners = await TwoListeners.start(GUARDED, GUARDED);
  expect(await listeners.letsIn("home")).toBe(false);
  expect(await listeners.reload(OPEN, GUARDED)).toBe("applied");
  expect(await listeners.letsIn("home")).toBe(true);
  expect(await listeners.letsIn("away")).toBe(false);
});

test("what is said of one does not hold for the other when their tables change places", async () => {
  const [home, away] = [await freePort(), await freePort()];
  const listener = (port: number, keys: string): string =>
    `[[listeners]]\nprotocol = "tcp"\nhost = ["127.0.0.1"]\nport = ${port}\n${keys}\n`;
  const [open, guarded] = [listener(home, OPEN), listener(away, GUARDED)];
  const all = '[persistence]\nmode = "memory"\n';
  const martlet = await configured({ "martlet.toml": open + guarded + all, passwords: PASSWORDS });
  martlet.replace("martlet.toml", guarded + open + all);
  expect(await martlet.reload()).toBe("unchanged");
  const entrance = async (port: number): Promise<string> => {
    const client = await connect(`mqtt://127.0.0.1:${port}`, { reconnect: false }).catch(() => undefined);
    await client?.close();
    return client === undefined ? "refused" : "let in";
  };
  expect([await entrance(home), await entrance(away)]).toEqual(["let in", "refused"]);
  expect(martlet.lines).toContain(
    "warn Configuration: listeners[1].allow_anonymous is true (was false); this needs a restart.",
  );
});

test("limits of one are none of the other", async () => {
  const longIds = "client_ids = { prefix = 'device-' }";
  const listeners = await TwoListeners.start(`${OPEN}\n${longIds}`, OPEN);
  expect(await listeners.letsIn("home")).toBe(false);
  expect(await listeners.letsIn("away")).toBe(true);
});

test("a rule about the name that they would share is about both", async () => {
  const rules = `[[access.rules]]
effect = "deny"
topics = ["secret"]
listeners = ["tcp:PORT"]
[[access.rules]]
effect = "allow"
topics = ["#"]
`;
  const listeners = await TwoListeners.start(OPEN, OPEN, rules);
  for (const where of ["home", "away"] as const) {
    expect(await listeners.grants(where, "secret")).toBe(false);
    expect(await listeners.grants(where, "news")).toBe(true);
  }
});

test("a name that somebody has given stays, and rules about it are about that listener alone", async () => {
  const rules = `[[access.rules]]
effect = "allow"
topics = ["#"]
listeners = ["tcp:PORT"]
`;
  const port = await freePort();
  const toml = tomlOf(port, `name = "tcp:${port}"\n${OPEN}`, OPEN, rules);
  const martlet = await configured({ "martlet.toml": toml });
  const granted = async (where: Where): Promise<boolean> => {
    const client = await connect(`mqtt://${hosts[where]}:${port}`, { reconnect: false });
    try {
      await client.subscribe("news").ready;
      return true;
    } catch {
      return false;
    } finally {
      await client.close();
    }
  };
  expect(martlet.served.broker.addresses).toHaveLength(2);
  expect(await granted("home")).toBe(true);
  expect(await granted("away")).toBe(false);
});

test("listeners on any free port are apart, too", async () => {
  const listener = (keys: string): string =>
    `[[listeners]]\nprotocol = "tcp"\nhost = ["127.0.0.1"]\nport = 0\n${keys}\n`;
  const toml = `${listener(OPEN)}${listener(GUARDED)}[persistence]\nmode = "memory"\n`;
  const { served } = await configured({ "martlet.toml": toml, passwords: PASSWORDS });
  const entrances = await Promise.all(
    served.broker.addresses.map(({ port }) =>
      connect(`mqtt://127.0.0.1:${port}`, { reconnect: false }).then(
        async (client) => {
          await client.close();
          return "let in";
        },
        () => "refused",
      ),
    ),
  );
  expect(entrances).toEqual(["let in", "refused"]);
});

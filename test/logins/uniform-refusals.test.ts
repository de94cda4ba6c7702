// What a refused login learns: by default what was wrong with it, with `uniform_refusals` only that it is not let in.
import { expect, test } from "vitest";
import { ProtocolVersion, ReasonCode } from "#protocol";
import { configured } from "../support/configured.ts";

/** alice: secret1 */
const PASSWORDS =
  "alice:$7$101$K2G3JAmvRuyL4nmB$ctUG9xGPITUJXYItBpxZFqLR4RyN+ilh3tZrqvkT2Ci6r3ZmlJ22D93JEzlCX0enMQZJsplQfwMzV5245Zaoew==\n";

const martletToml = (uniform: boolean): string => `
[persistence]
mode = "memory"
[[listeners]]
port = 0
[logins]
uniform_refusals = ${uniform}
[logins.password_file]
path = "passwords"
`;

const { BAD_USER_NAME_OR_PASSWORD, NOT_AUTHORIZED } = ReasonCode;

test("a wrong password is told apart, or not", async () => {
  const martlet = await configured({ "martlet.toml": martletToml(false), passwords: PASSWORDS });
  const refusal = (login: object, version: ProtocolVersion): Promise<unknown> =>
    martlet.connect({ ...login, version, reconnect: false }).then(
      () => "let in",
      (error: { reasonCode?: number }) => error.reasonCode,
    );
  const answers = async (): Promise<unknown[]> => {
    const all: unknown[] = [];
    for (const version of [ProtocolVersion.MQTT_3_1_1, ProtocolVersion.MQTT_5_0]) {
      all.push(
        await refusal({ userName: "alice", password: "secret1" }, version),
        await refusal({ userName: "alice", password: "wrong" }, version),
        await refusal({ userName: "nobody", password: "wrong" }, version),
        await refusal({}, version),
      );
    }
    return all;
  };
  const apart = ["let in", BAD_USER_NAME_OR_PASSWORD, BAD_USER_NAME_OR_PASSWORD, NOT_AUTHORIZED];
  expect(await answers()).toEqual([...apart, ...apart]);

  martlet.replace("martlet.toml", martletToml(true));
  await martlet.reload();
  const alike = ["let in", NOT_AUTHORIZED, NOT_AUTHORIZED, NOT_AUTHORIZED];
  expect(await answers()).toEqual([...alike, ...alike]);
  expect(martlet.lines.filter((line) => line.includes("the password is wrong")).length).toBeGreaterThan(0);
});

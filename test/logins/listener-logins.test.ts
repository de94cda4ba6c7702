// A listener that says itself whether a certificate is a login there.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Configured, configured } from "../support/configured.ts";
import { run } from "../support/programs.ts";
import { type MutualCertificates, makeMutualCertificates } from "../transport/certificates.ts";

let certificates: MutualCertificates;
beforeAll(() => {
  certificates = makeMutualCertificates();
});
afterAll(() => certificates.remove());

/** alice: secret1 */
const PASSWORDS =
  "alice:$7$101$K2G3JAmvRuyL4nmB$ctUG9xGPITUJXYItBpxZFqLR4RyN+ilh3tZrqvkT2Ci6r3ZmlJ22D93JEzlCX0enMQZJsplQfwMzV5245Zaoew==\n";

function martletToml(ofPeople: string): string {
  const { ca, cert, key } = certificates;
  const tls = `tls = { cert = "${cert}", key = "${key}", ca = "${ca}", client_certificate = "require" }`;
  const listener = (name: string): string =>
    `[[listeners]]\nname = "${name}"\nprotocol = "tls"\nhost = ["127.0.0.1"]\nport = 0\n${tls}\n`;
  return `${listener("people")}${ofPeople}
${listener("devices")}
[logins.certificate]
[logins.password_file]
path = "passwords"
[persistence]
mode = "memory"
`;
}

/** What `mosquitto_pub` ends with when it shows its certificate to people's listener or to that of devices. */
async function entrance({ served }: Configured, at: 0 | 1, ...more: string[]): Promise<number | null> {
  const { ca, client } = certificates;
  const port = String(served.broker.addresses[at]?.port);
  const shown = ["--cafile", ca, "--cert", client.cert, "--key", client.key];
  return (
    await run("mosquitto_pub", ["-h", "127.0.0.1", "-p", port, ...shown, ...more, "-t", "t", "-m", "m"])
  ).code;
}

const LET_IN = 0;
const NOT_AUTHORIZED = 5;

test("asks for a password besides the certificate, until its certificate is a login again", async () => {
  const files = { "martlet.toml": martletToml('logins = { certificate = "none" }'), passwords: PASSWORDS };
  const martlet = await configured(files);
  expect(await entrance(martlet, 0)).toBe(NOT_AUTHORIZED);
  expect(await entrance(martlet, 0, "-u", "alice", "-P", "secret1")).toBe(LET_IN);
  expect(await entrance(martlet, 1)).toBe(LET_IN);

  martlet.replace("martlet.toml", martletToml(""));
  expect(await martlet.reload()).toBe("applied");
  expect(await entrance(martlet, 0)).toBe(LET_IN);
});

test("takes certificates where there is no such table for all", async () => {
  const toml = martletToml('logins = { certificate = "common-name" }').replace("[logins.certificate]\n", "");
  const martlet = await configured({ "martlet.toml": toml, passwords: PASSWORDS });
  expect(await entrance(martlet, 0)).toBe(LET_IN);
  expect(await entrance(martlet, 1)).toBe(NOT_AUTHORIZED);
});

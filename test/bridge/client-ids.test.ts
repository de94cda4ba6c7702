// A bridge's session at this broker belongs to the bridge: nobody gets what it is subscribed to by saying its client id.
import { expect, test } from "vitest";
import { configured } from "../support/configured.ts";

const toml = (more: string): string => `
[[listeners]]
name = "main"
protocol = "tcp"
host = ["127.0.0.1"]
port = 0
${more}
[persistence]
mode = "memory"
`;
const BRIDGE = `
[[bridges]]
name = "out"
addresses = ["127.0.0.1:1"]
local_client_id = "local.out"
topics = [{ pattern = "#", direction = "out" }]
`;

test("nobody comes in with its client id, also where nobody is asked for a password", async () => {
  const martlet = await configured({ "martlet.toml": toml(BRIDGE) });
  const taken = martlet.connect({ clientId: "local.out", cleanStart: false });
  await expect(taken).rejects.toMatchObject({ reasonCode: 0x85 });
  const other = await martlet.connect({ clientId: "another" });
  expect(other.current.state).toBe("connected");
});

test("a bridge that comes or goes with a reload takes and leaves it", async () => {
  const martlet = await configured({ "martlet.toml": toml("") });
  const before = await martlet.connect({ clientId: "local.out" });
  await before.close();
  martlet.replace("martlet.toml", toml(BRIDGE));
  expect(await martlet.reload()).toBe("applied");
  await expect(martlet.connect({ clientId: "local.out" })).rejects.toMatchObject({ reasonCode: 0x85 });
  martlet.replace("martlet.toml", toml(""));
  expect(await martlet.reload()).toBe("applied");
  await martlet.connect({ clientId: "local.out" });
});

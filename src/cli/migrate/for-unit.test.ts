import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readConfiguration } from "#config";
import { temporaryFolder } from "../../../test/support/temporary-folder.ts";
import { changesForUnit } from "./for-unit.ts";

const packaging = join(import.meta.dirname, "../../../packaging");

const ofDebian = `
[[listeners]]
port = 80
host = "::"
allow_anonymous = true

[[listeners]]
protocol = "unix"
path = "/run/mosquitto/mqtt"

[persistence]
folder = "/var/lib/mosquitto/martlet-data"

[log]
destination = "file"
file = "/var/log/mosquitto/mosquitto.log"

[process]
pid_file = "/run/mosquitto/mosquitto.pid"
user = "mosquitto"

[logins.password_file]
path = "/etc/mosquitto/passwd"
`;

test("each key that the unit cannot do is named, with what it could be", async () => {
  const file = join(temporaryFolder(), "martlet.toml");
  writeFileSync(file, ofDebian);
  const { configuration } = await readConfiguration({ file });
  expect(changesForUnit(configuration)).toEqual([
    'log.file: it may not write /var/log/mosquitto/mosquitto.log; set "/var/log/martlet/martlet.log".',
    'process.pid_file: it may not write /run/mosquitto/mosquitto.pid; set "/run/martlet/martlet.pid".',
    "process.user: the unit is martlet already; take the line out.",
    'persistence.folder: it may not write /var/lib/mosquitto/martlet-data; set "/var/lib/martlet/data".',
    "logins.password_file.path: let the user martlet read /etc/mosquitto/passwd.",
    "listeners[0].port: it may not listen on 80; a comment in the unit says how it may.",
    'listeners[1].path: it may not write /run/mosquitto/mqtt; set "/run/martlet/mqtt.sock".',
  ]);
});

test("the packaged configuration fits, and what is told is what the unit has", async () => {
  const { configuration } = await readConfiguration({ file: join(packaging, "martlet.toml") });
  expect(changesForUnit(configuration)).toEqual([]);
  const unit = readFileSync(join(packaging, "systemd/martlet.service"), "utf8");
  for (const line of ["User=martlet", "StateDirectory=martlet", "LogsDirectory=martlet"]) {
    expect(unit.split("\n")).toContain(line);
  }
  expect(unit).toContain("\nRuntimeDirectory=martlet\n");
});

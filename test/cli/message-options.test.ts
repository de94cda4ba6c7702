import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../../scripts/checkout.ts";
import { helpText } from "../../src/cli/messages/help-page.ts";
import { helpPages } from "../../src/cli/messages/help-pages.ts";
import { allOptions } from "../../src/cli/messages/option-table.ts";
import { readArguments } from "../../src/cli/messages/read-arguments.ts";

/** All options of mosquitto_pub, mosquitto_sub and mosquitto_rr 2.1. */
const mosquittos =
  "-A -c -C -d -D -e -E -f -F -h -i -I -k -l -L -m -M -n -N -o -p -P -q -r -R -s -S -t -T -u -U -v -V -w -W -x " +
  "--cafile --capath --cert --ciphers --debug --disable-clean-session --file --filter-out --help --host --id --id-prefix " +
  "--insecure --keepalive --key --keyform --latency --message --message-rate --mptcp --nodelay --no-tls --null-message --port " +
  "--pretty --property --protocol-version --proxy --psk --psk-identity --pw --qos --quiet --random-filter --remove-retained " +
  "--repeat --repeat-delay --retain --retain-as-published --retain-handling --retained-only --stdin-file --stdin-line " +
  "--tls-alpn --tls-engine --tls-engine-kpass-sha1 --tls-keylog --tls-use-os-certs --tls-version --topic --unix " +
  "--unsubscribe --url --username --verbose --version --watch --will-payload --will-qos --will-retain --will-topic --ws";

describe("the options of the message tools", () => {
  it("are all of mosquitto's, each once", () => {
    const names = allOptions.flatMap((option) => option.names);
    expect(new Set(names).size).toBe(names.length);
    expect(mosquittos.split(" ").filter((name) => !names.includes(name))).toEqual([]);
  });

  it("stand all in the docs", () => {
    const page = readFileSync(join(root, "docs", "how-to", "publish-subscribe-options.md"), "utf8");
    expect(allOptions.flatMap(({ names }) => names).filter((name) => !page.includes(`\`${name}`))).toEqual(
      [],
    );
    expect(allOptions.filter(({ refused = "" }) => !page.includes(refused))).toEqual([]);
  });

  it.each(["pub", "sub", "rr"] as const)("help of %s fits a terminal of 80 columns", (tool) => {
    const lines = helpText(tool, helpPages[tool]).split("\n");
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines).toContain("Examples:");
  });

  it("reads a URL", () => {
    const reading = readArguments("sub", ["-L", "mqtts://me:a:b@[::1]:99/x/y"]);
    expect(reading).toMatchObject({
      wish: "run",
      settings: { host: "::1", port: 99, userName: "me", password: "a:b", topics: ["x/y"], isTls: true },
    });
  });

  it("warns of what has no effect", () => {
    const reading = readArguments("sub", ["-t", "a", "--insecure"]);
    expect(reading).toMatchObject({
      settings: { warnings: ["Warning: --insecure has no effect: this connection is without TLS."] },
    });
  });
});

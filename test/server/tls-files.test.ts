// Certificates, keys and lists of a running broker's configuration, replaced as an operator does it: file by file.
import { readFileSync } from "node:fs";
import { connect as connectTls, type PeerCertificate } from "node:tls";
import { afterAll, describe, expect, it } from "vitest";
import { connect } from "#client";
import { type Configured, configured } from "../support/configured.ts";
import { Authority } from "../transport/authority.ts";

const authority = new Authority("tls files");
afterAll(() => authority.remove());

const text = (more = ""): string => `
[persistence]
mode = "memory"
[[listeners]]
name = "secure"
protocol = "tls"
port = 0
[listeners.tls]
cert = "server.pem"
key = "server.key"
${more}`;

/** The certificate that the next handshake shows. */
async function shownBy(broker: Configured): Promise<PeerCertificate> {
  return await new Promise((resolve, reject) => {
    const socket = connectTls({ port: broker.port("tls"), host: "127.0.0.1", ca: authority.ca }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

describe("files of a TLS listener", () => {
  it("count from the next handshake on, once they fit together; connections go on", async () => {
    const [first, second] = [authority.server("127.0.0.1"), authority.server("127.0.0.1")];
    const broker = await configured({
      "martlet.toml": text(),
      "server.pem": first.cert,
      "server.key": first.key,
    });
    const before = await shownBy(broker);
    const client = await connect(`mqtts://127.0.0.1:${broker.port("tls")}`, {
      tls: { ca: authority.ca },
      reconnect: false,
    });
    broker.replace("server.pem", second.cert);
    await broker.said("Listener secure stays with what it had");
    expect((await shownBy(broker)).serialNumber).toBe(before.serialNumber);

    broker.replace("server.key", second.key);
    await broker.said("Listener secure shows and asks for what is in its files now");
    expect((await shownBy(broker)).serialNumber).not.toBe(before.serialNumber);
    await client.publish("still/here", "x", { qos: 1 });
    await client.close();
  });

  it("that are broken change nothing, and say so without what is in them", async () => {
    const pair = authority.server("127.0.0.1");
    const broker = await configured({
      "martlet.toml": text(),
      "server.pem": pair.cert,
      "server.key": pair.key,
    });
    broker.replace("server.key", "not a key at all");
    await broker.said("Listener secure stays with what it had");
    expect(broker.lines.join("\n")).not.toContain("not a key at all");
    await shownBy(broker);
  });

  it("that a changed configuration names are judged with its line, and change nothing", async () => {
    const [pair, other] = [authority.server("127.0.0.1"), authority.server("127.0.0.1")];
    const broker = await configured({
      "martlet.toml": text(),
      "server.pem": pair.cert,
      "server.key": pair.key,
      "other.key": other.key,
    });
    broker.replace("martlet.toml", text().replace("server.pem", "nobody.pem"));
    expect(await broker.reload()).toBe("kept");
    expect(broker.lines.join("\n")).toMatch(
      /martlet\.toml:9:1: listeners\[0\]\.tls\.cert: .*nobody\.pem: there is no such file/,
    );
    broker.replace("martlet.toml", text().replace("server.key", "other.key"));
    expect(await broker.reload()).toBe("kept");
    expect(broker.lines.join("\n")).toMatch(
      /martlet\.toml:10:1: listeners\[0\]\.tls\.key: it is not the key of the certificate/,
    );
    await shownBy(broker);
  });

  it("keep out whom a new list has taken back, and let others in", async () => {
    const pair = authority.server("127.0.0.1");
    const [good, bad] = [authority.client("good"), authority.client("bad")];
    const broker = await configured({
      "martlet.toml": text(`ca = "ca.pem"\ncrl = "crl.pem"\nclient_certificate = "require"\n`),
      "server.pem": pair.cert,
      "server.key": pair.key,
      "ca.pem": readFileSync(authority.caFile, "utf8"),
      "crl.pem": authority.revocationList(),
    });
    const connectAs = (who: typeof good) =>
      connect(`mqtts://127.0.0.1:${broker.port("tls")}`, {
        tls: { ca: authority.ca, cert: who.cert, key: who.key },
        reconnect: false,
      });
    await (await connectAs(bad)).close();
    authority.revoke(bad);
    broker.replace("crl.pem", authority.revocationList());
    await broker.said("Listener secure shows and asks for what is in its files now");
    await expect(connectAs(bad)).rejects.toMatchObject({ name: expect.stringContaining("Error") });
    await (await connectAs(good)).close();
  });
});

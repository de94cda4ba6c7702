import { describe, expect, it } from "vitest";
import { exposedListenerOf, listenerOf, troubles } from "../../../test/support/doctor.ts";
import type { Binding, ListenerFacts } from "../facts.ts";
import { checkReach, scopeOfListener } from "./reach.ts";

const system = { firstFreePort: 1_024, isRoot: false };
const reach = (listener: ListenerFacts, holder?: string): ReturnType<typeof checkReach> =>
  checkReach({ listeners: [listener], system, folder: { holder } });

const bound = async (binding: Binding, port = 1_883): Promise<ListenerFacts> =>
  await listenerOf({
    settings: [`listeners.0.port=${port}`],
    hosts: [{ host: "127.0.0.1", addresses: [], binding }],
  });

describe("where from", () => {
  it("this machine alone", async () => {
    expect(reach(await listenerOf())).toEqual([
      {
        level: "ok",
        area: "reach",
        what: "Listener one, not encrypted: for programs on this machine only, at 127.0.0.1 (lo).",
      },
    ]);
  });

  it("the local network, and what forwards to it", async () => {
    expect(troubles(reach(await exposedListenerOf("192.168.1.7")))).toEqual([
      "note Listener one, not encrypted: for machines of the local network, at 192.168.1.7 (eth0). What forwards to these addresses lets in others, too.",
    ]);
  });

  it("every network: harmless if it is encrypted", async () => {
    expect(troubles(reach(await exposedListenerOf("192.0.2.7")))).toHaveLength(1);
    expect(troubles(reach(await exposedListenerOf("192.0.2.7", { isEncrypted: true })))).toEqual([]);
  });

  it("every address of the machine, each with its interface", async () => {
    const addresses = [
      { address: "127.0.0.1", interfaceName: "lo" },
      { address: "10.0.0.5", interfaceName: "eth0" },
    ];
    const listener = await listenerOf({
      isExposed: true,
      hosts: [{ host: "0.0.0.0", addresses, binding: "free" }],
    });
    expect(reach(listener)[0]?.what).toContain("at 0.0.0.0 (lo 127.0.0.1, eth0 10.0.0.5).");
    expect(scopeOfListener(listener)).toBe("local");
  });

  it.each([
    ["172.31.0.1", "local"],
    ["172.32.0.1", "public"],
    ["100.64.0.1", "local"],
    ["fd00::1", "local"],
    ["fe80::1", "local"],
    ["2001:db8::1", "public"],
  ] as const)("%s is %s", async (address, scope) => {
    expect(scopeOfListener(await exposedListenerOf(address))).toBe(scope);
  });

  it("whoever comes through a proxy", async () => {
    const settings = ["listeners.0.proxy_protocol=true", "listeners.0.trusted_proxies=10.0.0.1"];
    const listener = await exposedListenerOf("10.0.0.5", { settings });
    expect(troubles(reach(listener))[0]).toContain("for whoever comes through the proxies 10.0.0.1");
    expect(scopeOfListener(listener)).toBe("public");
  });
});

describe("ports", () => {
  it.each([
    ["in-use", "problem", "Port 1883 at 127.0.0.1 is in use by another program."],
    ["not-allowed", "problem", "Port 1883 at 127.0.0.1 is not for this user."],
    ["no-such-address", "problem", "This machine has no address 127.0.0.1, which listener one asks for."],
    ["no-such-name", "problem", "Nobody knows the name 127.0.0.1 of listener one."],
  ] as const)("%s is a %s", async (binding, level, what) => {
    expect(troubles(reach(await bound(binding)))).toEqual([`${level} ${what}`]);
  });

  it.each(["free", "unknown"] as const)("%s is nothing to tell", async (binding) => {
    expect(troubles(reach(await bound(binding)))).toEqual([]);
  });

  it("in use by the broker itself are as they should be", async () => {
    const findings = reach(await bound("in-use"), "process 12");
    expect(troubles(findings)).toEqual([]);
    expect(findings[1]?.what).toContain("a broker runs in the data folder (process 12)");
  });

  it("in use while nothing is kept may be either's", async () => {
    const listeners = [await bound("in-use")];
    expect(troubles(checkReach({ listeners, system, folder: undefined }))).toEqual([
      "note Port 1883 at 127.0.0.1 is in use, by this broker or by another program.",
    ]);
  });

  it("below the first free one are for root", async () => {
    expect(troubles(reach(await bound("not-allowed", 443)))[0]).toContain("ports below 1024 are for root");
    const asRoot = { listeners: [await bound("free", 443)], system: { ...system, isRoot: true } };
    expect(troubles(checkReach({ ...asRoot, folder: undefined }))).toEqual([
      "note Port 443 of listener one is for root only, as all below 1024.",
    ]);
  });
});

describe("Unix sockets", () => {
  const good = { folderExists: true, folderIsWritable: true, isTaken: false };
  const socketAt = async (
    path: string,
    socket: ListenerFacts["socket"],
    mode = "0660",
  ): Promise<ListenerFacts> =>
    await listenerOf({
      settings: [`listeners=[{"protocol":"unix","path":"${path}","mode":"${mode}"}]`],
      hosts: [],
      socket,
    });

  it("say who may connect", async () => {
    expect(reach(await socketAt("/run/m.sock", good))[0]?.what).toBe(
      "Listener one: a socket at /run/m.sock, for its owner and group as mode 0660 says.",
    );
    expect(reach(await socketAt("/run/m.sock", good, "0666"))[0]?.what).toContain("for every user");
  });

  it.each([
    ["/run/m.sock", { ...good, folderExists: false }, "The folder of the socket /run/m.sock is not there."],
    ["/run/m.sock", { ...good, folderIsWritable: false }, "This user may not make the socket /run/m.sock."],
    ["/run/m.sock", { ...good, isTaken: true }, "/run/m.sock is in use by another program."],
    [`/${"x".repeat(120)}`, good, `The path /${"x".repeat(120)} is too long for a socket.`],
  ])("at %.12s can be impossible", async (path, socket, what) => {
    expect(troubles(reach(await socketAt(path, socket)))).toEqual([`problem ${what}`]);
  });
});

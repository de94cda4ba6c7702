/** Facts for tests of what judges them. */

import { type Configuration, readConfiguration } from "#config";
import type { CertificateFacts, ListenerFacts } from "../../src/doctor/facts.ts";
import type { Finding } from "../../src/doctor/finding.ts";

/** What these assignments say, as `--set` takes them. */
export async function configurationOf(...settings: readonly string[]): Promise<Configuration> {
  return (await readConfiguration({ settings })).configuration;
}

/** A listener on TCP for this machine only, unless something else is wished. */
export async function listenerOf({
  settings = [],
  ...wishes
}: Partial<Omit<ListenerFacts, "listener">> & {
  readonly settings?: readonly string[];
} = {}): Promise<ListenerFacts> {
  const configuration = await configurationOf('listeners=[{"protocol":"tcp"}]', ...settings);
  const [listener] = configuration.listeners;
  if (listener === undefined) throw new RangeError("There is no listener.");
  return {
    name: "one",
    listener,
    isEncrypted: false,
    isExposed: false,
    allowsAnonymous: false,
    hosts: [
      { host: "127.0.0.1", addresses: [{ address: "127.0.0.1", interfaceName: "lo" }], binding: "free" },
    ],
    socket: undefined,
    ...wishes,
  };
}

/** One that other machines reach at `address`. */
export async function exposedListenerOf(
  address: string,
  wishes: Parameters<typeof listenerOf>[0] = {},
): Promise<ListenerFacts> {
  const hosts = [
    { host: address, addresses: [{ address, interfaceName: "eth0" }], binding: "free" as const },
  ];
  return await listenerOf({ isExposed: true, hosts, ...wishes });
}

export const NOW_MS = Date.UTC(2026, 10, 21);
const DAY_MS = 86_400_000;

/** `days` from now. */
export const inDays = (days: number): number => NOW_MS + days * DAY_MS;

/** A certificate that nothing is wrong with. */
export function certificateOf(wishes: Partial<CertificateFacts> = {}): CertificateFacts {
  return {
    subject: "CN=broker.example.org",
    names: ["broker.example.org"],
    notBeforeMs: inDays(-10),
    notAfterMs: inDays(300),
    keyKind: "ec",
    keyBits: undefined,
    curve: "prime256v1",
    signature: "ecdsa-with-SHA256",
    isAuthority: false,
    isSelfSigned: false,
    fingerprint: "AA",
    ...wishes,
  };
}

/** `level what` each; what is in order is left out. */
export function troubles(findings: readonly Finding[]): string[] {
  return findings.filter(({ level }) => level !== "ok").map(({ level, what }) => `${level} ${what}`);
}

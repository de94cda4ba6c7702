import { describe, expect, it } from "vitest";
import { certificateOf, inDays, listenerOf, NOW_MS, troubles } from "../../../test/support/doctor.ts";
import type { CertificateFileFacts, ListenerFacts, ProbeFacts } from "../facts.ts";
import { checkProbes } from "./probe.ts";

const target = "127.0.0.1:1883";
const certificates: readonly CertificateFileFacts[] = [
  { path: "s.pem", use: "shown", certificates: [certificateOf()], isChain: true },
];

function judge(probe: Omit<ProbeFacts, "name" | "target">, listener: ListenerFacts): readonly string[] {
  const probes = [{ name: "one", target, ...probe }];
  return troubles(checkProbes({ nowMs: NOW_MS, listeners: [listener], certificates, probes }));
}

const secure = (demand: string): Parameters<typeof listenerOf>[0] => ({
  settings: [
    `listeners=[{"protocol":"tls","tls":{"cert":"s.pem","key":"s.key","ca":"ca.pem","client_certificate":"${demand}"}}]`,
  ],
});

describe("logins", () => {
  it.each([
    ["accepted", true, []],
    ["refused", false, []],
    [
      "accepted",
      false,
      [
        `problem ${target}, listener one, lets in a client that says nothing of itself, against the configuration.`,
      ],
    ],
    [
      "refused",
      true,
      [
        `warning ${target}, listener one, refuses a client that says nothing of itself (why), which should get in.`,
      ],
    ],
    ["no-answer", false, [`problem ${target}, listener one, does not answer a CONNECT: why.`]],
  ] as const)("%s where that is allowed: %s", async (outcome, allowsAnonymous, expected) => {
    expect(judge({ login: { outcome, reason: "why" } }, await listenerOf({ allowsAnonymous }))).toEqual(
      expected,
    );
  });

  it("end early where a certificate is required", async () => {
    const listener = await listenerOf(secure("require"));
    expect(judge({ login: { outcome: "no-answer", reason: "alert" } }, listener)).toEqual([]);
  });

  it("are not tried where nobody answers, and where there is no way to", async () => {
    const listener = await listenerOf();
    expect(judge({ unreachable: "refused" }, listener)).toEqual([
      `problem Nobody answers at ${target}, listener one: refused.`,
    ]);
    expect(judge({ skipped: "it wants a PROXY header" }, listener)).toEqual([
      "note Listener one was not tried: it wants a PROXY header.",
    ]);
  });
});

describe("handshakes", () => {
  const showing = (
    certificate: ReturnType<typeof certificateOf>,
    distrust?: string,
  ): Omit<ProbeFacts, "name" | "target"> => ({
    tls: { version: "TLSv1.3", certificate, distrust },
  });

  it("with the certificate of the file are in order", async () => {
    expect(judge(showing(certificateOf()), await listenerOf(secure("request")))).toEqual([]);
  });

  it("with another one ask for a reload", async () => {
    const old = certificateOf({ fingerprint: "BB", notAfterMs: inDays(-1) });
    expect(judge(showing(old), await listenerOf(secure("request")))).toEqual([
      "problem The certificate that listener one shows has expired on 2026-11-20: no client accepts it.",
      "warning The certificate that listener one shows is not the one in s.pem.",
    ]);
  });

  it("tell who does not trust it", async () => {
    expect(judge(showing(certificateOf(), "nobody knows it"), await listenerOf(secure("request")))).toEqual([
      "note Clients that know only public authorities do not trust it (nobody knows it).",
    ]);
  });
});

import { describe, expect, test } from "vitest";
import type { ConfigError } from "#base";
import { isExposed, type ListenerOptions, listenerFor, listenerName } from "./listen.ts";

const reports = { onProblem: () => undefined, onNotice: () => undefined };

/** What is wrong with `options`, which may be anything. */
function problemOf(options: object): string {
  try {
    listenerFor(options as ListenerOptions, "listeners[0]", { maximumPacketSize: 1_000 }, reports);
  } catch (error) {
    return (error as ConfigError).message;
  }
  return "none";
}

describe("a value that is not allowed is named with its place", () => {
  test.each([
    [{ protocol: "tpc", port: 1 }, 'protocol: "tpc" is not allowed; it is tcp, tls, unix, websocket or wss.'],
    [{ port: 1 }, "protocol: undefined is not allowed; it is tcp, tls, unix, websocket or wss."],
    [{ protocol: "tcp", port: "1883" }, 'port: "1883" is not allowed; it is a whole number from 0 to 65535.'],
    [{ protocol: "tcp", port: -1 }, "port: -1 is not allowed; it is a whole number from 0 to 65535."],
    [
      { protocol: "tcp", port: 1, proxyProtocol: true },
      "trustedProxies: proxyProtocol needs the addresses of the proxies.",
    ],
    [
      { protocol: "websocket", port: 1, trustedProxies: ["::1"] },
      "trustedProxies: nobody reads a PROXY header; set proxyProtocol as well.",
    ],
    [
      { protocol: "unix", path: "/x", maxUnfinished: 0 },
      "maxUnfinished: 0 is not allowed; it is a whole number from 1 to 1000000.",
    ],
    [
      { protocol: "websocket", port: 1, path: "mqtt" },
      'path: "mqtt" is no path; give one such as /mqtt, without a question mark.',
    ],
    [
      { protocol: "wss", port: 1, maxHeaderBytes: 1.5 },
      "maxHeaderBytes: 1.5 is not allowed; it is a whole number from 1 to 1048576.",
    ],
    [{ protocol: "wss", port: 1 }, "cert: TLS needs a certificate and its key, or psk."],
    [
      { protocol: "tls", port: 1, alpn: ["mqtt", ""] },
      "alpn[1]: a name in ALPN has from 1 to 255 bytes; give one such as mqtt.",
    ],
    [{ protocol: "tls", port: 1, cert: "x", key: "y", pipes: "net" }, /^cert: it holds no certificate/],
  ] as const)("%j", (options, problem) => {
    const said = problemOf(options);
    expect(said).toMatch(/^listeners\[0\]\./);
    const rest = said.slice("listeners[0].".length);
    expect(rest).toMatch(problem);
  });

  test("and nothing is said of what is", () => {
    const psk = { lookup: () => undefined };
    expect(
      [
        { protocol: "tcp", port: 1883, proxyProtocol: true, trustedProxies: ["loopback"] },
        { protocol: "unix", path: "/x", proxyProtocol: true, group: "staff" },
        { protocol: "tls", port: 8883, psk, alpn: [] },
        { protocol: "wss", port: 8084, psk, path: "/", originAllowed: [] },
      ].map(problemOf),
    ).toEqual(["none", "none", "none", "none"]);
  });
});

test("a listener has the name that it was given, or one of its protocol and place", () => {
  expect([
    listenerName({ protocol: "tcp", port: 1883 }),
    listenerName({ protocol: "unix", path: "/run/martlet.sock" }),
    listenerName({ protocol: "wss", port: 8084, name: "pages" }),
  ]).toEqual(["tcp:1883", "unix:/run/martlet.sock", "pages"]);
});

test("other machines reach what listens on their side, or lies behind a proxy", () => {
  expect([
    isExposed({ protocol: "tcp", port: 1 }),
    isExposed({ protocol: "tcp", port: 1, host: ["127.0.0.1", "192.0.2.7"] }),
    isExposed({ protocol: "unix", path: "/x" }),
    isExposed({ protocol: "unix", path: "/x", proxyProtocol: true }),
    isExposed({ protocol: "wss", port: 1, host: "localhost" }),
  ]).toEqual([false, true, false, true, false]);
});

import { describe, expect, it } from "vitest";
import { redirected } from "./detours.ts";
import { parseBrokerUrl } from "./url.ts";

describe("parseBrokerUrl", () => {
  it.each([
    ["mqtt://h", "mqtt", "h", 1883, ""],
    ["mqtt://h:80", "mqtt", "h", 80, ""],
    ["MQTTS://H.example", "mqtts", "h.example", 8883, ""],
    ["mqtts://h:443", "mqtts", "h", 443, ""],
    ["tcp://[::1]:1884", "mqtt", "::1", 1884, ""],
    ["ws://h", "ws", "h", 80, "/mqtt"],
    ["wss://h:8084/a/b?c=d", "wss", "h", 8084, "/a/b?c=d"],
    ["unix:/run/m.sock", "unix", "", 0, "/run/m.sock"],
    ["unix:///run/m.sock", "unix", "", 0, "/run/m.sock"],
  ])("reads %s", (text, scheme, host, port, path) => {
    expect(parseBrokerUrl(text)).toMatchObject({ scheme, host, port, path });
  });

  it("takes user name and password out of what is shown", () => {
    const url = parseBrokerUrl("mqtt://me%40home:p%3Aw@h:1883");
    expect(url).toMatchObject({ userName: "me@home", password: "p:w", href: "mqtt://h:1883" });
  });

  it.each(["", "h:1883", "http://h", "mqtt:", "mqtt://h:99999"])("refuses %j", (text) => {
    expect(() => parseBrokerUrl(text)).toThrow(/^url: /);
  });
});

it("a redirection changes the place and nothing else", () => {
  const url = parseBrokerUrl("wss://me:secret@h/path");
  expect(redirected(url, "other:444 third:1")).toMatchObject({
    href: "wss://other:444/path",
    userName: "me",
    password: "secret",
  });
  expect(redirected(url, "mqtt://plain:1883")?.scheme).toBe("wss");
});

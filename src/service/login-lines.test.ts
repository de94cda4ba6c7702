import { describe, expect, test } from "vitest";
import { ReasonCode } from "#protocol";
import { VirtualClock } from "#testing";
import { loginLines } from "./login-lines.ts";

const address = { transport: "tcp", remoteAddress: "192.0.2.7", remotePort: 4711, localPort: 1883 };
const verdict = {
  clientId: "c1",
  userName: "alice",
  address,
  listener: "",
  method: undefined,
  provider: "password-file",
  outcome: "refused",
  reason: "the password is wrong",
  reasonCode: ReasonCode.BAD_USER_NAME_OR_PASSWORD,
} as const;

function scene() {
  const lines: string[] = [];
  const clock = new VirtualClock();
  const told = loginLines({ write: (level, text) => void lines.push(`${level} ${text}`) }, clock);
  return { lines, clock, told };
}

describe("refused logins", () => {
  test("have one line an address in ten seconds", () => {
    const { lines, clock, told } = scene();
    for (let i = 0; i < 100; i++) told(verdict);
    told({ ...verdict, address: { ...address, remoteAddress: "192.0.2.8" } });
    clock.advance(10_001);
    told(verdict);
    expect(lines).toEqual([
      "warn Login of c1 as 'alice' from 192.0.2.7:4711 refused by password-file: the password is wrong.",
      "warn Login of c1 as 'alice' from 192.0.2.8:4711 refused by password-file: the password is wrong.",
      "warn Login of c1 as 'alice' from 192.0.2.7:4711 refused by password-file: the password is wrong. (99 more from there since the last line)",
    ]);
  });

  test("have one line a network of IPv6, whose addresses cost their owner nothing", () => {
    const { lines, told } = scene();
    for (let i = 1; i <= 100; i++)
      told({ ...verdict, address: { ...address, remoteAddress: `2001:db8::${i}` } });
    told({ ...verdict, address: { ...address, remoteAddress: "2001:db8:0:1::1" } });
    expect(lines).toHaveLength(2);
  });

  test("cost no more for names that look like ten thousand tokens", () => {
    const { lines, clock, told } = scene();
    // Looked through to their ends, each of them would take longer than a second.
    for (let i = 0; i < 100; i++) {
      told({ ...verdict, userName: "eyJ".repeat(21_845) });
      clock.advance(10_001);
    }
    expect(lines).toHaveLength(100);
  });

  test("show no token that stands in the user name", () => {
    const { lines, clock, told } = scene();
    for (const userName of [
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln",
      "dev?token=s3cret",
      "x".repeat(500),
    ]) {
      told({ ...verdict, userName });
      clock.advance(20_000);
    }
    expect(lines[0]).toContain("as '(a token)'");
    expect(lines[1]).toContain("as 'dev?…'");
    expect(lines[2]?.length).toBeLessThan(300);
    expect(lines.join()).not.toContain("s3cret");
  });

  test("are errors where the provider did not do its work, and accepted ones have no line", () => {
    const { lines, told } = scene();
    told({ ...verdict, outcome: "accepted" });
    told({ ...verdict, provider: "http", outcome: "failed", reason: "no answer in time" });
    expect(lines).toEqual([
      "error Login of c1 as 'alice' from 192.0.2.7:4711 could not be judged by http: no answer in time.",
    ]);
  });
});

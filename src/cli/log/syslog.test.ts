// Lines reach syslog over whatever it listens on; where there is none, that is said once.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { Program } from "../../../test/support/programs.ts";
import { until } from "../../../test/support/until.ts";
import { Syslog } from "./syslog.ts";

function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "martlet-syslog-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "log");
}

function syslog(path: string, program?: string): { readonly lines: Syslog; readonly problems: string[] } {
  const problems: string[] = [];
  const lines = new Syslog({
    facility: "local3",
    socketPath: path,
    onProblem: (sentence) => problems.push(sentence),
    ...(program === undefined ? {} : { program }),
  });
  onTestFinished(() => lines.close());
  return { lines, problems };
}

function tell(lines: Syslog, type: "error" | "notice", text: string): void {
  lines.write({ type, text, line: `1: ${text}`, about: undefined });
}

it("writes to a stream, with priority, time, name and process", async () => {
  const path = socketPath();
  let received = "";
  const server = createServer((socket) => {
    socket.setEncoding("utf8").on("data", (text: string) => {
      received += text;
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  const { lines, problems } = syslog(path);
  tell(lines, "error", "first");
  tell(lines, "notice", "second");
  await lines.drained();
  await until("both are there", () => received.includes("second"));
  // local3 is 19, error 3 and notice 5.
  expect(received).toMatch(
    /^<155>[A-Z][a-z]{2} [ 123]\d \d\d:\d\d:\d\d martlet\[\d+\]: first\0<157>.* martlet\[\d+\]: second\0$/,
  );
  expect(problems).toEqual([]);
});

it("writes to a datagram socket, which most systems have, by the program logger", async () => {
  const path = socketPath();
  const server = new Program("python3", [
    "-uc",
    `import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(${JSON.stringify(path)})
print("bound")
while True: print(s.recv(4096).decode())`,
  ]);
  await until("syslog listens", () => server.lines.includes("bound"));
  const { lines, problems } = syslog(path);
  tell(lines, "error", "first; $(touch /tmp/never) `x`");
  tell(lines, "notice", "second");
  await lines.drained();
  await until("both are there", () => server.lines.length === 3);
  const [, first, second] = server.lines;
  expect(first).toMatch(/^<155>.* martlet\[\d+\]: first; \$\(touch \/tmp\/never\) `x`$/);
  expect(first).toContain(`[${process.pid}]`);
  expect(second).toMatch(/^<157>.*: second$/);
  expect(problems).toEqual([]);
});

it.each([
  ["logger", /No such file/],
  ["no-such-logger", /no-such-logger cannot be run/],
])("says once why nothing gets there, with the program %s", async (program, why) => {
  const { lines, problems } = syslog(socketPath(), program);
  tell(lines, "error", "first");
  await until("it is said", () => problems.length > 0);
  tell(lines, "error", "second");
  await lines.drained();
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(/^Lines for syslog are lost: .*log\.syslog_socket/);
  expect(problems[0]).toMatch(why);
});

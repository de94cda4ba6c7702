// What the arguments of `martlet conformance` mean, without a broker.
import { describe, expect, test } from "vitest";
import { conformanceCases } from "#testing";
import { conformanceCommand } from "../../src/cli/commands/conformance.ts";
import { selectCases, versionsOf } from "../../src/cli/conformance/arguments.ts";
import { prepareArguments } from "../../src/cli/conformance/command-line.ts";

const prepare = (...args: string[]): string[] => prepareArguments(args, conformanceCommand.options);

describe("a URL and versions without names of their own", () => {
  test.each([
    [["mqtt://h"], ["--url=mqtt://h"]],
    [
      ["mqtt://h", "--version", "5.0"],
      ["--url=mqtt://h", "--protocol-version=5.0"],
    ],
    [
      ["--version=3.1.1,5.0", "unix:/s"],
      ["--protocol-version=3.1.1,5.0", "--url=unix:/s"],
    ],
    [
      ["-u", "name", "mqtt://h", "-P", "secret", "--only", "will/"],
      ["-u", "name", "--url=mqtt://h", "-P", "secret", "--only", "will/"],
    ],
    [
      ["--json", "mqtt://h", "--junit", "-"],
      ["--json", "--url=mqtt://h", "--junit", "-"],
    ],
    [["--version"], ["--version"]],
    [
      ["-V", "5.0"],
      ["-V", "5.0"],
    ],
  ])("%j", (args, prepared) => {
    expect(prepare(...args)).toEqual(prepared);
  });
});

describe("versions", () => {
  test("all by default, each once, in order", () => {
    expect(versionsOf()).toEqual([3, 4, 5]);
    expect(versionsOf(["5.0,3.1", "5"])).toEqual([3, 5]);
    expect(versionsOf(["3.1.1"])).toEqual([4]);
  });

  test.each(["4", "3.1.2", "", "5.0,"])("%j is none", (text) => {
    expect(() => versionsOf([text])).toThrow("give 3.1, 3.1.1 or 5.0");
  });
});

describe("--only", () => {
  const names = (...wishes: string[]): string[] =>
    selectCases(conformanceCases, wishes).map(({ name }) => name);

  test("a case, a chapter, several", () => {
    expect(names("connect/accepted")).toEqual(["connect/accepted"]);
    expect(names("will/").every((name) => name.startsWith("will/"))).toBe(true);
    expect(names("will/").length).toBe(
      conformanceCases.filter(({ name }) => name.startsWith("will/")).length,
    );
    expect(
      names("ping/,connect/accepted", "connect/accepted").filter((name) => name === "connect/accepted"),
    ).toEqual(["connect/accepted"]);
  });

  test("a statement, in its version only", () => {
    const [first, ...more] = selectCases(conformanceCases, ["5.0/MQTT-3.3.1-4"]);
    expect(more).toEqual([]);
    expect(first).toMatchObject({ name: "malformed/publish-qos-3", versions: [5] });
  });

  test("the beginning of a statement, by whole numbers", () => {
    const selected = selectCases(conformanceCases, ["MQTT-3.1"]);
    const has = (id: RegExp) => selected.some(({ statements }) => statements.every((each) => id.test(each)));
    expect(has(/MQTT-3\.1\./)).toBe(true);
    expect(has(/MQTT-3\.1[0-9]/)).toBe(false);
  });

  test("what is none is refused, with a guess", () => {
    expect(() => names("conect/accepted")).toThrow("Did you mean connect/accepted?");
    expect(() => names("MQTT-9")).toThrow('no case and no statement begins with "MQTT-9"');
  });
});

import { describe, expect, it } from "vitest";
import { troubles } from "../../../test/support/doctor.ts";
import type { FileFacts } from "../facts.ts";
import { checkFiles } from "./files.ts";

const fileOf = (holds: FileFacts["holds"], mode: number | undefined): FileFacts => ({
  what: "The key",
  path: "k.pem",
  holds,
  mode,
});

describe("files", () => {
  it.each([
    ["secrets", 0o100600, []],
    ["secrets", 0o100640, []],
    ["secrets", 0o100644, ["problem The key can be read by every user (mode 0644): k.pem."]],
    ["secrets", 0o100660, ["warning The key can be changed by its group (mode 0660): k.pem."]],
    ["hashes", 0o100644, ["warning The key can be read by every user (mode 0644): k.pem."]],
    ["rules", 0o100644, []],
    ["rules", 0o100664, []],
    ["rules", 0o100666, ["problem The key can be changed by every user (mode 0666): k.pem."]],
    ["secrets", undefined, []],
  ] as const)("with %s and mode %o", (holds, mode, expected) => {
    expect(troubles(checkFiles({ files: [fileOf(holds, mode)] }))).toEqual(expected);
  });

  it("that are read by everybody are closed only when the broker can still read them", () => {
    const advice = checkFiles({ files: [fileOf("hashes", 0o100644)] }).map((each) => each.advice);
    expect(advice).toEqual(["chmod o= k.pem, when the broker's own user owns it."]);
  });

  it("that are closed are told of only where there are secrets", () => {
    expect(checkFiles({ files: [fileOf("secrets", 0o100600)] })).toHaveLength(1);
    expect(checkFiles({ files: [fileOf("rules", 0o100644), fileOf("secrets", undefined)] })).toEqual([]);
  });
});

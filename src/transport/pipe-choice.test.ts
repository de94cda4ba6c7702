import { describe, expect, test } from "vitest";
import { ListenError } from "./errors.ts";
import { HandleIo } from "./handle-io.ts";
import { tryHandles } from "./handle-trial.ts";
import { findHandles, streamBinding } from "./node-handles.ts";
import { choosePipes, type PipeChoice, type PipeSurroundings, PROVEN_NODE_VERSIONS } from "./pipe-choice.ts";

const provenVersion = `${PROVEN_NODE_VERSIONS.at(-1)}.0.0`;

/** What this machine has; tests of the choice need it only as a token. */
function handles(): HandleIo {
  const found = findHandles();
  if (typeof found === "string") throw new TypeError(found);
  return found;
}

/** Chooses, and keeps what was said. */
async function choose(
  choice: PipeChoice,
  surroundings: Partial<PipeSurroundings> = {},
  attempt = async (): Promise<string | undefined> => undefined,
) {
  const said: string[] = [];
  const outcome = await choosePipes(
    {
      choice,
      attempt,
      notice: (level, sentence) => said.push(`${level}: ${sentence}`),
      warn: (problem) => said.push(`warn: ${problem.message}`),
    },
    { nodeVersion: provenVersion, find: handles, ...surroundings },
  ).catch((error: unknown) => error);
  return { outcome, said };
}

describe("the choice of pipes", () => {
  test("this version of Node is one of those on which the contract has passed", () => {
    expect(PROVEN_NODE_VERSIONS).toContain(Number.parseInt(process.versions.node, 10));
  });

  test("net is net, and asks nothing", async () => {
    const find = () => expect.unreachable("nobody looks for handles");
    expect(await choose("net", { find })).toEqual({ outcome: undefined, said: [] });
  });

  test.each(["auto", "handle"] as const)("%s takes handles that pass the trial", async (choice) => {
    expect(await choose(choice)).toEqual({ outcome: handles(), said: [] });
  });

  test("auto leaves an unknown version of Node alone and says so", async () => {
    const find = () => expect.unreachable("nobody looks for handles");
    expect(await choose("auto", { nodeVersion: "99.1.0", find })).toEqual({
      outcome: undefined,
      said: ["info: Node 99.1.0 has not been tried with handle pipes; net pipes run instead."],
    });
  });

  test("whoever asks for handles gets them on an unknown version", async () => {
    expect(await choose("handle", { nodeVersion: "99.1.0" })).toEqual({ outcome: handles(), said: [] });
  });

  test("auto falls back with a warning that names the reason", async () => {
    const lacking = await choose("auto", { find: () => "this Node lacks TCP.readStart" });
    const failing = await choose("auto", {}, async () => "in a trial, it loses bytes");
    expect([lacking, failing]).toEqual([
      {
        outcome: undefined,
        said: ["warn: Handle pipes cannot run here: this Node lacks TCP.readStart. Net pipes run instead"],
      },
      {
        outcome: undefined,
        said: ["warn: Handle pipes cannot run here: in a trial, it loses bytes. Net pipes run instead"],
      },
    ]);
  });

  test("handles that cannot be had are an error for those who ask for them", async () => {
    const { outcome, said } = await choose("handle", {}, async () => "in a trial, it loses bytes");
    expect(outcome).toBeInstanceOf(ListenError);
    expect((outcome as ListenError).message).toBe(
      "Handle pipes cannot run here: in a trial, it loses bytes. Choose the pipes auto or net",
    );
    expect(said).toEqual([]);
  });
});

describe("the trial", () => {
  test("passes on this machine", async () => {
    expect(await tryHandles(handles())).toBeUndefined();
  });

  test("finds out handles that read wrongly", async () => {
    class Garbling extends HandleIo {
      override chunk(count: number): Uint8Array {
        return super.chunk(count).slice().fill(0);
      }
    }
    expect(await tryHandles(new Garbling(streamBinding()))).toBe(
      "in a trial, it reads other bytes than were sent",
    );
  });

  test("finds out handles that write wrongly", async () => {
    class Garbling extends HandleIo {
      override write(...[handle, bytes]: Parameters<HandleIo["write"]>): number {
        return super.write(handle, new Uint8Array(bytes.length));
      }
    }
    expect(await tryHandles(new Garbling(streamBinding()))).toBe(
      "in a trial, it writes other bytes than it was given",
    );
  });
});

import { expect, test } from "vitest";
import { Progress } from "../../src/cli/conformance/progress.ts";

function stream(isTTY: boolean): { asStream: NodeJS.WriteStream; written: string[] } {
  const written: string[] = [];
  const write = (text: string): boolean => {
    written.push(text);
    return true;
  };
  return { asStream: { isTTY, columns: 30, write } as unknown as NodeJS.WriteStream, written };
}

test("one line on a terminal, never wider, gone in the end", () => {
  const { asStream, written } = stream(true);
  const progress = new Progress(asStream);
  progress.show("MQTT 5.0: 1 of 291 cases, 0 failed");
  progress.show("not again within the same moment");
  progress.clear();
  progress.clear();
  expect(written).toEqual(["\r\u001b[KMQTT 5.0: 1 of 291 cases, 0 f", "\r\u001b[K"]);
});

test("nothing where there is no terminal", () => {
  const { asStream, written } = stream(false);
  const progress = new Progress(asStream);
  progress.show("MQTT 5.0: 1 of 291 cases, 0 failed");
  progress.clear();
  expect(written).toEqual([]);
});

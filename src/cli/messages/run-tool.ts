/** What the three tools have in common: arguments in, words about trouble, exit status out. */

import { printable } from "../escape.ts";
import { readArguments } from "./read-arguments.ts";
import { type MessageSettings, type Tool, ToolStatus, UsageError } from "./settings.ts";

/** Reads `args` and runs `run` with what they say. Resolves with the exit status. */
export async function runTool(
  tool: Tool,
  args: readonly string[],
  run: (settings: MessageSettings) => Promise<number>,
): Promise<number> {
  try {
    const reading = readArguments(tool, args);
    if (reading.wish === "run") return await runAndReport(reading.settings, run);
    if (reading.wish === "version") {
      const { version } = await import("#server");
      console.log(`martlet version ${version}`);
    } else {
      const { helpText } = await import("./help-page.ts");
      const { helpPages } = await import("./help-pages.ts");
      console.log(helpText(tool, helpPages[tool]));
    }
    return ToolStatus.OK;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(safe(error.message));
    console.error(`\nUse 'martlet ${tool} --help' to see usage.`);
    return ToolStatus.FAILED;
  }
}

async function runAndReport(
  settings: MessageSettings,
  run: (settings: MessageSettings) => Promise<number>,
): Promise<number> {
  for (const warning of settings.warnings) complain(settings, warning);
  try {
    return await run(settings);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { failureOf } = await import("./reason-text.ts");
    const { lines, status } = failureOf(error, settings);
    complain(settings, ...lines);
    return status;
  }
}

/** On standard error, unless --quiet. */
export function complain({ quiet }: MessageSettings, ...lines: readonly string[]): void {
  if (!quiet) for (const line of lines) console.error(safe(line));
}

function safe(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

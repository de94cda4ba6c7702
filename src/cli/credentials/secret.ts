/** The secret that credentials are made with: from a file, a variable, the command line, or whoever runs the program. */

import { readFileSync } from "node:fs";
import { ConfigError, describeError } from "#base";
import { askSecret } from "../passwd/ask-password.ts";
import type { CloudRecipe } from "./recipes.ts";
import type { Wishes } from "./wishes.ts";

/** @throws ConfigError when it is given twice, is empty or cannot be read */
export async function secretOf(wishes: Wishes, { secret: name, isPem }: CloudRecipe): Promise<string> {
  const given = wishes.text("secret");
  const path = wishes.text("secret-file");
  const variable = wishes.text("secret-env");
  const ways = Object.entries({ secret: given, "secret-file": path, "secret-env": variable })
    .filter(([, value]) => value !== undefined)
    .map(([option]) => `--${option}`);
  const [first, second] = ways;
  if (second !== undefined) throw new ConfigError(second, `it contradicts ${first}; give one of them.`);
  if (path !== undefined) return fileContent(path, name);
  if (variable !== undefined) {
    const value = process.env[variable];
    if (value) return value;
    throw new ConfigError(variable, `there is no such variable, or it is empty; it has to hold the ${name}.`);
  }
  if (given !== undefined) return given;
  if (isPem === true)
    throw new ConfigError("--secret-file", `it is missing; give the file with the ${name}.`);
  return await askSecret(name);
}

/** Without the line end that editors put behind it. */
function fileContent(path: string, name: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError(path, `the ${name} cannot be read: ${describeError(error)}.`);
  }
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw new ConfigError(path, `it is empty; it has to hold the ${name}.`);
  return secret;
}

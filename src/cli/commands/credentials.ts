/** `martlet credentials`: what a device puts into its CONNECT to log in at an IoT cloud, or at a broker that plays one. */

import { ConfigError, nearest, systemClock, systemRandom } from "#base";
import { defineCommand } from "../command.ts";
import { type CredentialsValues, options } from "../credentials/options.ts";
import { type CloudRecipe, cloudRecipes } from "../credentials/recipes.ts";
import { credentialJson, credentialLines } from "../credentials/report.ts";
import { secretOf } from "../credentials/secret.ts";
import { type GivenValues, Wishes } from "../credentials/wishes.ts";
import { ExitStatus } from "../exit-status.ts";
import { namePositionals } from "../positionals.ts";
import { TextOutput } from "../text-output.ts";

/** Every cloud has these. */
const commonNames: readonly string[] = [
  "cloud",
  "secret",
  "secret-file",
  "secret-env",
  "json",
  "help",
  "version",
];
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export const credentialsCommand = defineCommand({
  name: "credentials",
  description: [
    "Writes address, client id, user name, password and keep alive for a device of that cloud. Nothing is sent anywhere. The secret is taken from a file, a variable or standard input; a terminal is asked for it without showing it. With --secret it stands in the list of processes, and in the history of the shell.",
    ...recipeLines(),
    "Example: martlet credentials aliyun --product a1B2c3 --device sensor-1 --region cn-shanghai --secret-file secret.txt",
    "Example: martlet credentials azure --hub myhub --device dev1 --expires-in 3600 --json",
  ],
  options,
  usage: "<cloud> [options]",
  prepare: (args) => namePositionals(args, options, ["cloud"]),
  async run(values: CredentialsValues) {
    const { name, recipe } = recipeOf(values);
    refuseForeign(values, name, recipe);
    const wishes = new Wishes(values as GivenValues, systemClock().epochMs(), invented);
    // Before the secret is asked for.
    for (const option of recipe.needs) wishes.need(option);
    const made = recipe.make(wishes, await secretOf(wishes, recipe));
    const output = new TextOutput();
    const lines = values.json === true ? [credentialJson(made)] : credentialLines(made);
    for (const line of lines) await output.line(line);
    await output.flush();
    return ExitStatus.OK;
  },
});

function recipeOf(values: CredentialsValues): { readonly name: string; readonly recipe: CloudRecipe } {
  const [name, second] = values.cloud ?? [];
  const names = Object.keys(cloudRecipes);
  if (name === undefined) throw new ConfigError("<cloud>", `it is missing; give ${names.join(", ")}.`);
  if (second !== undefined) throw new ConfigError(second, "one cloud at a time is enough.");
  const recipe = Object.hasOwn(cloudRecipes, name) ? cloudRecipes[name] : undefined;
  if (recipe !== undefined) return { name, recipe };
  const near = nearest(name, names);
  const hint = near === undefined ? `The clouds are: ${names.join(", ")}.` : `Did you mean ${near}?`;
  throw new ConfigError(name, `there is no such cloud. ${hint}`);
}

/** @throws ConfigError for an option that this cloud does not have */
function refuseForeign(values: CredentialsValues, name: string, { needs, allows }: CloudRecipe): void {
  const own = [...needs, ...allows];
  const foreign = Object.keys(values).find(
    (option) => !commonNames.includes(option) && !own.includes(option),
  );
  if (foreign === undefined) return;
  const list = own.map((option) => `--${option}`).join(", ");
  throw new ConfigError(`--${foreign}`, `${name} does not have it; it has ${list}.`);
}

function recipeLines(): string[] {
  return Object.entries(cloudRecipes).map(([name, { needs, allows, secret }]) => {
    const needed = needs.map((option) => `--${option}`);
    const allowed = allows.map((option) => `[--${option}]`);
    return `${name}: ${[...needed, ...allowed].join(" ")}; the secret is the ${secret}.`;
  });
}

function invented(length: number): string {
  const bytes = systemRandom().bytes(length);
  return Array.from(bytes, (byte) => letters[byte % letters.length]).join("");
}

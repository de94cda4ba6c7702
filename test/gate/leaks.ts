/** Looks for secrets in what a program has said. */

/** Secrets by what they are, for the report of a leak. */
export type Secrets = Readonly<Record<string, string>>;

/** Shorter ones stand in many a text by chance. */
const SHORTEST = 8;

/**
 * The secrets that a line of `heard` holds, as they are, or as Base64, hex or in a URL or JSON: `name: line` for the first line of
 * each.
 */
export function leaksIn(heard: string, secrets: Secrets): string[] {
  const lines = heard.split("\n");
  const lower = lines.map((line) => line.toLowerCase());
  return Object.entries(secrets).flatMap(([name, secret]) => {
    if (secret.length < SHORTEST) throw new RangeError(`${name} is too short to be looked for`);
    const forms = formsOf(secret).map((form) => form.toLowerCase());
    const at = lower.findIndex((line) => forms.some((form) => line.includes(form)));
    return at < 0 ? [] : [`${name}: ${lines[at]}`];
  });
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // Without the last digits: they depend on what follows.
  const base64 = bytes.toString("base64").replace(/.?=*$/, "");
  return [
    secret,
    base64,
    base64.replaceAll("+", "-").replaceAll("/", "_"),
    bytes.toString("hex"),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    `<Buffer ${(bytes.toString("hex").match(/../g) ?? []).slice(0, SHORTEST).join(" ")}`,
    [...bytes].slice(0, SHORTEST).join(", "),
  ];
}

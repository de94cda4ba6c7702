/**
 * JSON as mosquitto's tools write it, by the library cJSON: numbers in at most 17 digits, tabs where it is pretty, and the keys
 * of a payload in their order, doubles included.
 *
 * Texts here are bytes: each character stands for one, so that a payload that is no UTF-8 passes as it is.
 */

/** A value that is already written, or one of these. */
export type JsonValue = string | number | JsonObject | Written;
export type JsonObject = readonly (readonly [key: string, value: JsonValue])[];

export class Written {
  readonly tokens: readonly string[];

  constructor(tokens: readonly string[]) {
    this.tokens = tokens;
  }
}

/** The tokens of a text that is JSON; undefined for one that is not. */
export function readJson(text: string): Written | undefined {
  try {
    JSON.parse(Buffer.from(text, "latin1").toString("utf8"));
  } catch {
    return undefined;
  }
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s"[\]{}:,]+/gs) ?? [];
  return new Written(tokens.map(normalToken));
}

/** `value` in one line, or in several with tabs. */
export function writeJson(value: JsonValue, style: { readonly isPretty: boolean }): string {
  const tokens = tokensOf(value);
  return style.isPretty ? pretty(tokens) : tokens.join("");
}

function tokensOf(value: JsonValue): readonly string[] {
  if (value instanceof Written) return value.tokens;
  if (typeof value === "string") return [JSON.stringify(value)];
  if (typeof value === "number") return [numberText(value)];
  const members = value.flatMap(([key, member], index) => [
    ...(index === 0 ? [] : [","]),
    JSON.stringify(key),
    ":",
    ...tokensOf(member),
  ]);
  return ["{", ...members, "}"];
}

function normalToken(token: string): string {
  if (token.startsWith('"')) {
    if (!token.includes("\\")) return token;
    const value = JSON.parse(Buffer.from(token, "latin1").toString("utf8")) as string;
    return JSON.stringify(Buffer.from(value, "utf8").toString("latin1"));
  }
  return /^[-\d]/.test(token) ? numberText(Number(token)) : token;
}

/** As `%d`, or as `%1.15g`, or as `%1.17g` where 15 digits are too few. */
function numberText(value: number): string {
  if (!Number.isFinite(value)) return "null";
  if (Number.isInteger(value) && Math.abs(value) <= 0x7fff_ffff) return String(value === 0 ? 0 : value);
  const short = general(value, 15);
  return Number(short) === value ? short : general(value, 17);
}

/** C's `%g` with so many digits. */
function general(value: number, digits: number): string {
  const [mantissa = "", power = "0"] = value.toExponential(digits - 1).split("e");
  const exponent = Number(power);
  const trim = (text: string): string => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (exponent >= -4 && exponent < digits) return trim(value.toFixed(Math.max(0, digits - 1 - exponent)));
  return `${trim(mantissa)}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** cJSON_Print: objects over several lines, arrays in one. */
function pretty(tokens: readonly string[]): string {
  let text = "";
  let depth = 0;
  const stack: string[] = [];
  for (const [index, token] of tokens.entries()) {
    const isInObject = stack.at(-1) === "{";
    if (token === "{" || token === "[") {
      stack.push(token);
      depth++;
      if (token === "[") text += "[";
      else text += tokens[index + 1] === "}" ? "{\n" : `{\n${"\t".repeat(depth)}`;
    } else if (token === "}" || token === "]") {
      stack.pop();
      depth--;
      if (token === "]") text += "]";
      else text += tokens[index - 1] === "{" ? `${"\t".repeat(depth)}}` : `\n${"\t".repeat(depth)}}`;
    } else if (token === ":") text += ":\t";
    else if (token === ",") text += isInObject ? `,\n${"\t".repeat(depth)}` : ", ";
    else text += token;
  }
  return text;
}

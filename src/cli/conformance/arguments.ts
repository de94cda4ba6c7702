/** What the options of `martlet conformance` select: versions and cases. */

import { ConfigError, nearest } from "#base";
import { ProtocolVersion, versionName } from "#protocol";
import type { ConformanceCase } from "#testing";

/** `["3.1.1,5.0", "3.1"]` as versions, each once and in order; all when there are none. */
export function versionsOf(texts: readonly string[] = []): ProtocolVersion[] {
  const all = [ProtocolVersion.MQTT_3_1, ProtocolVersion.MQTT_3_1_1, ProtocolVersion.MQTT_5_0];
  const wanted = texts.flatMap((text) => text.split(","));
  for (const text of wanted) {
    if (!all.some((version) => isVersion(text, version))) {
      throw new ConfigError("--version", `"${text}" is not known; give 3.1, 3.1.1 or 5.0.`);
    }
  }
  return wanted.length === 0 ? all : all.filter((each) => wanted.some((text) => isVersion(text, each)));
}

function isVersion(text: string, version: ProtocolVersion): boolean {
  const name: string = versionName(version);
  return text.trim() === name || `${text.trim()}.0` === name;
}

/**
 * The cases that `wishes` name: by name or the beginning of one, or by a statement or the beginning of one, with its
 * version (`5.0/MQTT-3.3.1-4`) or without (`MQTT-3.3`). A statement with its version selects cases in that version only.
 *
 * @throws ConfigError for a wish that names nothing
 */
export function selectCases(
  cases: readonly ConformanceCase[],
  wishes: readonly string[] | undefined,
): readonly ConformanceCase[] {
  if (wishes === undefined) return cases;
  const words = wishes.flatMap((wish) => wish.split(",")).map((word) => word.trim());
  const selected = words.map((word) => {
    const chosen = cases.flatMap((each) => {
      const versions = versionsFor(each, word);
      return versions.length === 0 ? [] : [{ ...each, versions }];
    });
    if (chosen.length === 0) throw nothingCalled(word, cases);
    return chosen;
  });
  const byName = new Map<string, ConformanceCase>();
  for (const each of selected.flat()) {
    const versions = new Set([...(byName.get(each.name)?.versions ?? []), ...each.versions]);
    byName.set(each.name, { ...each, versions: [...versions].toSorted((a, b) => a - b) });
  }
  return cases.flatMap(({ name }) => byName.get(name) ?? []);
}

function versionsFor(each: ConformanceCase, word: string): readonly ProtocolVersion[] {
  if (each.name.startsWith(word)) return each.versions;
  const matching = each.statements.filter((id) => isStatement(id, word));
  if (matching.length === 0) return [];
  if (!word.includes("/")) return each.versions;
  const isOf5 = word.startsWith("5.0/");
  return each.versions.filter((version) => (version === ProtocolVersion.MQTT_5_0) === isOf5);
}

/** `MQTT-3.1` is the beginning of `MQTT-3.1.2-1`, and not of `MQTT-3.14.1-1`. */
function isStatement(id: string, word: string): boolean {
  const own = word.includes("/") ? id : id.slice(id.indexOf("/") + 1);
  if (!own.startsWith(word)) return false;
  const next = own[word.length];
  return next === undefined || !/[0-9]/.test(next) || !/[0-9]$/.test(word);
}

function nothingCalled(word: string, cases: readonly ConformanceCase[]): ConfigError {
  const names = cases.flatMap(({ name, statements }) => [name, ...statements]);
  const near = nearest(word, names);
  const hint = near === undefined ? "martlet conformance --list shows all." : `Did you mean ${near}?`;
  return new ConfigError("--only", `no case and no statement begins with "${word}". ${hint}`);
}

/**
 * A name for each listener that no other has. Who gets in, by which rules and up to which limits is kept by the names of listeners,
 * and nobody has to name one: its protocol and port do. Two on one port, of different addresses, would share that name, and what
 * one of them allows would hold at the other.
 */

import type { Configuration, ListenerConfiguration } from "#config";
import { nameOf } from "./listener-options.ts";

/**
 * `configuration` with a name, such as `tcp:127.0.0.1:1883`, for every listener that would share its usual one. Rules about that
 * usual name are about all of them, as whoever wrote it meant.
 */
export function namedApart(configuration: Configuration): Configuration {
  const { listeners, access } = configuration;
  const usual = listeners.map(nameOf);
  if (new Set(usual).size === usual.length) return configuration;
  const taken = new Set(usual);
  const apart = listeners.map((listener, index) => {
    const name = usual[index] as string;
    const isShared = usual.indexOf(name) !== usual.lastIndexOf(name);
    if (!isShared || listener.name !== undefined) return listener;
    const named = { ...listener, name: nameApart(listener, index, taken) };
    taken.add(named.name);
    return named;
  });
  const meantBy = (name: string): readonly string[] => {
    if (listeners.some((listener) => listener.name === name)) return [name];
    const names = apart.filter((_, index) => usual[index] === name).map(nameOf);
    return names.length === 0 ? [name] : names;
  };
  const rules = access.rules.map((rule) =>
    rule.listeners === undefined ? rule : { ...rule, listeners: rule.listeners.flatMap(meantBy) },
  );
  return { ...configuration, listeners: apart, access: { ...access, rules } };
}

function nameApart(listener: ListenerConfiguration, index: number, taken: ReadonlySet<string>): string {
  const { protocol, host = ["localhost"], port = 0 } = listener;
  let name = `${protocol}:${host.join(",")}:${port}`;
  // On one address by both families, or on any free port.
  while (taken.has(name)) name += `#${index}`;
  return name;
}

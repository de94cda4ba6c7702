/**
 * Topic filters with names for their wildcards: `rooms/{room}/lamp` subscribes to `rooms/+/lamp`, and each message then says
 * which room it came from. `{rest...}` at the end stands for `#`. The names are part of the type.
 */

type Level<Text extends string> = Text extends `{${infer Name}...}`
  ? Name
  : Text extends `{${infer Name}}`
    ? Name
    : never;

type NamesIn<Pattern extends string> = Pattern extends `${infer First}/${infer Rest}`
  ? Level<First> | NamesIn<Rest>
  : Level<Pattern>;

/** `{ room: string }` for `rooms/{room}/lamp`. */
export type TopicParameters<Pattern extends string> = string extends Pattern
  ? Readonly<Record<string, string>>
  : { readonly [Name in NamesIn<Pattern>]: string };

/** A pattern as filter and names. */
export interface TopicPattern<Parameters = unknown> {
  readonly topicFilter: string;
  /** The parameters of a topic name that matches the filter. */
  readonly parametersOf: (topicName: string) => Parameters;
}

/**
 * Reads a pattern, for `subscribe`. The filter is not judged here.
 *
 * @example client.subscribe(topicPattern("rooms/{room}/lamp"), {}, ({ parameters }) => console.log(parameters.room));
 */
export function topicPattern<const Pattern extends string>(
  pattern: Pattern,
): TopicPattern<TopicParameters<Pattern>> {
  const names: [index: number, name: string, isRest: boolean][] = [];
  const levels = pattern.split("/").map((level, index) => {
    const [, name, dots] = /^\{([^{}.]+)(\.\.\.)?\}$/.exec(level) ?? [];
    if (name === undefined) return level;
    names.push([index, name, dots !== undefined]);
    return dots === undefined ? "+" : "#";
  });
  // A shared filter's first two levels are no part of the topic name.
  const shift = levels[0] === "$share" ? 2 : 0;
  return {
    topicFilter: levels.join("/"),
    parametersOf(topicName) {
      const parts = topicName.split("/");
      const parameters: Record<string, string> = {};
      for (const [index, name, isRest] of names) {
        const at = index - shift;
        parameters[name] = isRest ? parts.slice(at).join("/") : (parts[at] ?? "");
      }
      return parameters as TopicParameters<Pattern>;
    },
  };
}

/**
 * Topic Filters (4.7) and shared ones (4.8.2): their syntax, and a matcher that is short enough to be believed. The broker's
 * subscription tree is tested against it.
 */

/** A Topic Filter in its parts; `$share/group/a/+` gives shareName `group` and filter `a/+`. */
export interface ParsedTopicFilter {
  /** Only of a Shared Subscription. */
  readonly shareName?: string;
  /** Without `$share/{shareName}/`. */
  readonly filter: string;
  /** `filter` between its slashes; levels may be empty. */
  readonly levels: readonly string[];
  readonly hasWildcards: boolean;
}

const SHARE_PREFIX = "$share/";

/** Whether `text` claims to be a Shared Subscription's filter, well-formed or not. */
export function isSharedFilter(text: string): boolean {
  return text.startsWith(SHARE_PREFIX);
}

/** The parts of `text`, or undefined when it is no Topic Filter: `topicFilterProblem` then says why. */
export function parseTopicFilter(text: string): ParsedTopicFilter | undefined {
  if (topicFilterProblem(text) !== undefined) return undefined;
  const slash = isSharedFilter(text) ? text.indexOf("/", SHARE_PREFIX.length) : -1;
  const filter = text.slice(slash + 1);
  const parts = {
    filter,
    levels: filter.split("/"),
    hasWildcards: filter.includes("+") || filter.includes("#"),
  };
  return slash < 0 ? parts : { shareName: text.slice(SHARE_PREFIX.length, slash), ...parts };
}

/** Why `text` is no Topic Filter, or undefined. */
export function topicFilterProblem(text: string): string | undefined {
  if (text === "") return "a topic filter has at least one character"; // [MQTT-4.7.3-1]
  if (text.includes("\0")) return "a topic filter has no U+0000"; // [MQTT-4.7.3-2]
  if (!isSharedFilter(text)) return wildcardProblem(text);

  const slash = text.indexOf("/", SHARE_PREFIX.length);
  const shareName = text.slice(SHARE_PREFIX.length, slash < 0 ? undefined : slash);
  if (shareName === "") return "the share name has at least one character"; // [MQTT-4.8.2-1]
  if (shareName.includes("+") || shareName.includes("#")) return "a share name has no wildcards"; // [MQTT-4.8.2-2]
  if (slash < 0 || slash + 1 === text.length) return "a topic filter follows the share name"; // [MQTT-4.8.2-2]
  return wildcardProblem(text.slice(slash + 1));
}

function wildcardProblem(filter: string): string | undefined {
  if (!filter.includes("+") && !filter.includes("#")) return undefined;
  const levels = filter.split("/");
  for (const [index, level] of levels.entries()) {
    if (level === "#" && index < levels.length - 1) return "# is the last level"; // [MQTT-4.7.1-1]
    if (level.length > 1 && level.includes("#")) return "# stands alone in its level"; // [MQTT-4.7.1-1]
    if (level.length > 1 && level.includes("+")) return "+ stands alone in its level"; // [MQTT-4.7.1-2]
  }
  return undefined;
}

/** Whether `topicName` matches `filter`, level by level. `filter` is valid and has no `$share/` part. */
export function topicMatches(filter: string, topicName: string): boolean {
  const wanted = filter.split("/");
  const levels = topicName.split("/");
  // A leading wildcard does not match names that begin with $ [MQTT-4.7.2-1].
  if (topicName.startsWith("$") && (wanted[0] === "+" || wanted[0] === "#")) return false;
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return true; // also the parent level: a/# matches a
    if (index >= levels.length) return false;
    if (level !== "+" && level !== levels[index]) return false;
  }
  return wanted.length === levels.length;
}

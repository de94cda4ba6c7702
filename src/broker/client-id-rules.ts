/** Which client ids a broker wants. Those that it invents itself are exempt. */

import type { BrokerSettings } from "./settings.ts";

/** One pattern a listener, compiled when the first client comes. */
const patterns = new WeakMap<BrokerSettings, RegExp>();

/** Why `clientId` is not wanted, for the client and the log; undefined when it is. */
export function clientIdProblem(clientId: string, settings: BrokerSettings): string | undefined {
  const { maximumClientIdLength, clientIdPrefix } = settings;
  if (clientId.length > maximumClientIdLength)
    return `The client id is longer than ${maximumClientIdLength}.`;
  if (clientIdPrefix !== undefined && !clientId.startsWith(clientIdPrefix))
    return "The client id does not begin as it has to.";
  if (settings.clientIdPattern !== undefined && !patternOf(settings, settings.clientIdPattern).test(clientId))
    return "The client id does not look as it has to.";
  return undefined;
}

function patternOf(settings: BrokerSettings, source: string): RegExp {
  let pattern = patterns.get(settings);
  if (pattern === undefined) {
    pattern = new RegExp(`^(?:${source})$`, "u");
    patterns.set(settings, pattern);
  }
  return pattern;
}

/**
 * Rules of our own configuration, as data: what a file says, before it is checked. `accessRules` makes a source of permissions of
 * them.
 */

import type { Qos } from "#protocol";

export const ruleActions = ["publish", "subscribe", "receive", "unsubscribe"] as const;
export type RuleAction = (typeof ruleActions)[number];

/**
 * The first rule that fits decides.
 *
 * A topic may hold placeholders, each of which fills a whole level: `%c` the client identifier, `%u` the user name, `%{claim.site}`
 * the claim `site` of the client's login (dots go into objects; of a list, each text in it).
 *
 * | question | an `allow` fits | a `deny` fits |
 * | --- | --- | --- |
 * | publish, receive | topics that match | the same |
 * | subscribe, unsubscribe | filters whose every topic matches | filters with any topic that matches |
 *
 * So `deny subscribe secret/#` also stops a subscription to `#`.
 */
export interface AccessRule {
  /** For logs; without one the rule is known by its place. */
  readonly name?: string | undefined;
  readonly effect: "allow" | "deny";
  /** Default: publish and subscribe. */
  readonly actions?: readonly RuleAction[] | undefined;
  /** Topic filters, one at least. As everywhere, a leading wildcard does not stand for topics that begin with `$`. */
  readonly topics: readonly string[];
  /** Default: everybody. */
  readonly who?: RuleSubject | undefined;
  /** Publishing: of these. Subscribing: asking for these. Not for `receive` and `unsubscribe`. Default: any. */
  readonly qos?: readonly Qos[] | undefined;
  /** Only publishing with RETAIN, or only without. Not for the other actions. Default: both. */
  readonly retain?: boolean | undefined;
}

/**
 * Whom a rule is about. All that is given has to hold; in a list one suffices. Texts may hold `*` for any run of characters
 * (so a `*` in a name cannot be asked for alone).
 */
export interface RuleSubject {
  readonly clientIds?: readonly string[] | undefined;
  readonly userNames?: readonly string[] | undefined;
  /** True: only clients without a user name; false: only clients with one. */
  readonly anonymous?: boolean | undefined;
  /**
   * Of the certificate that the client has shown: `subject.CN`, `issuer.O` and other parts of both names, `subjectAltName` (each
   * of its names, such as `DNS:sensor-1.example.org`), `serialNumber`, `fingerprint256`.
   */
  readonly certificate?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Of the client's login, by name; dots go into objects. A claim that is a list holds if one of its values does. */
  readonly claims?: Readonly<Record<string, ClaimWish>> | undefined;
  /** Addresses or ranges such as `192.0.2.0/24` and `2001:db8::/32`. */
  readonly addresses?: readonly string[] | undefined;
  /** Names of listeners. */
  readonly listeners?: readonly string[] | undefined;
}

export type ClaimWish = string | number | boolean | readonly string[];

/**
 * @module doctor: looks at a configuration and the machine it is for: what is reachable from where, who may log in and do what, what
 * is unsafe, and whether clock, limits and disk are as a broker needs them. Says what to do, and changes nothing.
 */

export { type ExaminationOptions, examine } from "./examine.ts";
export { type Area, areas, type Finding, type Level, levels } from "./finding.ts";

/** Arguments as a shell reads them back, for commands that people copy. */

/** `argument` with quotes where it needs some. */
export function quoted(argument: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(argument)
    ? argument
    : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}

/** The part of a page that `bench:compare --write-docs` writes: what stands between the two markers. */

const BEGIN = "<!-- bench:start -->";
const END = "<!-- bench:end -->";

/** `page` with `text` between its markers; undefined when it has none. */
export function withBlock(page: string, text: string): string | undefined {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END, begin);
  if (begin < 0 || end < 0) return undefined;
  return `${page.slice(0, begin)}${BEGIN}\n\n${text.trim()}\n\n${page.slice(end)}`;
}

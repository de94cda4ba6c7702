/** The parts of a page that `bench:compare --write-docs` writes: what stands between two markers. */

/** `bench`: the brokers. */
export type BlockName = "bench" | "bench:client";

/** `page` with `text` between the markers of the block; undefined when it has none. */
export function withBlock(page: string, text: string, name: BlockName): string | undefined {
  const first = `<!-- ${name}:start -->`;
  const begin = page.indexOf(first);
  const end = page.indexOf(`<!-- ${name}:end -->`, begin);
  if (begin < 0 || end < 0) return undefined;
  return `${page.slice(0, begin)}${first}\n\n${text.trim()}\n\n${page.slice(end)}`;
}

// The pages that people read, and the blocks of code in them.
import { globSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { root } from "../../scripts/checkout.ts";

export interface Block {
  /** `docs/how-to/raw-device.md:12` */
  readonly place: string;
  /** What stands behind the three backticks, for example `ts`. */
  readonly language: string;
  readonly text: string;
}

/** All pages in Markdown, by their paths with slashes. */
export function pages(): string[] {
  return globSync(["*.md", "docs/**/*.md"], { cwd: root })
    .map((file) => file.split(sep).join("/"))
    .toSorted();
}

export function textOf(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** The fenced blocks of a page. */
export function blocksOf(file: string): Block[] {
  return fencedBlocks(file, textOf(file));
}

/** The blocks in the doc comments of a source file. */
export function blocksInComments(file: string): Block[] {
  const blocks: Block[] = [];
  const source = textOf(file);
  for (const { 0: comment, index } of source.matchAll(/\/\*\*.*?\*\//gs)) {
    const firstLine = source.slice(0, index).split("\n").length;
    blocks.push(...fencedBlocks(file, comment.replaceAll(/^ *\* ?/gm, ""), firstLine));
  }
  return blocks;
}

function fencedBlocks(file: string, text: string, firstLine = 1): Block[] {
  return [...text.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map(
    ({ 1: language = "", 2: body = "", index }) => ({
      place: `${file}:${text.slice(0, index).split("\n").length + firstLine - 1}`,
      language: language.trim(),
      text: body,
    }),
  );
}

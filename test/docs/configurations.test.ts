// Every block of a page that is a configuration file is one that the broker takes, but for the files that it names.
import { expect, it } from "vitest";
import { problemsIn } from "../config/folder.ts";
import { blocksOf, pages } from "./pages.ts";

const files = pages()
  .flatMap(blocksOf)
  .flatMap(({ place, language, text }) => {
    const name = / (martlet\.(?:toml|yaml))$/.exec(language)?.[1];
    return name === undefined ? [] : [{ place, name, text }];
  });

it("there are some", () => {
  expect(files.length).toBeGreaterThan(4);
});

it.each(files)("$place", async ({ name, text }) => {
  expect(await problemsIn(text, {}, name)).toEqual([]);
});

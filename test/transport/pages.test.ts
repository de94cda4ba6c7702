// The configuration files in the pages on TLS and on proxies are ones that the broker takes.
import { expect, test } from "vitest";
import { problemsIn } from "../config/folder.ts";
import { blocksOf } from "../docs/pages.ts";

test.each(["docs/how-to/listen-on-tls.md", "docs/how-to/behind-a-proxy.md"])("%s", async (page) => {
  const files = blocksOf(page).filter(({ language }) => language === "toml");
  expect(files).toHaveLength(1);
  for (const { text } of files)
    expect(await problemsIn(`[logins]\nallow_anonymous = true\n${text}`)).toEqual([]);
});

// docs/how-to/cloud-logins.md does what it says: each command is followed by what it writes, and the file of secrets is one.
import { describe, expect, test } from "vitest";
import { cloudNames } from "#clouds";
import { parseCloudSecrets } from "#credentials";
import { cloudRecipes } from "../../src/cli/credentials/recipes.ts";
import { shell } from "../cli/run-martlet.ts";
import { blocksOf, textOf } from "../docs/pages.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { loginOf, said, verifier } from "./cloud-logins.ts";

const page = "docs/how-to/cloud-logins.md";
const blocks = blocksOf(page);
const commands = blocks.flatMap((block, index) =>
  block.language === "sh" ? [{ ...block, written: blocks[index + 1] }] : [],
);

test("there are commands, each with what it writes", () => {
  expect(commands.length).toBe(5);
  expect(commands.map(({ written }) => written?.language)).toEqual(["text", "json", "text", "text", "text"]);
});

test.each(commands)("$place", async ({ text, written }) => {
  const folder = temporaryFolder();
  expect(await shell(`cd "${folder}"\n${text}`)).toEqual({ code: 0, stdout: written?.text, stderr: "" });
});

describe("the file", () => {
  const file = blocks.find(({ language }) => language === "toml")?.text ?? "";
  const secrets = parseCloudSecrets(file, "clouds.toml");

  test("lets in the device that writes hex, with the last password of the page", async () => {
    const [, clientId, userName, password] =
      /client id +(.+)\nuser name +(.+)\npassword +(.+)\n/.exec(commands.at(-1)?.written?.text ?? "") ?? [];
    const provider = verifier("aliyun", {}, { secretOf: secrets.secretOf });
    const login = loginOf({
      clientId: clientId ?? "",
      userName,
      password,
      keepAliveSeconds: 120,
    });
    expect(said(await provider.authenticate(login))).toBe("in as 1234/5678");
    expect([...secrets.clouds]).toEqual(["aliyun", "onenet", "azure"]);
  });

  test("and the tables speak of every cloud", () => {
    const text = textOf(page);
    const rows = (names: readonly string[]) => names.filter((name) => !text.includes(`| \`${name}\` |`));
    expect(rows(Object.keys(cloudRecipes))).toEqual([]);
    expect(rows(cloudNames)).toEqual([]);
  });
});

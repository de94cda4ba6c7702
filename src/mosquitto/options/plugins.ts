/** Plugins of mosquitto. Only dynamic security is there; its file of roles is Martlet's `access.roles_file`. */

import { basename, resolve } from "node:path";
import { optionsOf, text, toggle, words } from "../option.ts";
import type { Target } from "../target.ts";

const option = optionsOf("plugin");

const DYNAMIC_SECURITY = "dynamic_security";

/** The plugin that a line names. */
export function isDynamicSecurity(path: string): boolean {
  return basename(path).includes(DYNAMIC_SECURITY);
}

function named(path: string, target: Target): void {
  if (isDynamicSecurity(path)) return;
  target.refuse(
    `There is no plugin ${basename(path)}; logins and permissions that a service of yours decides are [logins.http] and [access.http].`,
  );
}

export const pluginOptions = [
  option(
    "plugin",
    text,
    {
      aliases: ["auth_plugin", "global_plugin"],
      keys: ["access.roles_file"],
      says: "`mosquitto_dynamic_security.so` with `plugin_opt_config_file`; every other plugin is refused.",
    },
    named,
  ),
  option(
    "plugin_load",
    words,
    { keys: ["access.roles_file"], says: "As `plugin`, behind a name." },
    (value, target) => named(value.slice(1).join(" "), target),
  ),
  option("plugin_use", text, { verdict: "different", says: "Plugins hold for all listeners." }),
  option(
    "plugin_opt_config_file",
    text,
    { aliases: ["auth_opt_config_file"], keys: ["access.roles_file"], says: "The file of dynamic security." },
    (value, target) => {
      const { plugin } = target;
      if (plugin?.isDynamicSecurity !== true) return;
      plugin.hasFile = true;
      target.set("access.roles_file", resolve(value));
    },
  ),
  option("plugin_opt_*", text, {
    aliases: ["auth_opt_*"],
    isSecret: true,
    verdict: "unsupported",
    says: "An option of another plugin, or one of dynamic security that is not there.",
  }),
  option(
    "auth_plugin_deny_special_chars",
    toggle,
    { verdict: "different", says: "Roles of dynamic security judge all names alike." },
    (_, target) => {
      if (target.plugin === undefined) {
        throw target.mistake(
          "An auth_plugin_deny_special_chars option exists in the config file without an auth_plugin.",
        );
      }
    },
  ),
];

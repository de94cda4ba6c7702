/**
 * mosquitto's dynamic security: clients with passwords, groups and roles in one state file, changed while the broker runs by commands
 * to `$CONTROL/dynamic-security/v1`, for example those of mosquitto_ctrl. A source of permissions and a login provider.
 *
 * Commands are worked off one message after the other, and answered after the state has been saved; what cannot be saved has not
 * happened. Permissions change at that moment. Connections that mosquitto would end, end a little later, so that the answer is there
 * first.
 */

import {
  type Accepted,
  type GateChange,
  hashPassword,
  type Identity,
  type Login,
  type PasswordHashing,
  type PasswordMethod,
  type Permission,
  type Refused,
  verifyPassword,
} from "#auth";
import { type Clock, EMPTY_BYTES, type MaybePromise, type Random, utf8Decode, utf8Encode } from "#base";
import { ReasonCode } from "#protocol";
import type { AccessSource } from "../source.ts";
import { clientCommands } from "./client-commands.ts";
import type { Command, CommandAnswer, CommandTools } from "./command.ts";
import { CommandFields } from "./command-fields.ts";
import { Decisions } from "./decisions.ts";
import { Draft } from "./draft.ts";
import { groupCommands } from "./group-commands.ts";
import { field, isObject, type JsonObject, parseJson } from "./json.ts";
import { roleCommands } from "./role-commands.ts";
import type { RoleClient, RolesState } from "./state.ts";
import { formatState, parseState, storedPassword } from "./state-file.ts";

/** Where commands go; answers come on the same with `/response`. */
export const DYNAMIC_SECURITY_TOPIC = "$CONTROL/dynamic-security/v1";

const DEFAULT_MOST_COMMAND_BYTES = 4_194_304;
/** Between the answer and the end of connections. mosquitto leaves about as much. */
const KICK_DELAY_MS = 100;
/** Changes about single users that are told at once; each makes the broker look at all its sessions. */
const MOST_SINGLE_CHANGES = 100;

export interface DynamicSecurityOptions {
  /** For errors, denials and logs: the name of the file. */
  readonly source: string;
  readonly hashing: PasswordHashing;
  /** For salts; has to be that of the system. */
  readonly random: Random;
  readonly clock: Clock;
  /** Replaces the file, safely; rejects when that was not possible. */
  save(text: string): Promise<void>;
  /** A password could not be hashed, or the file not saved; whoever sent the commands is told that they failed. */
  failed?(error: unknown): void;
  /** How new passwords are hashed. Default `sha512-pbkdf2`, which mosquitto 2.0 can read too. */
  readonly passwordMethod?: PasswordMethod | undefined;
  /** Of PBKDF2. Default 210,000. */
  readonly iterations?: number | undefined;
  /** Of one message with commands; a larger one is answered with an error. Default 4 MiB. */
  readonly mostCommandBytes?: number | undefined;
  /** Addresses of a user's connections, for `getClient`. Default: not told. */
  connectionsOf?(userName: string): readonly string[];
}

/** A login that was not let in, and why; the reason goes to the log, never to the client. */
export interface RefusedByRoles extends Refused {
  readonly reason: string;
}

const allCommands = new Map<string, { readonly name: string; readonly run: Command }>(
  Object.entries({ ...clientCommands, ...groupCommands, ...roleCommands }).map(([name, run]) => [
    name.toLowerCase(),
    { name, run },
  ]),
);

type Response = Record<string, unknown>;

export class DynamicSecurity implements AccessSource {
  readonly name: string;
  readonly #options: DynamicSecurityOptions;
  readonly #decisions: Decisions;
  #changed: ((change: GateChange) => void) | undefined = undefined;
  #state: RolesState;
  #changeIndex = 0;
  /** Settles when the commands before have been answered. */
  #before: Promise<unknown> = Promise.resolve();

  /**
   * @param text of the state file
   * @throws ConfigError
   */
  constructor(text: string, options: DynamicSecurityOptions) {
    this.name = options.source;
    this.#options = options;
    this.#state = parseState(text, options.source);
    this.#decisions = new Decisions(this.#state);
  }

  /** The state file as it would be written now. */
  toString(): string {
    return formatState(this.#state);
  }

  mayPublish(client: Identity, topicName: string): Permission | undefined {
    return this.#decisions.decide("mayPublish", client, topicName);
  }

  maySubscribe(client: Identity, topicFilter: string): Permission | undefined {
    return this.#decisions.decide("maySubscribe", client, topicFilter);
  }

  mayUnsubscribe(client: Identity, topicFilter: string): Permission | undefined {
    return this.#decisions.decide("mayUnsubscribe", client, topicFilter);
  }

  mayReceive(client: Identity, topicName: string): Permission | undefined {
    return this.#decisions.decide("mayReceive", client, topicName);
  }

  /** The last one counts: a gate that replaces another watches anew. */
  watch(changed: (change: GateChange) => void): void {
    this.#changed = changed;
  }

  /**
   * Judges logins with a user name that is known here and a password; all others are somebody else's business. Right password, right
   * client identifier if the client has one, and not disabled: let in.
   */
  authenticate(login: Login): MaybePromise<Accepted | RefusedByRoles | undefined> {
    const { userName, password } = login;
    if (userName === undefined || password === undefined) return undefined;
    const client = this.#state.clients.get(userName);
    if (client === undefined) return undefined;
    return this.#judge(client, login);
  }

  /**
   * What this login is judged by, if its user may come in with the right password: the same object as long as that is the same
   * one. Undefined for others. So that who has proved a password need not do so again at full price.
   */
  admissionOf({ userName = "", clientId }: Pick<Login, "userName" | "clientId">): object | undefined {
    const client = this.#state.clients.get(userName);
    const isAdmitted = client?.disabled === false && (client.clientId ?? clientId) === clientId;
    return isAdmitted ? client.password?.hash : undefined;
  }

  /** The password comes first, so that the time it takes says nothing about the rest. */
  async #judge(client: RoleClient, { password, clientId }: Login): Promise<Accepted | RefusedByRoles> {
    const { userName, disabled } = client;
    const hash = client.password?.hash;
    if (hash === undefined) return refused(`the client ${userName} has no password that could be verified`);
    const isRight = await verifyPassword(password ?? EMPTY_BYTES, hash, this.#options.hashing);
    if (!isRight) return refused(`the password of the client ${userName} is wrong`);
    if (disabled) return refused(`the client ${userName} is disabled`);
    if (client.clientId !== undefined && client.clientId !== clientId) {
      return refused(`the client ${userName} has another client identifier`);
    }
    // It may have been deleted or disabled meanwhile.
    if (this.#state.clients.get(userName) === client) return { outcome: "accepted" };
    return refused(`the client ${userName} was changed during the login`);
  }

  /**
   * Does what `payload` asks for and returns what to answer. Whether `client` may is not asked here: that is `mayPublish` for
   * `DYNAMIC_SECURITY_TOPIC`. Whatever the payload is, the answer says what is wrong with it.
   */
  handle(_client: Identity, payload: Uint8Array): Promise<Uint8Array> {
    const answer = this.#before.then(() => this.#handle(payload));
    this.#before = answer.catch(() => undefined);
    return answer;
  }

  async #handle(payload: Uint8Array): Promise<Uint8Array> {
    const responses = await this.#respond(payload);
    return utf8Encode(JSON.stringify({ responses }));
  }

  async #respond(payload: Uint8Array): Promise<Response[]> {
    const { mostCommandBytes = DEFAULT_MOST_COMMAND_BYTES } = this.#options;
    if (payload.length > mostCommandBytes) return [unknownCommand("Payload too large")];
    const parsed = parseJson(utf8Decode(payload));
    if (parsed === undefined) return [unknownCommand("Payload not valid JSON")];
    const commands = isObject(parsed.value) ? field(parsed.value, "commands") : undefined;
    if (!Array.isArray(commands)) return [unknownCommand("Invalid/missing commands")];
    const draft = new Draft(this.#state);
    const responses: Response[] = [];
    for (const command of commands as unknown[]) {
      const response = await this.#run(command, draft);
      responses.push(response);
      // mosquitto goes no further either.
      if (response["error"] === INVALID_CORRELATION) break;
    }
    if (!draft.isChanged) return responses;
    return (await this.#save(draft)) ? responses : responses.map(failed);
  }

  async #run(command: unknown, draft: Draft): Promise<Response> {
    if (!isObject(command)) return unknownCommand("Command not an object");
    const name = field(command, "command");
    if (typeof name !== "string") return unknownCommand("Missing command");
    const correlationData = field(command, "correlationdata");
    if (correlationData !== undefined && typeof correlationData !== "string") {
      return { command: name, error: INVALID_CORRELATION };
    }
    const known = allCommands.get(name.toLowerCase());
    if (known === undefined) return { command: name, error: "Unknown command", correlationData };
    const answer = await this.#answer(known.run, command, draft);
    if (typeof answer === "string") return { command: known.name, error: answer, correlationData };
    return { command: known.name, data: answer, correlationData };
  }

  /** A command whose surroundings fail has changed nothing either. */
  async #answer(run: Command, command: JsonObject, draft: Draft): Promise<CommandAnswer> {
    try {
      return await run(draft, new CommandFields(command), this.#tools());
    } catch (error) {
      this.#options.failed?.(error);
      return "Internal error";
    }
  }

  #tools(): CommandTools {
    const { hashing, random, iterations, passwordMethod = "sha512-pbkdf2" } = this.#options;
    return {
      changeIndex: this.#changeIndex,
      hashPassword: async (password) =>
        storedPassword(
          await hashPassword(utf8Encode(password), passwordMethod, { hashing, random, iterations }),
        ),
      connectionsOf: (userName) => this.#options.connectionsOf?.(userName),
    };
  }

  /** Returns whether the draft counts from now on. */
  async #save(draft: Draft): Promise<boolean> {
    const state = draft.finish();
    try {
      await this.#options.save(formatState(state));
    } catch (error) {
      this.#options.failed?.(error);
      return false;
    }
    this.#state = state;
    this.#decisions.use(state);
    this.#changeIndex++;
    this.#announce(draft);
    return true;
  }

  #announce({ affectsAll, affected, kicked }: Draft): void {
    const userNames = [...new Set([...affected, ...kicked])];
    if (affectsAll || userNames.length > MOST_SINGLE_CHANGES) this.#changed?.({});
    else for (const userName of userNames) this.#changed?.({ userName });
    if (kicked.size > 0) this.#kickLater([...kicked]);
  }

  /** Some at a time, so that a role that everybody has does not stop the broker. */
  #kickLater(userNames: readonly string[]): void {
    this.#options.clock.schedule(KICK_DELAY_MS, () => {
      for (const userName of userNames.slice(0, MOST_SINGLE_CHANGES)) {
        this.#changed?.({ userName, disconnect: true });
      }
      const left = userNames.slice(MOST_SINGLE_CHANGES);
      if (left.length > 0) this.#kickLater(left);
    });
  }
}

const INVALID_CORRELATION = "Invalid correlationData data type.";

function unknownCommand(error: string): Response {
  return { command: "Unknown command", error };
}

/** The answer to a command whose message could not be saved. */
function failed(response: Response): Response {
  if (response["error"] !== undefined) return response;
  const { command, correlationData } = response;
  return { command, error: "The change could not be saved", correlationData };
}

function refused(reason: string): RefusedByRoles {
  return { outcome: "refused", reasonCode: ReasonCode.NOT_AUTHORIZED, reason };
}

// `npm run rooms`: the rules between rooms that a linter cannot express. Prints `file:line: message`, fails on any.
//
//  1. A room imports other rooms only through their doors (`#protocol`), and only doors of lower floors.
//     Its unit tests may use any door. No path leads into another room, neither `../` nor `#room/file`.
//  2. The pure rooms reach time and chance only through `#base`, and the outside world through what their callers
//     hand in: no clock, no timers, no Math.random, no Node modules and no other packages. Unit tests are free.
//  3. In src/ nothing throws a bare `Error`; every error has a code of the catalogue. Unit tests are free.
//  4. package.json has a door for every room, and no door without a room.
//  5. A door that needs more than about 15 names is two rooms: larger ones are listed, without failing the run.
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, posix, sep } from "node:path";
import { parseSync } from "vite";
import { readPackageJson, root } from "./checkout.ts";

/** Every room and its floor; some are planned and have no folder yet. */
const floors: Readonly<Record<string, number>> = {
  base: 0,
  protocol: 1,
  flow: 2,
  transport: 3,
  store: 3,
  cluster: 3,
  auth: 3,
  limits: 3,
  hooks: 3,
  broker: 4,
  client: 4,
  logins: 4,
  clouds: 4,
  access: 4,
  bridge: 5,
  credentials: 5,
  config: 5,
  sn: 5,
  inspect: 5,
  probe: 5,
  admin: 5,
  testing: 5,
  bench: 5,
  mosquitto: 6,
  server: 6,
  service: 7,
  doctor: 7,
  shadow: 7,
  cli: 8,
};
/** The files of src/ itself, such as the "." export, stand above every room. */
const topFloor = 9;

/** Rooms without clock, dice and world. */
const pureRooms: ReadonlySet<string> = new Set([
  "base",
  "protocol",
  "flow",
  "store",
  "hooks",
  "auth",
  "limits",
  "broker",
  "logins",
  "clouds",
  "access",
]);
/** The files that stand for the real clock, the real dice and the real disk. */
const pureExceptions: ReadonlySet<string> = new Set([
  "src/base/system-clock.ts",
  "src/base/system-random.ts",
  "src/store/node-disk.ts",
  "src/store/node-lock.ts",
]);
/** Rooms that are started by path and have no door. */
const withoutDoor: ReadonlySet<string> = new Set(["cli"]);

const doorSizeToMention = 15;

const forbiddenMembers: ReadonlySet<string> = new Set([
  "Date.now",
  "performance.now",
  "performance.timeOrigin",
  "Math.random",
  "crypto.getRandomValues",
  "crypto.randomUUID",
  "process.hrtime",
  "process.nextTick",
]);
const forbiddenGlobals: ReadonlySet<string> = new Set([
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
]);

interface Node {
  type: string;
  start: number;
  [field: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

function identifierName(value: unknown): string | undefined {
  return isNode(value) && value.type === "Identifier" ? (value["name"] as string) : undefined;
}

/** `Math.random` for such a member expression, also behind `globalThis.`. */
function memberName(node: Node): string | undefined {
  const property = node["computed"] === true ? undefined : identifierName(node["property"]);
  const object = node["object"];
  if (property === undefined) return undefined;
  const direct = identifierName(object);
  if (direct === "globalThis") return property;
  if (direct !== undefined) return `${direct}.${property}`;
  if (isNode(object) && object.type === "MemberExpression") {
    const inner = memberName(object);
    return inner === undefined ? undefined : `${inner}.${property}`;
  }
  return undefined;
}

const problems: string[] = [];

class SourceFile {
  readonly path: string;
  readonly room: string | undefined;
  readonly isTest: boolean;
  readonly isPure: boolean;
  readonly #text: string;

  constructor(path: string, text: string) {
    this.path = path;
    const parts = path.split("/");
    this.room = parts.length > 2 ? parts[1] : undefined;
    this.isTest = path.endsWith(".test.ts");
    this.isPure =
      !this.isTest && this.room !== undefined && pureRooms.has(this.room) && !pureExceptions.has(path);
    this.#text = text;
  }

  check(): void {
    const { program, errors } = parseSync(this.path, this.#text);
    for (const error of errors) this.report(error.labels[0]?.start ?? 0, error.message);
    this.#visit(program as unknown as Node, undefined);
  }

  report(offset: number, message: string): void {
    const line = this.#text.slice(0, offset).split("\n").length;
    problems.push(`${this.path}:${line}: ${message}`);
  }

  #visit(node: Node, parent: Node | undefined): void {
    this.#judge(node, parent);
    for (const value of Object.values(node)) {
      if (Array.isArray(value)) {
        for (const item of value) if (isNode(item)) this.#visit(item, node);
      } else if (isNode(value)) this.#visit(value, node);
    }
  }

  #judge(node: Node, parent: Node | undefined): void {
    switch (node.type) {
      case "ImportDeclaration":
      case "ExportAllDeclaration":
      case "ExportNamedDeclaration":
      case "ImportExpression":
      case "TSImportType": {
        const source = node["source"] ?? node["argument"];
        if (isNode(source) && typeof source["value"] === "string")
          this.#judgeImport(source.start, source["value"]);
        break;
      }
      case "NewExpression":
      case "CallExpression":
        if (!this.isTest && identifierName(node["callee"]) === "Error")
          this.report(node.start, "bare Error: throw one of the errors of #base, which carry a code");
        if (
          this.isPure &&
          node.type === "NewExpression" &&
          identifierName(node["callee"]) === "Date" &&
          (node["arguments"] as unknown[]).length === 0
        )
          this.report(
            node.start,
            "new Date() reads the clock: take the time from the Clock that is handed in",
          );
        break;
      case "MemberExpression":
        if (this.isPure) this.#judgeName(node, memberName(node));
        break;
      case "Identifier":
        if (this.isPure && parent !== undefined && isReference(node, parent))
          this.#judgeName(node, node["name"] as string);
        break;
      default:
    }
  }

  #judgeName(node: Node, name: string | undefined): void {
    if (name === undefined) return;
    if (forbiddenMembers.has(name) || forbiddenGlobals.has(name))
      this.report(node.start, `${name} in room ${this.room}: use the Clock or Random that is handed in`);
  }

  #judgeImport(offset: number, specifier: string): void {
    if (specifier.startsWith("#")) this.#judgeDoor(offset, specifier);
    else if (specifier.startsWith(".")) this.#judgeRelative(offset, specifier);
    else if (specifier === "martlet" || specifier.startsWith("martlet/"))
      this.report(offset, `"${specifier}": inside src/ use the doors (#room)`);
    else if (this.isPure) {
      const kind = isBuiltin(specifier) ? "Node module" : "package";
      this.report(
        offset,
        `${kind} "${specifier}" in room ${this.room}, which has to run without the outside world`,
      );
    }
  }

  #judgeDoor(offset: number, specifier: string): void {
    const room = specifier.slice(1);
    if (room.includes("/")) {
      this.report(offset, `"${specifier}" leads into a room: import its door`);
      return;
    }
    const floor = floors[room];
    if (floor === undefined) {
      this.report(offset, `"${specifier}" is no room`);
      return;
    }
    if (this.isTest) return;
    const ownFloor = this.room === undefined ? topFloor : (floors[this.room] ?? topFloor);
    if (room === this.room)
      this.report(offset, `"${specifier}" is this room's own door: use a relative path`);
    else if (floor >= ownFloor)
      this.report(
        offset,
        `"${specifier}" is on floor ${floor}; ${this.room ?? "src"} (floor ${ownFloor}) imports only from lower floors`,
      );
  }

  #judgeRelative(offset: number, specifier: string): void {
    const target = posix.join(posix.dirname(this.path), specifier);
    const home = this.room === undefined ? "src" : `src/${this.room}`;
    const intoRoom = this.room === undefined && target.split("/").length > 2;
    const outside = !target.startsWith(`${home}/`);
    if (intoRoom || outside) {
      // A unit test may use test/support.
      if (this.isTest && target.startsWith("test/support/")) return;
      this.report(
        offset,
        `"${specifier}" leads ${intoRoom ? "into a room" : "out of the room"}: import a door (#room)`,
      );
    } else if (!/\.(ts|json)$/.test(specifier)) {
      this.report(offset, `"${specifier}": write the file's own ending (./name.ts)`);
    }
  }
}

/** Whether an identifier stands for the value of that name rather than for a key or a declaration. */
function isReference(node: Node, parent: Node): boolean {
  if (parent.type === "CallExpression" || parent.type === "NewExpression") return true;
  const isKey = parent["key"] === node && parent["computed"] !== true;
  if (isKey) return parent["shorthand"] === true && parent["value"] === node;
  if (parent.type === "MemberExpression") return parent["object"] === node || parent["computed"] === true;
  if (parent.type === "ArrayExpression") return true;
  return (
    parent["init"] === node ||
    parent["body"] === node ||
    parent["right"] === node ||
    parent["argument"] === node ||
    parent["expression"] === node ||
    parent["left"] === node ||
    parent["value"] === node
  );
}

/** The names a door offers, following `export *` inside the room. */
function exportedNames(file: string): Set<string> {
  const names = new Set<string>();
  const { program } = parseSync(file, readFileSync(join(root, file), "utf8"));
  for (const statement of (program as unknown as { body: Node[] }).body) {
    if (statement.type === "ExportAllDeclaration") {
      const specifier = (statement["source"] as Node)["value"] as string;
      const target = join(dirname(file), specifier);
      if (specifier.startsWith(".") && existsSync(join(root, target)))
        for (const name of exportedNames(target)) names.add(name);
    } else if (statement.type === "ExportNamedDeclaration") {
      for (const item of statement["specifiers"] as Node[]) {
        const isType = statement["exportKind"] === "type" || item["exportKind"] === "type";
        const name = identifierName(item["exported"]);
        if (name !== undefined && !isType) names.add(name);
      }
      const declaration = statement["declaration"];
      if (isNode(declaration)) {
        const name = identifierName(declaration["id"]);
        const isType =
          declaration.type === "TSInterfaceDeclaration" || declaration.type === "TSTypeAliasDeclaration";
        if (name !== undefined && !isType) names.add(name);
        for (const each of (declaration["declarations"] as Node[] | undefined) ?? []) {
          const variable = identifierName(each["id"]);
          if (variable !== undefined) names.add(variable);
        }
      }
    }
  }
  return names;
}

function checkDoors(): void {
  const { imports } = readPackageJson();
  const rooms = existsSync(join(root, "src"))
    ? readdirSync(join(root, "src"), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
    : [];
  for (const room of rooms) {
    const files = globSync("**/*.ts", { cwd: join(root, "src", room) });
    if (files.length === 0) continue;
    if (floors[room] === undefined) problems.push(`src/${room}:1: no floor is given for this room`);
    if (withoutDoor.has(room)) continue;
    const door = `src/${room}/index.ts`;
    if (!existsSync(join(root, door))) problems.push(`${door}:1: the room has no door`);
    else {
      const size = exportedNames(door).size;
      if (size > doorSizeToMention) console.log(`${door}:1: note: the door offers ${size} values`);
    }
    const entry = imports[`#${room}`];
    if (entry?.["martlet-dev"] !== `./${door}` || entry["default"] !== `./dist/${room}/index.js`)
      problems.push(`package.json:1: "imports" needs "#${room}" with the source and the built door`);
  }
  for (const name of Object.keys(imports)) {
    if (!rooms.includes(name.slice(1)))
      problems.push(`package.json:1: "imports" has ${name}, but no such room`);
  }
}

const files = globSync("src/**/*.ts", { cwd: root }).map((file) => file.split(sep).join("/"));
for (const file of files.toSorted()) {
  new SourceFile(file, readFileSync(join(root, file), "utf8")).check();
}
checkDoors();

for (const problem of problems) console.log(problem);
console.log(`${files.length} files in src/, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

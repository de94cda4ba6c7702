/**
 * The words in which settings are declared: kinds of values with their limits, defaults and meanings. A declaration is plain
 * data. The types of TypeScript follow from it, and everything else is made from it: what is allowed in files, variables and
 * flags, the defaults, the reference page and the schema for editors. Nothing is read or judged here.
 */

/** Whether a change counts at once, for connections that begin later, or from the next start of the broker on. */
export type Reload = "now" | "new-connections" | "restart";

export type Unit = "bytes" | "seconds" | "ms";

interface Marks {
  /** One or two sentences for the reference. Absent where `setting` names what says it. */
  readonly says?: string;
  /** Default: as the table that holds it. */
  readonly reload?: Reload;
  /** Must be given wherever its table is. */
  readonly required?: true;
  /** Name in `BrokerSettings` or `JournalSettings`, whose default, range and meaning it shares. */
  readonly setting?: string;
  /** Listeners only: the protocols that it is for. Default: all. */
  readonly protocols?: readonly string[];
}

/** A whole number. With a unit also a text such as `64MiB` or `30s`. */
export interface Whole extends Marks {
  readonly kind: "whole";
  readonly lowest: number;
  readonly highest: number;
  readonly unit?: Unit;
  readonly default?: number;
}

export interface Text extends Marks {
  readonly kind: "text";
  /** What it must look like, and that in words. */
  readonly form?: TextForm;
  /** Never shown. */
  readonly secret?: true;
  readonly default?: string;
}

/** A file or folder. One that a file names is sought from that file's folder. */
export interface Path extends Marks {
  readonly kind: "path";
  /** `file`: has to be there and readable. `made`: is made when it is missing. */
  readonly target: "file" | "made";
  readonly default?: string;
}

export interface Toggle extends Marks {
  readonly kind: "toggle";
  readonly default?: boolean;
}

export interface Choice extends Marks {
  readonly kind: "choice";
  readonly choices: readonly string[];
  readonly default?: string;
}

/** Rights of a file, in octal digits: `"0660"`. */
export interface Mode extends Marks {
  readonly kind: "mode";
  readonly default?: number;
}

/** Several values; one alone need not stand in a list. */
export interface List extends Marks {
  readonly kind: "list";
  readonly item: Text | Choice | Path | Whole;
  /** Default 0. */
  readonly fewest?: number;
  readonly default?: readonly (string | number)[];
}

/** Names and texts that the user chooses. */
export interface Pairs extends Marks {
  readonly kind: "pairs";
  readonly secret?: true;
  readonly default?: Readonly<Record<string, string>>;
}

export type Leaf = Whole | Text | Path | Toggle | Choice | Mode | List | Pairs;

export interface Table extends Marks {
  readonly kind: "table";
  readonly entries: Entries;
  /** Whether it may be left out, which then means something. Otherwise one that is left out has its defaults. */
  readonly optional?: true;
  /** When it comes or goes as a whole. Default: as `reload`. */
  readonly presence?: Reload;
}

/** A list of tables of one form. */
export interface Tables extends Marks {
  readonly kind: "tables";
  readonly item: Table;
  /** Which keys say which one of the list it is: where one of them is another, so is the whole table. Default: none do. */
  readonly identity?: readonly string[];
  readonly default: readonly Readonly<Record<string, unknown>>[];
}

export type Declared = Leaf | Table | Tables;

export type Entries = { readonly [name: string]: Declared };

/** What a value of that kind is in a configuration. `undefined` stands for one that is not set. */
export type ValueOf<D> = D extends { readonly kind: "table"; readonly optional: true }
  ? TableOf<D> | undefined
  : D extends { readonly kind: "table" }
    ? TableOf<D>
    : D extends { readonly kind: "tables"; readonly item: infer I }
      ? readonly TableOf<I>[]
      : D extends { readonly default: unknown } | { readonly required: true }
        ? LeafOf<D>
        : LeafOf<D> | undefined;

type TableOf<D> = D extends { readonly entries: infer E }
  ? { readonly [Name in keyof E]: ValueOf<E[Name]> }
  : never;

type LeafOf<D> = D extends { readonly kind: "whole" | "mode" }
  ? number
  : D extends { readonly kind: "toggle" }
    ? boolean
    : D extends { readonly kind: "choice"; readonly choices: readonly (infer C)[] }
      ? C
      : D extends { readonly kind: "list"; readonly item: infer I }
        ? readonly LeafOf<I>[]
        : D extends { readonly kind: "pairs" }
          ? Readonly<Record<string, string>>
          : string;

/** What a text must look like. */
export interface TextForm {
  readonly test: (value: string) => boolean;
  /** Behind "it is", for example `an address or a network such as 10.0.0.0/8`. */
  readonly words: string;
  /** The value without what may be secret in it, for whatever is printed. Default: as it is. */
  readonly shown?: (value: string) => string;
}

type Without<K extends Declared> = Omit<K, "kind">;

export function whole<const M extends Without<Whole>>(marks: M): M & { readonly kind: "whole" } {
  return { ...marks, kind: "whole" };
}

export function text<const M extends Without<Text>>(marks: M): M & { readonly kind: "text" } {
  return { ...marks, kind: "text" };
}

export function path<const M extends Without<Path>>(marks: M): M & { readonly kind: "path" } {
  return { ...marks, kind: "path" };
}

/** A file that has to be there. */
export function file<const M extends Omit<Path, "kind" | "target">>(
  marks: M,
): M & { readonly kind: "path"; readonly target: "file" } {
  return { ...marks, kind: "path", target: "file" };
}

export function toggle<const M extends Without<Toggle>>(marks: M): M & { readonly kind: "toggle" } {
  return { ...marks, kind: "toggle" };
}

export function choice<const M extends Without<Choice>>(marks: M): M & { readonly kind: "choice" } {
  return { ...marks, kind: "choice" };
}

export function mode<const M extends Without<Mode>>(marks: M): M & { readonly kind: "mode" } {
  return { ...marks, kind: "mode" };
}

export function list<const M extends Without<List>>(marks: M): M & { readonly kind: "list" } {
  return { ...marks, kind: "list" };
}

export function pairs<const M extends Without<Pairs>>(marks: M): M & { readonly kind: "pairs" } {
  return { ...marks, kind: "pairs" };
}

export function table<const M extends Omit<Table, "kind" | "entries">, const E extends Entries>(
  marks: M,
  entries: E,
): M & { readonly kind: "table"; readonly entries: E } {
  return { ...marks, kind: "table", entries };
}

export function tables<const M extends Omit<Tables, "kind" | "item">, const I extends Table>(
  marks: M,
  item: I,
): M & { readonly kind: "tables"; readonly item: I } {
  return { ...marks, kind: "tables", item };
}

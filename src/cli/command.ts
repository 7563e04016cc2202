/** Types of a command: a row of the table in commands.ts, its parsed arguments and its streams. */
import type { Root } from '../system/root-path.ts';
import type { System } from '../system/system.ts';

export interface Option {
  readonly type: 'boolean' | 'string';
  /** The one-letter form. */
  readonly short?: string;
  /** Placeholder of the value in the help: `DIR`. */
  readonly placeholder?: string;
  /** The permitted values; absent if any value is permitted. */
  readonly choices?: readonly string[];
  readonly help: string;
}

/** The operands of a command: `min` to `max` of them; `max` is Infinity if there is no limit. */
interface Operands {
  readonly label: string;
  readonly min: number;
  readonly max: number;
}

export interface Command {
  /** One or two words: `list`, `rules render`. */
  readonly name: string;
  /** Other words for the command: `ls`. */
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly operands?: Operands;
  /** Placeholder of the arguments after `--`, such as `CMD...`: at least one; they are not parsed. */
  readonly commandArgs?: string;
  readonly options?: Readonly<Record<string, Option>>;
  /** Paragraphs for --help: details of the command and its exit statuses. A text that starts with four spaces is a literal example. */
  readonly details?: readonly string[];
  /** Whether the command opens devices, which it does only on this machine's own tree. */
  readonly opensDevices?: true;
  /** Imports the module of the command; called only when the command runs. */
  readonly load: () => Promise<RunCommand>;
}

/** The streams of a command. */
export interface Io {
  /** Writes text to stdout; the text includes its newlines. */
  readonly out: (text: string) => void;
  /** Writes one line to stderr; the line has no newline. */
  readonly err: (line: string) => void;
  readonly stdoutIsTty: boolean;
  readonly stdinIsTty: boolean;
  /** The width of the terminal on stdout in characters; absent or `undefined` if stdout is not a terminal. */
  readonly columns?: () => number | undefined;
}

/** The parsed command line. */
export interface Invocation {
  readonly command: Command;
  readonly root: Root;
  /**
   * Whether the tree is this machine's own: without --root, or with --host-root. Only then are devices opened, and owners and
   * modes of nodes changed.
   */
  readonly ownTree: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly colour: boolean;
  readonly operands: readonly string[];
  /** The arguments after `--`; only for commands with a `tail`. */
  readonly commandArgs?: readonly string[];
  readonly flags: Readonly<Record<string, boolean>>;
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Runs a command: writes its results through `io` and returns the exit status, one of `exitStatus` or that of the program
 * that it ran. A VfioNamesError that it throws is printed as one line on stderr.
 */
export type RunCommand = (invocation: Invocation, io: Io, system: System) => Promise<number> | number;

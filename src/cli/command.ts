/** What a command is: a row of the table of commands.ts. Types only. */
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';

export interface Option {
  readonly type: 'boolean' | 'string';
  /** One letter, for the few that have one. */
  readonly short?: string;
  /** What stands for the value in the help: `DIR`. */
  readonly value?: string;
  /** The only words that the value may be. */
  readonly choices?: readonly string[];
  readonly help: string;
}

/** The words after the options: `min` to `max` of them; `max` Infinity for any number. */
export interface Operands {
  readonly label: string;
  readonly min: number;
  readonly max: number;
}

export interface Command {
  /** One word, or two: `rules render`. */
  readonly name: string;
  readonly summary: string;
  readonly operands?: Operands;
  /** What stands behind `--`, `CMD...`: at least one word, none of them an operand or an option of ours. */
  readonly tail?: string;
  readonly options?: Readonly<Record<string, Option>>;
  /** More paragraphs for --help: what the command does and its exit statuses. Four blanks begin an example, as it is typed. */
  readonly details?: readonly string[];
  /** Imports the command's module only when it runs. */
  readonly load: () => Promise<Run>;
}

/** The signals that a service answers. */
export type Signal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** What a command needs of the process. */
export interface Io {
  /** stdout, whole pieces of text with their newline. */
  readonly out: (text: string) => void;
  /** stderr, one line without its newline. */
  readonly err: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdoutIsTty: boolean;
  readonly stdinIsTty: boolean;
  readonly columns?: number;
  /** Calls these when a signal comes, until its result is called; absent where there is no process. */
  readonly signals?: (handlers: Readonly<Record<Signal, () => void>>) => () => void;
  /** Another view of the file system than Node's own: for tests. */
  readonly files?: Files;
}

/** The parsed command line. */
export interface Invocation {
  readonly command: Command;
  readonly root: Root;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly colour: boolean;
  readonly operands: readonly string[];
  /** The words behind `--`, where the command has a tail. */
  readonly tail?: readonly string[];
  readonly flags: Readonly<Record<string, boolean>>;
  readonly values: Readonly<Record<string, string>>;
}

/** A command: writes its results through `io` and gives the exit status, one of `exitStatus` or a program's that it ran; throws VfioNamesError for one line on stderr. */
export type Run = (invocation: Invocation, io: Io) => Promise<number> | number;

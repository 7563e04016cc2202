/** This process: its environment, signals, credentials, descriptors and terminal. */

export type Environment = Readonly<Record<string, string | undefined>>;

/** Signals that a command can handle. */
export type Signal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

export type SignalHandlers = Readonly<Record<Signal, () => void>>;

/** Reads and sets the user and group ids of this process. The calls throw an error whose `code` is the name of the errno. */
export interface Credentials {
  readonly setGroups: (groups: readonly number[]) => void;
  readonly setGid: (gid: number) => void;
  readonly setUid: (uid: number) => void;
  /** Real and effective ids, and the supplementary groups. */
  readonly now: () => {
    readonly uids: readonly number[];
    readonly gids: readonly number[];
    readonly groups: readonly number[];
  };
}

export interface Process {
  readonly env: Environment;
  /** The process id and 8 random hex digits: unique even across PID namespaces that share one /dev. */
  readonly token: () => string;
  /** Installs signal handlers and returns a function that removes them. */
  readonly handleSignals: (handlers: SignalHandlers) => () => void;
  /** Throws VfioNamesError (status 5) if the calls are not available. */
  readonly credentials: () => Promise<Credentials>;
  /** The open descriptors above 2 without close-on-exec, in ascending order: a child would inherit them. */
  readonly inheritedFds: () => readonly number[];
  /** Whether this process is in its terminal's foreground process group. */
  readonly isForeground: () => boolean;
  /**
   * Writes the question to the controlling terminal and returns the line that the user typed; an empty string without a
   * terminal.
   */
  readonly ask: (question: string) => string;
}

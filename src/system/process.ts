/** This process: its environment, signals, credentials, descriptors and terminal. */

export type Environment = Readonly<Record<string, string | undefined>>;

/** Signals that a command can handle. */
export type Signal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

export type SignalHandlers = Readonly<Record<Signal, () => void>>;

/**
 * The system calls by which `exec` turns this process into CMD. Each is one call, for the thread that makes it and for the
 * program that this thread then executes; src/exec/ decides their order, and reads the results back from /proc. A failed call
 * throws CallError.
 */
export interface ExecCalls {
  /** setgroups(2). */
  readonly setGroups: (groups: readonly number[]) => void;
  /** setresgid(2), the same number three times. */
  readonly setGid: (gid: number) => void;
  /** setresuid(2), the same number three times. */
  readonly setUid: (uid: number) => void;
  /** capset(2) with empty effective, permitted and inheritable sets; the kernel then empties the ambient set, too. */
  readonly clearCapabilities: () => void;
  /** keyctl(2), KEYCTL_JOIN_SESSION_KEYRING without a name: a new, empty keyring. */
  readonly joinSessionKeyring: () => void;
  /** keyctl(2), KEYCTL_GET_KEYRING_ID: the number of the session keyring. */
  readonly sessionKeyring: () => number;
  /** prctl(2), PR_SET_SECCOMP: adds a filter, an array of `struct sock_filter`. */
  readonly addFilter: (program: Uint8Array) => void;
  /** setrlimit(2): the soft limit of open files; the hard limit stays. */
  readonly setOpenFilesLimit: (soft: number) => void;
  /** sigaction(2) with SIG_DFL for every signal, then sigprocmask(2) with an empty set. */
  readonly resetSignals: () => void;
  /** fcntl(2), F_DUPFD_CLOEXEC: a copy of `fd` with a number of at least `from`. */
  readonly duplicateFrom: (fd: number, from: number) => number;
  /** dup2(2): `to` becomes a copy of `fd`, without close-on-exec. */
  readonly duplicateTo: (fd: number, to: number) => void;
  /** fcntl(2), F_SETFD with 0. */
  readonly keepOnExec: (fd: number) => void;
  /** close_range(2), CLOSE_RANGE_CLOEXEC, from `first` to the highest number. */
  readonly closeOnExecFrom: (first: number) => void;
  /** fcntl(2), F_SETFL: O_RDWR without O_NONBLOCK. */
  readonly makeBlocking: (fd: number) => void;
  /**
   * execve(2), which returns only if it fails. `environment` has `NAME=value`. A byte that is not part of UTF-8 is an unpaired
   * surrogate (text/file-names.ts).
   */
  readonly execute: (path: string, args: readonly string[], environment: readonly string[]) => never;
  /** _exit(2): ends at once, whatever other threads or the event loop still do. */
  readonly exit: (status: number) => never;
}

export interface Process {
  readonly env: Environment;
  /** The process id and 8 random hex digits: unique even across PID namespaces that share one /dev. */
  readonly token: () => string;
  /** Installs signal handlers and returns a function that removes them. */
  readonly handleSignals: (handlers: SignalHandlers) => () => void;
  /** Loads the calls of `exec`. Throws VfioNamesError (status 5) if they are not available. */
  readonly loadExecCalls: () => Promise<ExecCalls>;
  /**
   * The soft limit of open files that this process had at its start, where the platform has raised it since; `undefined`
   * where it has not.
   */
  readonly startingOpenFilesLimit: () => number | undefined;
  /**
   * Writes the question to the controlling terminal and returns the line that the user typed; an empty string without a
   * terminal.
   */
  readonly ask: (question: string) => string;
}

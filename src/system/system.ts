/**
 * The machine as one object: all that the commands need from the platform that they run on. system/node/ implements it on
 * Node; tests hand over their own (test/support/system.ts).
 */
import type { NodeCalls } from './calls.ts';
import type { Clock } from './clock.ts';
import type { SystemFiles } from './files.ts';
import type { Notify } from './notify.ts';
import type { Process } from './process.ts';
import type { Programs } from './programs.ts';
import type { Root } from './root-path.ts';
import type { StartWatcher } from './watcher.ts';

export interface System {
  readonly files: SystemFiles;
  /** The files of the tree below a root that is not empty, see system/files-below.ts. */
  readonly filesBelow: (root: Root) => Promise<SystemFiles>;
  /** Opens device nodes in this process. */
  readonly nodes: NodeCalls;
  readonly process: Process;
  readonly programs: Programs;
  readonly clock: Clock;
  /** Loads renameat2(2) for SystemFiles.exchange; does nothing where it is not available. */
  readonly loadExchange: () => Promise<void>;
  /** Loads the function that watches directories. */
  readonly loadWatcher: () => Promise<StartWatcher>;
  /** Opens the service manager's socket; see openNotify() in notify.ts. */
  readonly openNotify: (onError: (message: string) => void) => Promise<Notify | undefined>;
  /** Whether a process listens on the unix socket, of any type. */
  readonly canConnect: (path: string) => Promise<boolean>;
  /** Unpacks a gzip file of UTF-8 text. Throws if it is damaged or has more than `limit` bytes. */
  readonly gunzip: (bytes: Uint8Array, limit: number) => string;
}

/** What verify has to say: one fault, its place and its remedy. Types only. */

export type FindingCode =
  | 'link-missing'
  | 'link-dangling'
  | 'link-wrong'
  | 'link-foreign'
  | 'link-blocked'
  | 'link-left-over'
  | 'link-stale'
  | 'link-unwanted'
  | 'temporary'
  | 'directory-unreadable'
  | 'name-conflict'
  | 'no-name'
  | 'node-missing'
  | 'node-unreadable'
  | 'node-not-char'
  | 'node-false'
  | 'node-unknown'
  | 'unsafe-node'
  | 'unsafe-directory'
  | 'group-owners'
  | 'device-unreadable';

export interface Finding {
  readonly code: FindingCode;
  /** The path that the finding is about, below the machine's root. */
  readonly path: string;
  /** The device's name, where one is concerned. */
  readonly device?: string;
  /** Expected and found, one line, printable. */
  readonly message: string;
  readonly remedy: string;
  /** Whether sync mends it. */
  readonly fixable: boolean;
}

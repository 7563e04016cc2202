/** The findings of verify. */

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
  /** The path that the finding is about, without the root directory. */
  readonly path: string;
  /** The name of the device, if the finding is about one. */
  readonly device?: string;
  /** What was expected and what was found: one line, printable. */
  readonly message: string;
  readonly remedy: string;
  /** Whether sync fixes it. */
  readonly fixable: boolean;
}

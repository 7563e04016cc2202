/** The findings of verify. */

export type FindingCode =
  | 'link-missing'
  | 'link-dangling'
  | 'link-wrong'
  | 'link-unmanaged'
  | 'link-blocked'
  | 'link-orphaned'
  | 'link-stale'
  | 'link-unclaimed'
  | 'temporary-link'
  | 'displaced-file'
  | 'directory-unreadable'
  | 'name-conflict'
  | 'no-name'
  | 'node-missing'
  | 'node-unreadable'
  | 'node-not-char'
  | 'node-mismatch'
  | 'node-unknown'
  | 'node-permissions'
  | 'directory-permissions'
  | 'access-mismatch'
  | 'access-impossible'
  | 'group-owners'
  | 'device-unreadable';

export interface Finding {
  readonly code: FindingCode;
  /** The path that the finding is about, without the root directory. */
  readonly file: string;
  /** The bus and the name of the device, if the finding is about one. */
  readonly bus?: string;
  readonly name?: string;
  /** What was expected and what was found: one line, printable. */
  readonly message: string;
  readonly remedy: string;
  /** Whether sync fixes it. */
  readonly fixable: boolean;
}

/** The findings of verify. */

/** The kind of a finding. */
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

/** Something that is wrong with a link, a node or a directory. */
export interface Finding {
  /** The kind of the finding. */
  readonly code: FindingCode;
  /** The path that the finding is about, without the root directory. */
  readonly file: string;
  /** The bus and the name of the device, if the finding is about one. */
  readonly bus?: string;
  /** Absent if the finding is about no device. */
  readonly name?: string;
  /** What was expected and what was found: one line, printable. */
  readonly message: string;
  /** What to do. */
  readonly remedy: string;
  /** Whether sync fixes it. */
  readonly fixable: boolean;
}

/** A change that plan computes and its outcome. */

/** Paths are relative to /dev/vfio. */
export type Change =
  | { readonly action: 'create'; readonly link: string; readonly target: string; readonly device: string }
  | {
      readonly action: 'replace';
      readonly link: string;
      readonly target: string;
      readonly from: string;
      readonly device: string;
    }
  | {
      readonly action: 'remove';
      readonly link: string;
      readonly from: string;
      readonly reason: 'gone' | 'unwanted' | 'temporary';
    }
  | { readonly action: 'remove-directory'; readonly link: string }
  | {
      readonly action: 'blocked';
      readonly link: string;
      readonly target: string;
      readonly device: string;
      readonly found: string;
    };

/**
 * What apply did: `changed` means that another process changed the entry first, so that the caller has to scan again.
 */
export interface Outcome {
  readonly change: Change;
  readonly result: 'done' | 'changed' | 'failed' | 'blocked';
  /** The errno; only with `failed`, and with `changed` if a system call failed. */
  readonly errno?: string;
}

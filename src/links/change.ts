/** A change that plan wants, and what became of it. Types only. */

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

/** What apply did: `changed` means that somebody else was faster, so look again. */
export interface Outcome {
  readonly change: Change;
  readonly result: 'done' | 'changed' | 'failed' | 'blocked';
  /** Of `failed`, and of `changed` where a call told it: the errno. */
  readonly errno?: string;
}

/** The colours of the states. Each differs in lightness, too, and the words say the same: nobody needs to tell red from green. Pure. */
import type { EntryState } from './entry.ts';

export interface Look {
  readonly border: number;
  readonly color: string;
  readonly bgcolor: string;
  /** Of lines that matter less, and of the one that matters most. */
  readonly faint: string;
  readonly strong: string;
}

export const looks: Readonly<Record<EntryState, Look>> = {
  used: { border: 2, color: '#bf5b00', bgcolor: '#ffd8a8', faint: '#5c3a00', strong: '#7a3500' },
  free: { border: 1, color: '#1a7f5a', bgcolor: '#d9f2e6', faint: '#24513f', strong: '#0f5c3f' },
  'no-node': { border: 1, color: '#8250df', bgcolor: '#fbf7ff', faint: '#5b4a7a', strong: '#6639ba' },
  host: { border: 1, color: '#8c959f', bgcolor: '#eaeef2', faint: '#57606a', strong: '#57606a' },
  blocking: { border: 2, color: '#cf222e', bgcolor: '#ffebe9', faint: '#57606a', strong: '#a40e26' },
  idle: { border: 1, color: '#d0d7de', bgcolor: '#ffffff', faint: '#6e7781', strong: '#57606a' },
};

/** The order in which they are explained and counted. */
export const legend: readonly EntryState[] = ['used', 'free', 'no-node', 'blocking', 'host', 'idle'];

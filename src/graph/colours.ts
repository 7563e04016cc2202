/**
 * Colours of the device states. They also differ in lightness, and the text repeats the state, so the graph
 * is readable without distinguishing red and green.
 */
import type { EntryState } from './entry.ts';

/** Style of a box; `border` is in points. */
export interface Look {
  readonly border: number;
  readonly color: string;
  readonly bgcolor: string;
  /** Text colours: for secondary lines, and for the line with the state. */
  readonly faint: string;
  readonly strong: string;
}

/** Style by state. */
export const looks: Readonly<Record<EntryState, Look>> = {
  used: { border: 2, color: '#bf5b00', bgcolor: '#ffd8a8', faint: '#5c3a00', strong: '#7a3500' },
  free: { border: 1, color: '#1a7f5a', bgcolor: '#d9f2e6', faint: '#24513f', strong: '#0f5c3f' },
  'no-node': { border: 1, color: '#8250df', bgcolor: '#fbf7ff', faint: '#5b4a7a', strong: '#6639ba' },
  host: { border: 1, color: '#8c959f', bgcolor: '#eaeef2', faint: '#57606a', strong: '#57606a' },
  blocking: { border: 2, color: '#cf222e', bgcolor: '#ffebe9', faint: '#57606a', strong: '#a40e26' },
  idle: { border: 1, color: '#d0d7de', bgcolor: '#ffffff', faint: '#6e7781', strong: '#57606a' },
};

/** Order of the states in the legend and in the counts of a grid. */
export const legend: readonly EntryState[] = ['used', 'free', 'no-node', 'blocking', 'host', 'idle'];

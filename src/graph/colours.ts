/**
 * Colours of the device states. They also differ in lightness, and the text repeats the state, so the graph
 * is readable without distinguishing red and green.
 */
import type { EntryState } from './entry.ts';

/** Style of a box; `border` is in points. */
export interface StateStyle {
  readonly border: number;
  readonly color: string;
  readonly bgcolor: string;
  /** Text colours: for secondary lines, and for the line with the state. */
  readonly secondaryText: string;
  readonly stateText: string;
}

/** Style by state. */
export const stateStyles: Readonly<Record<EntryState, StateStyle>> = {
  used: { border: 2, color: '#bf5b00', bgcolor: '#ffd8a8', secondaryText: '#5c3a00', stateText: '#7a3500' },
  free: { border: 1, color: '#1a7f5a', bgcolor: '#d9f2e6', secondaryText: '#24513f', stateText: '#0f5c3f' },
  'no-node': {
    border: 1,
    color: '#8250df',
    bgcolor: '#fbf7ff',
    secondaryText: '#5b4a7a',
    stateText: '#6639ba',
  },
  host: { border: 1, color: '#8c959f', bgcolor: '#eaeef2', secondaryText: '#57606a', stateText: '#57606a' },
  blocking: {
    border: 2,
    color: '#cf222e',
    bgcolor: '#ffebe9',
    secondaryText: '#57606a',
    stateText: '#a40e26',
  },
  idle: { border: 1, color: '#d0d7de', bgcolor: '#ffffff', secondaryText: '#6e7781', stateText: '#57606a' },
};

/** Order of the states in the legend and in the counts of a grid. */
export const stateOrder: readonly EntryState[] = ['used', 'free', 'no-node', 'blocking', 'host', 'idle'];

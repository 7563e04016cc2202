/** The colours of a drawing on light paper, and their counterparts on dark paper. */
import type { Usage } from './model.ts';

export const colours = {
  paper: '#ffffff',
  text: '#1f2328',
  faint: '#57606a',
  edge: '#8c959f',
  line: '#afb8c1',
  topFill: '#eaeef2',
  frameFill: '#f6f8fa',
} as const;

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
export const stateStyles: Readonly<Record<Usage, StateStyle>> = {
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

/** The colours for `prefers-color-scheme: dark`, by the light ones. */
export const darkColours: Readonly<Record<string, string>> = {
  '#ffffff': '#0d1117',
  '#f6f8fa': '#161b22',
  '#eaeef2': '#21262d',
  '#d0d7de': '#30363d',
  '#afb8c1': '#484f58',
  '#8c959f': '#6e7681',
  '#6e7781': '#8b949e',
  '#57606a': '#9aa4ae',
  '#1f2328': '#e6edf3',
  '#bf5b00': '#f0883e',
  '#ffd8a8': '#4a2a07',
  '#5c3a00': '#f2cc9b',
  '#7a3500': '#ffb77c',
  '#1a7f5a': '#3fb98a',
  '#d9f2e6': '#0f2f23',
  '#24513f': '#a6d9c2',
  '#0f5c3f': '#7ee2b8',
  '#8250df': '#a371f7',
  '#fbf7ff': '#211833',
  '#5b4a7a': '#c8b8e8',
  '#6639ba': '#d2b6ff',
  '#cf222e': '#f85149',
  '#ffebe9': '#3b1214',
  '#a40e26': '#ffa198',
};

/** Colours of the terminal, as escape sequences of ECMA-48 (SGR). text/printable.ts lets these through. */

const codes = { bold: [1, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39] } as const;

export type Colour = keyof typeof codes;

/** The text in this colour if `on`, else the text alone. */
export function paint(text: string, colour: Colour | undefined, on: boolean): string {
  if (!on || colour === undefined || text === '') return text;
  const [start, end] = codes[colour];
  return `\u001b[${start}m${text}\u001b[${end}m`;
}

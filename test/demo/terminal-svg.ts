/** Draws the output of a program on a terminal as SVG. */

/** Colours of the drawing, for readers with a light or a dark background. */
export interface Palette {
  readonly paper: string;
  readonly frame: string;
  readonly text: string;
  readonly green: string;
  readonly yellow: string;
  readonly red: string;
}

export const light: Palette = {
  paper: '#ffffff',
  frame: '#d0d7de',
  text: '#1f2328',
  green: '#116329',
  yellow: '#7d4e00',
  red: '#b3202b',
};

export const dark: Palette = {
  paper: '#0d1117',
  frame: '#3d444d',
  text: '#f0f6fc',
  green: '#3fb950',
  yellow: '#d29922',
  red: '#f85149',
};

const namespace = 'http://www.w3.org/2000/svg';
const fontSize = 14;
/** The width of a character. Each run of text is stretched or compressed to it, so that columns fit in any font. */
const cellWidth = 8.4;
const lineHeight = 20;
const margin = 16;

const colours: Readonly<Record<string, keyof Palette>> = { 31: 'red', 32: 'green', 33: 'yellow' };

interface Run {
  readonly text: string;
  readonly column: number;
  readonly colour: keyof Palette;
}

/** The runs of equal colour in a line with escape sequences (SGR). Runs end at two blanks, and have none at their ends. */
export function runsOf(line: string): Run[] {
  const runs: Run[] = [];
  let column = 0;
  let colour: keyof Palette = 'text';
  for (const part of line.split(/(\u001b\[\d+m| {2,})/)) {
    const [, code] = /^\u001b\[(\d+)m$/.exec(part) ?? [];
    if (code !== undefined) {
      colour = colours[code] ?? 'text';
      continue;
    }
    const text = part.trim();
    if (text !== '') runs.push({ text, column: column + part.indexOf(text), colour });
    column += part.length;
  }
  return runs;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** `line` with its first character at `column`; lines that begin with `$ ` are commands. */
function drawLine(line: string, index: number, palette: Palette): string {
  const y = margin + index * lineHeight + fontSize;
  return runsOf(line)
    .map(({ text, column, colour }) => {
      const x = (margin + column * cellWidth).toFixed(1);
      const width = (text.length * cellWidth).toFixed(1);
      const weight = line.startsWith('$ ') ? ' font-weight="bold"' : '';
      return `<text x="${x}" y="${y}" textLength="${width}" lengthAdjust="spacingAndGlyphs" fill="${palette[colour]}"${weight}>${escaped(text)}</text>\n`;
    })
    .join('');
}

/** Returns an SVG of the lines. `title` is what screen readers say. */
export function drawTerminal(
  lines: readonly string[],
  title: string,
  columns: number,
  palette: Palette,
): string {
  const width = Math.ceil(columns * cellWidth + 2 * margin);
  const height = lines.length * lineHeight + 2 * margin - 4;
  return `<svg xmlns="${namespace}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace" font-size="${fontSize}">
<title>${escaped(title)}</title>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="${palette.paper}" stroke="${palette.frame}"/>
${lines.map((line, index) => drawLine(line, index, palette)).join('')}</svg>
`;
}

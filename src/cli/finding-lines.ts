/** Formats the findings of verify: what is wrong with which device or file, and below it, what to do. */
import type { Finding } from '../links/finding.ts';
import { baseName } from '../text/path.ts';
import { printable } from '../text/printable.ts';
import { wrap } from '../text/prose.ts';
import { paint } from './colour.ts';
import { formatMessage } from './output.ts';

/** How lines are printed for a person. */
export interface Layout {
  readonly colour: boolean;
  /** The width of the terminal; absent if a line may be of any length. */
  readonly width: number | undefined;
}

/** The number of findings of one kind about one path that are printed. */
const MAX_FINDINGS = 10;

const indent = 4;

/**
 * One line for each finding, and its remedy on the next line; once for findings that follow each other and have the same code and
 * remedy. Of more than MAX_FINDINGS of one kind about one path, the number of the others.
 */
export function findingLines(findings: readonly Finding[], layout: Layout): string[] {
  const shown = limitFindings(findings);
  return shown.flatMap(({ finding, more }, index) => {
    const { code, fixable, remedy } = finding;
    const next = shown[index + 1]?.finding;
    const text =
      more === undefined
        ? `${subjectOf(finding)}: ${finding.message}`
        : `${finding.file}: ${more} more of this kind`;
    const [first = '', ...rest] = wrapAt(formatMessage(`${code}: ${text}`), layout.width);
    const head = paint(code, fixable ? 'yellow' : 'red', layout.colour) + first.slice(code.length);
    const hasSame = next !== undefined && next.code === code && next.remedy === remedy;
    return [
      ...[head, ...rest],
      ...(hasSame ? [] : wrapAt(formatMessage(remedy), layout.width, `${' '.repeat(indent)}-> `)),
    ];
  });
}

/** Breaks the text at `width`; further lines are indented as far as `first`, which precedes the text. */
export function wrapAt(text: string, width: number | undefined, first = ''): string[] {
  return width === undefined ? [first + text] : wrap(text, { width, indent: first.length || indent, first });
}

interface Shown {
  readonly finding: Finding;
  /** The number of findings that this line stands for. */
  readonly more?: number;
}

function limitFindings(findings: readonly Finding[]): Shown[] {
  const shown: Shown[] = [];
  const seen = new Map<string, { count: number; at: number }>();
  for (const finding of findings) {
    const key = `${finding.code} ${finding.file}`;
    const kind = seen.get(key) ?? { count: 0, at: 0 };
    seen.set(key, kind);
    if (++kind.count <= MAX_FINDINGS) {
      shown.push({ finding });
      continue;
    }
    if (kind.count === MAX_FINDINGS + 1) kind.at = shown.length;
    shown[kind.at] = { finding, more: kind.count - MAX_FINDINGS };
  }
  return shown;
}

/**
 * The device of a finding about a node, whose message has the path; else the file, with the device if neither the path nor the
 * message has its name.
 */
function subjectOf({ code, file, name }: Finding): string {
  if (name === undefined || code === 'name-conflict') return file;
  const device = printable(name);
  if (!/^\/dev\/vfio\/(?!devices\/)/.test(file)) return device;
  return baseName(file) === device ? file : `${file} of ${device}`;
}

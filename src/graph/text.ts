/** Formats a graph as a tree of lines for a terminal. */
import { printable } from '../text/printable.ts';
import { wrap } from '../text/prose.ts';
import type { Box, Entry, Graph } from './model.ts';
import { entryLine } from './words.ts';

/** The least room for text beside the branches of the tree; in a narrower terminal, lines are longer than it is wide. */
const MIN_TEXT = 20;

/** Returns one line per device, each terminated by a newline; lines longer than `width` are broken beside the branches. */
export function formatText({ roots }: Graph, width?: number): string {
  return roots.map((root) => lines(root, '', '', width).join('')).join('');
}

/**
 * Returns the line of the box, prefixed with `lead`, and the lines of its descendants, prefixed with `rest`.
 */
function lines(box: Box, lead: string, rest: string, width: number | undefined): string[] {
  if (box.kind === 'grid')
    // On a terminal, the cells of a grid are lines like any other.
    return box.cells.map((cell, index) => {
      const last = index === box.cells.length - 1;
      return brokenLine(
        line(cell),
        last ? lead : fork(lead),
        last ? rest : rest.replace(/ {3}$/, '│  '),
        width,
      );
    });
  const own = box.kind === 'root' ? printable(box.name) : line(box.entry);
  const below = box.below.flatMap((child, index) => {
    const last = index === box.below.length - 1;
    return lines(child, `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`, width);
  });
  return [brokenLine(own, lead, below.length > 0 ? `${rest}│  ` : `${rest}   `, width), ...below];
}

/** The text after `lead`, broken into lines of at most `width` characters, of which the others begin with `next`. */
function brokenLine(text: string, lead: string, next: string, width: number | undefined): string {
  if (width === undefined || lead.length + text.length <= width) return `${lead}${text}\n`;
  // No line begins with the dot between two parts.
  const [first = '', ...others] = wrap(text.replaceAll(' · ', '\u00a0· '), {
    width: Math.max(MIN_TEXT, width - next.length),
  });
  return [lead + first, ...others.map((other) => next + other)]
    .map((each) => `${each.replaceAll('\u00a0· ', ' · ').replace(/\u00a0·$/, ' ·')}\n`)
    .join('');
}

/** Returns the prefix of a line that is followed by lines of the same level. */
function fork(lead: string): string {
  return lead.replace(/└─ $/, '├─ ');
}

function line(entry: Entry): string {
  return printable(entryLine(entry));
}

/** A graph as a tree of lines for a terminal. Pure. */
import { printable } from '../text/printable.ts';
import type { Entry } from './entry.ts';
import type { Box, Graph } from './model.ts';
import { driverAndNode, firstName, holderWords, stateWords, what } from './words.ts';

export function graphText({ roots }: Graph): string {
  return roots.map((root) => lines(root, '', '').join('')).join('');
}

/** The box's own line with `lead` before it, and those below it with `rest`. */
function lines(box: Box, lead: string, rest: string): string[] {
  if (box.kind === 'grid')
    // The same lines as without a grid: a terminal has no second dimension to spare.
    return box.cells.map(
      (cell, index) => `${index === box.cells.length - 1 ? lead : fork(lead)}${line(cell)}\n`,
    );
  const own = box.kind === 'root' ? printable(box.name) : line(box.entry);
  const below = box.below.flatMap((one, index) => {
    const last = index === box.below.length - 1;
    return lines(one, `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`);
  });
  return [`${lead}${own}\n`, ...below];
}

/** The lead of a line that has others behind it. */
function fork(lead: string): string {
  return lead.replace(/└─ $/, '├─ ');
}

function line(entry: Entry): string {
  const { name, group, vf, state } = entry;
  const holder = holderWords(entry);
  const words = [
    `${vf === undefined ? '' : `vf ${vf}: `}${name}`,
    what(entry),
    group === undefined ? undefined : `group ${group}`,
    driverAndNode(entry),
    firstName(entry),
    holder === undefined ? (state === 'blocking' ? stateWords.blocking : undefined) : `in use by ${holder}`,
  ];
  return printable(words.filter((word) => word !== undefined).join(' · '));
}

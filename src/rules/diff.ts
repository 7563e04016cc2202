/** A unified diff of two texts in one hunk: right, not always the shortest. Pure. */

const context = 3;

/** What turns `before` into `after`, as diff -u shows it; empty for equal texts. A missing file is the empty text. */
export function unifiedDiff(
  before: { readonly name: string; readonly text: string },
  after: { readonly name: string; readonly text: string },
): string {
  if (before.text === after.text) return '';
  const [old, young] = [linesOf(before.text), linesOf(after.text)];
  const head = commonLength(old, young);
  const tail = commonLength(old.slice(head).reverse(), young.slice(head).reverse());
  const start = Math.max(0, head - context);
  const kept = Math.min(tail, context);
  const [oldEnd, youngEnd] = [old.length - tail, young.length - tail];
  const body = [
    ...old.slice(start, head).map((line) => ` ${line}`),
    ...old.slice(head, oldEnd).map((line) => `-${line}`),
    ...young.slice(head, youngEnd).map((line) => `+${line}`),
    ...old.slice(oldEnd, oldEnd + kept).map((line) => ` ${line}`),
  ];
  const ranges = `-${range(start, oldEnd + kept)} +${range(start, youngEnd + kept)}`;
  return [`--- ${before.name}`, `+++ ${after.name}`, `@@ ${ranges} @@`, ...body]
    .map((line) => `${line}\n`)
    .join('');
}

/** Lines with their newline taken off; a last line without one carries diff's own remark. */
function linesOf(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  return last === '' ? lines : [...lines, `${last}\n\\ No newline at end of file`];
}

function commonLength(a: readonly string[], b: readonly string[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

/** Lines from `start` (from 0) to before `end`, as diff counts: from 1, and from 0 for no lines. */
function range(start: number, end: number): string {
  return end === start ? `${start},0` : `${start + 1},${end - start}`;
}

/** A unified diff of two texts in one hunk: correct, but not always minimal. */

const context = 3;

/** Returns the changes from `before` to `after` in the format of diff -u; empty for equal texts. A missing file is ''. */
export function unifiedDiff(
  before: { readonly name: string; readonly text: string },
  after: { readonly name: string; readonly text: string },
): string {
  if (before.text === after.text) return '';
  const [beforeLines, afterLines] = [linesOf(before.text), linesOf(after.text)];
  const head = commonLength(beforeLines, afterLines);
  const tail = commonLength(beforeLines.slice(head).reverse(), afterLines.slice(head).reverse());
  const start = Math.max(0, head - context);
  const kept = Math.min(tail, context);
  const [beforeEnd, afterEnd] = [beforeLines.length - tail, afterLines.length - tail];
  const body = [
    ...beforeLines.slice(start, head).map((line) => ` ${line}`),
    ...beforeLines.slice(head, beforeEnd).map((line) => `-${line}`),
    ...afterLines.slice(head, afterEnd).map((line) => `+${line}`),
    ...beforeLines.slice(beforeEnd, beforeEnd + kept).map((line) => ` ${line}`),
  ];
  const ranges = `-${range(start, beforeEnd + kept)} +${range(start, afterEnd + kept)}`;
  return [`--- ${before.name}`, `+++ ${after.name}`, `@@ ${ranges} @@`, ...body]
    .map((line) => `${line}\n`)
    .join('');
}

/** Splits a text into lines without newlines; adds diff's remark to a last line that has no newline. */
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

/** Formats the lines from `start` (from 0) up to, but not including, `end`. diff counts from 1, or from 0 for no lines. */
function range(start: number, end: number): string {
  return end === start ? `${start},0` : `${start + 1},${end - start}`;
}

/** Whether text from `start` to `end` is one or more decimal digits. QuickJS takes several times longer for a regular expression. */
export function isDigits(text: string, start: number, end: number = text.length): boolean {
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index);
    if (!(code >= 0x30 && code <= 0x39)) return false;
  }
  return end > start;
}

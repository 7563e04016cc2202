/** What the fuzzer's loop needs of QuickJS besides what vfio_id does. */

declare module 'qjs:std' {
  interface Input {
    getline(): string | null;
  }
  // Named as in QuickJS; `in` is a word of the language.
  const input: Input;

  export { input as in };
}

declare module 'qjs:os' {
  export const SIGALRM: number;
  /** With `undefined` the signal is ignored. */
  export function signal(signal: number, handler: (() => void) | null | undefined): void;
}

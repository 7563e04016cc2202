/** The parts of QuickJS's modules that native-loop.ts uses in addition to those of vfio_id. */

declare module 'qjs:std' {
  interface Input {
    getline(): string | null;
  }
  // QuickJS calls it `in`, which is a reserved word.
  const input: Input;

  export { input as in };
}

declare module 'qjs:os' {
  export const SIGALRM: number;
  /** With `undefined` the signal is ignored. */
  export function signal(signal: number, handler: (() => void) | null | undefined): void;
}

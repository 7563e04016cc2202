/** The parts of QuickJS's modules `std` and `os` that vfio_id uses (quickjs-libc.c, version 2025-04-26). */

declare module 'qjs:std' {
  interface File {
    puts(text: string): void;
    flush(): number;
    readAsString(limit?: number): string;
    eof(): boolean;
    /** The next byte, or -1. */
    getByte(): number;
    close(): number;
  }
  export const out: File;
  export const err: File;
  export function exit(status: number): never;
  /** The first variable of that name, like getenv(3). */
  export function getenv(name: string): string | undefined;
  export function fdopen(fd: number, mode: string): File | null;
}

declare module 'qjs:os' {
  interface Stat {
    readonly mode: number;
    readonly uid: number;
    readonly gid: number;
    readonly ino: number;
    readonly rdev: number;
  }
  /** The functions return a negative errno on failure, or a pair of result and errno. */
  export function open(path: string, flags: number, mode?: number): number;
  export function close(fd: number): number;
  export function read(fd: number, buffer: ArrayBuffer, offset: number, length: number): number;
  export function readdir(path: string): [string[], number];
  export function readlink(path: string): [string, number];
  export function lstat(path: string): [Stat | null, number];
  export function stat(path: string): [Stat | null, number];
  export function symlink(target: string, path: string): number;
  export function rename(from: string, to: string): number;
  export function remove(path: string): number;
  export function mkdir(path: string, mode: number): number;
  /** Milliseconds with fractions, from an unspecified origin. */
  export function now(): number;
  export function getpid(): number;
}

/** Whether O_DIRECTORY and O_NOFOLLOW have the numbers of arm and powerpc; set at build time. */
declare const __ARM_OPEN_FLAGS__: boolean;
declare const scriptArgs: readonly string[];

/** What the process was started with, and its own names. */
import * as syscalls from 'qjs:syscalls';
import type { Environment } from '../process.ts';
import { quickjsFiles, textOf } from './files.ts';

/** The environment as `KEY=value`. */
export function environmentStrings(): string[] {
  return syscalls.environ().map(textOf);
}

/** The environment; of a variable that occurs twice, the first, like getenv(3). */
export function environment(): Environment {
  const entries = environmentStrings().flatMap((text): [string, string][] => {
    const equals = text.indexOf('=');
    return equals > 0 ? [[text.slice(0, equals), text.slice(equals + 1)]] : [];
  });
  return Object.fromEntries(entries.reverse());
}

/** The process id and 8 random hex digits. */
export function token(): string {
  const bytes = new Uint8Array(4);
  syscalls.getrandom(bytes);
  return `${syscalls.getpid()}-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/**
 * The arguments of the program. QuickJS decodes bytes that are not valid UTF-8 differently from Node, so other text than
 * ASCII is read again from /proc.
 */
export function processArguments(): readonly string[] {
  const own = scriptArgs.slice(1);
  if (own.every((arg) => /^[\0-\x7f]*$/.test(arg))) return own;
  try {
    const all = quickjsFiles
      .read('/proc/self/cmdline', 1 << 22)
      .split('\0')
      .slice(1, -1);
    return all.length === own.length ? all : own;
  } catch {
    return own;
  }
}

/** Parses the command line, runs one command, and turns every error into one line on stderr and an exit status. */

import {
  errnoOf,
  exitStatus,
  ignoring,
  ioError,
  tryOrUndefined,
  VfioNamesError,
  withHint,
} from '../errors.ts';
import type { Files } from '../system/files.ts';
import { connectBelow, nodesBelow } from '../system/files-below.ts';
import type { System } from '../system/system.ts';
import { escapeControls, escapeText, printable } from '../text/printable.ts';
import { version } from '../version.ts';
import { parseCommandLine } from './args.ts';
import type { Help } from './choose-command.ts';
import type { Invocation, Io } from './command.ts';
import { commands, commonOptions } from './commands.ts';
import { commandHelp, groupHelp, helpWidth, overview } from './help.ts';
import { printErrorDocument } from './json.ts';
import { terminalColumns } from './terminal.ts';

/** `code no-node; device 0000:01:00.0; path /dev/vfio/devices/vfio3; cause ENOENT: no such file...`; one line, printable. */
export function formatErrorDetails({ code, device, path, cause }: VfioNamesError): string {
  const causeText = cause instanceof Error ? cause.message : cause === undefined ? undefined : String(cause);
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['code', code],
    ['device', device],
    ['path', path],
    ['cause', causeText],
  ];
  return facts
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key} ${printable(value)}`]))
    .join('; ');
}

/** Runs `argv` (without node and script) and returns the exit status. Throws only on a bug in the program. */
export async function main(argv: readonly string[], streams: Io, system: System): Promise<number> {
  let isWritten = false;
  const io = escapingIo({
    ...streams,
    out: (text) => {
      isWritten = true;
      streams.out(text);
    },
  });
  let verbose = false;
  let isService = false;
  // Until the command line is parsed: an error of an option, too, is a document for a caller who asks for JSON.
  let wantsDocument = asksForJson(argv);
  try {
    const parsed = parseCommandLine(argv, commands, commonOptions, {
      env: system.process.env,
      stdoutIsTty: io.stdoutIsTty,
    });
    if (parsed.kind === 'version') {
      io.out(`vfio-names ${version}\n`);
      return exitStatus.ok;
    }
    if (parsed.kind === 'help') {
      io.out(helpText(parsed, helpWidth(terminalColumns(io, system.process.env))));
      return exitStatus.ok;
    }
    verbose = parsed.invocation.verbose;
    const results = resultIo(io, parsed.invocation);
    wantsDocument = parsed.invocation.json && !parsed.invocation.quiet;
    isService = parsed.invocation.command.name === 'watch';
    checkProc(system.files, parsed.invocation);
    const machine = await systemBelow(system, parsed.invocation);
    const run = await parsed.invocation.command.load();
    return await run(parsed.invocation, results, machine);
  } catch (error) {
    const shown = forRoot(error instanceof VfioNamesError ? error : callError(error), system.files);
    io.err(`vfio-names: ${withHint(shown)}`);
    if (verbose) io.err(`vfio-names: ${formatErrorDetails(shown)}`);
    // A command prints one document, watch one per line.
    if (wantsDocument && (!isWritten || isService)) printErrorDocument(io, shown);
    return shown.status;
  }
}

function helpText({ command, group }: Help, width: number): string {
  if (command) return commandHelp(command, commonOptions, width);
  return group === undefined
    ? overview(commands, commonOptions, width)
    : groupHelp(group, commands, commonOptions, width);
}

/** Whether the arguments before `--` have --json and no --quiet. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  const options = end < 0 ? argv : argv.slice(0, end);
  return options.includes('--json') && !options.some((word) => word === '--quiet' || word === '-q');
}

/** Converts a failed system call that no command handled. Rethrows any other error, which is a bug in the program. */
function callError(error: unknown): VfioNamesError {
  if (errnoOf(error) === undefined) throw error;
  const { syscall = 'read', path = '?' } = error as { syscall?: string; path?: string };
  return ioError(error, syscall, printable(path));
}

/** Replaces a hint that advises root to become root. */
function forRoot(error: VfioNamesError, files: Files): VfioNamesError {
  const { code, status, message, hint, path, device, cause } = error;
  if (hint === undefined || !hint.startsWith('run it as root')) return error;
  // The owner of /proc/self is our effective user.
  if (tryOrUndefined(() => files.stat('/proc/self'))?.uid !== 0) return error;
  return new VfioNamesError(code, status, message, {
    hint: 'root is not permitted either: check the capabilities of this container or unit, the options of the mount, and the audit log (SELinux, AppArmor)',
    ...(path !== undefined && { path }),
    ...(device !== undefined && { device }),
    cause,
  });
}

/** Every line on stderr passes through here: no message can carry a raw control character, whatever it quotes. */
function escapingIo(io: Io): Io {
  return { ...io, err: (line) => io.err(escapeControls(line)) };
}

/** Every result passes through here, for the same reason; --quiet suppresses them. */
function resultIo(io: Io, { quiet, colour }: Invocation): Io {
  return { ...io, out: quiet ? () => {} : (text) => io.out(escapeText(text, colour)) };
}

/** The system whose files are those below --root, if that is given. Throws as checkRoot() does. */
async function systemBelow(system: System, invocation: Invocation): Promise<System> {
  const { root } = invocation;
  if (root === '') return system;
  checkRoot(system.files, invocation);
  const files = await system.filesBelow(root);
  return {
    ...system,
    files,
    nodes: nodesBelow(system.nodes, files, root),
    canConnect: connectBelow(system.canConnect, files),
  };
}

/**
 * Throws VfioNamesError `no-proc` (status 5, of holders 4) without /proc, through which opened directories are reached: without it, they
 * would look empty. doctor reports it in its own way.
 */
function checkProc(files: Files, { root, command }: Invocation): void {
  const needsNone = ['doctor', 'config schema', 'rules render'].includes(command.name);
  if (root === '' && needsNone) return;
  if (ignoring(() => files.lstat('/proc/self/fd'), 'ENOENT', 'ENOTDIR', 'EACCES')) return;
  // For holders, this is the status of every search that sees no process.
  const status = command.name === 'holders' ? exitStatus.notPermitted : exitStatus.unsupported;
  throw new VfioNamesError('no-proc', status, 'expected proc on /proc, found none', {
    hint: 'mount proc on /proc; vfio-names opens every directory and node through it',
    path: '/proc/self/fd',
  });
}

/** Throws unless --root or --host-root is a directory: otherwise it would look like a machine without devices. */
function checkRoot(files: Files, { root, values }: Invocation): void {
  const option = values['host-root'] === undefined ? '--root' : '--host-root';
  let found: string;
  try {
    const { kind } = files.stat(root);
    if (kind === 'directory') return;
    found = `a ${kind}`;
  } catch (error) {
    const errno = errnoOf(error);
    found = errno === undefined || errno === 'ENOENT' ? 'nothing' : errno;
  }
  throw new VfioNamesError(
    'usage',
    exitStatus.usage,
    `expected a directory at ${option} ${printable(root)}, found ${found}`,
    { hint: "give the top of a system's tree", path: root },
  );
}

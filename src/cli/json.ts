/** The JSON document that a command prints with --json. Results are printed as they are, except that links become absolute paths. */

import { errnoOf, ioError, type VfioNamesError, withHint } from '../errors.ts';
import type { Holder } from '../holders/types.ts';
import type { AccessChange, AccessOutcome } from '../links/access.ts';
import type { Change, Outcome } from '../links/plan.ts';
import type { Conflict } from '../names/claims.ts';
import { linkRoot } from '../names/scheme.ts';
import type { Diagnostic } from '../policy/diagnostics.ts';
import type { Setting } from '../policy/parse.ts';
import { dirName } from '../text/path.ts';
import { jsonText } from '../text/printable.ts';
import type { WatchEvent } from '../watch/events.ts';
import type { Io } from './command.ts';

/** The document with `version` as its first key, indented by two spaces, with a final newline; `undefined` values are omitted. */
export function jsonDocument(content: Readonly<Record<string, unknown>>): string {
  return `${jsonText({ version: 1, ...content }, 2)}\n`;
}

type Json = Readonly<Record<string, unknown>>;

export function changeJson(change: Change): Json {
  const path = `${linkRoot}/${change.link}`;
  if (change.action === 'remove-directory') return { action: change.action, directory: path };
  if (change.action === 'restore')
    return { action: change.action, link: path, file: `${dirName(path)}/${change.hidden}` };
  // `isLink` is not published: `found` says it.
  return { ...change, link: path, isLink: undefined };
}

export function accessChangeJson({ device, error, ...rest }: AccessChange): Json {
  return { ...rest, message: error, ...(device && { name: device.name }) };
}

export function accessOutcomeJson({ error, ...rest }: AccessOutcome): Json {
  return { ...rest, message: error };
}

/** The devices that claim one link, and the one that gets it; no winner if none does. */
export function conflictJson({ link, winner, losers }: Conflict): Json {
  return {
    link: `${linkRoot}/${link}`,
    ...(winner && { winner: winner.name }),
    losers: losers.map(({ name }) => name),
  };
}

export function diagnosticJson({ source, key, ...problem }: Diagnostic): Json {
  return { source, key, message: withHint(problem) };
}

/** A setting with the type that its value has in the policy; an alias has no value, since its rule is in the policy. */
export function settingJson({ key, value, source }: Setting): Json {
  if (key.startsWith('names.by-alias.')) return { key, source };
  return { key, value: /^(true|false|\d+)$/.test(value) ? JSON.parse(value) : value, source };
}

/** An error that ended a command; `status` is the exit status. */
type EndingError = Pick<VfioNamesError, 'code' | 'message' | 'hint' | 'device' | 'path'> & {
  readonly status: number;
};

/** The document of an error, on one line, since each document of watch is one. */
export function errorDocument({ code, message, hint, device, path, status }: EndingError): string {
  const error = { code, message, hint, name: device, file: path, status };
  return `${jsonText({ version: 1, error })}\n`;
}

/** Prints the document of an error; reports on stderr that it cannot be written. */
export function printErrorDocument(io: Io, error: EndingError): void {
  try {
    io.out(errorDocument(error));
  } catch (failure) {
    if (errnoOf(failure) === undefined) throw failure;
    io.err(`vfio-names: ${withHint(ioError(failure, 'write', 'standard output'))}`);
  }
}

export function outcomeJson({ change, ...rest }: Outcome): Json {
  return { change: changeJson(change), ...rest };
}

export function eventJson({ link, ...rest }: WatchEvent): Json {
  return { ...rest, ...(link !== undefined && { link: `${linkRoot}/${link}` }) };
}

/** A holder without its target, since the document lists the holders of one device together. */
export function holderJson({ target: _target, ...rest }: Holder & { readonly target?: unknown }): Json {
  return rest;
}

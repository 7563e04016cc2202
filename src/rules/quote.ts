/**
 * Puts texts into the strings of udev's rules and the fields of mdev's lines, so that none can break out of its place.
 * What a target can't hold is refused, never changed in silence. Pure; knows nothing of facts or policies.
 */
import { exitStatus, VfioNamesError } from '../errors.ts';
import { globProblem } from '../names/glob.ts';
import { sanitizePart } from '../names/sanitize.ts';

/** One line for a person about something that the rules of `target` can't say. */
export function cannotExpress(target: string, found: string, remedy: string): VfioNamesError {
  return new VfioNamesError('policy', exitStatus.usage, `${target} can't express ${found}; ${remedy}`);
}

/** Text as it may stand in a message. */
function shown(text: string): string {
  return JSON.stringify(text);
}

/**
 * The right side of a match in a udev rule, quotes included. The patterns are those of names/glob.ts, which leaves out
 * what fnmatch(3) would read otherwise; udev itself parts a value at `|` and has no sure way to hold a quote.
 */
export function udevMatch(patterns: readonly string[]): string {
  for (const pattern of patterns) {
    const problem = globProblem(pattern) ?? (pattern.includes('"') ? 'a quote ends the text' : undefined);
    if (problem !== undefined)
      throw cannotExpress('udev', `the pattern ${shown(pattern)}`, `${problem}; write it in another way`);
    if (/\[[^\]]*[^\x20-\x7e]/.test(pattern))
      throw cannotExpress(
        'udev',
        `the set in the pattern ${shown(pattern)}`,
        'udev compares bytes, so only ASCII can stand in a set',
      );
  }
  return `"${patterns.join('|')}"`;
}

/**
 * Fixed text of a link's path, as it may stand in SYMLINK+= beside substitutions: made safe as names/sanitize does,
 * part by part, slashes kept. `undefined` where a part is too long.
 */
export function safeText(text: string): string | undefined {
  const parts = text.split('/').map((part) => sanitizePart(`-${part}-`)?.slice(1, -1));
  return parts.includes(undefined) ? undefined : parts.join('/');
}

/** Text for the right side of an assignment, without quotes: `$` and `%` stand for themselves. */
export function udevText(text: string): string {
  if (/[\x00-\x1f\x7f"]|\\(?!x)/.test(text))
    throw cannotExpress(
      'udev',
      `the text ${shown(text)}`,
      'leave out quotes, backslashes and control characters',
    );
  return text.replace(/[$%]/g, '$&$&');
}

/** The name of a bus, as it may stand in a path of sysfs inside a rule. */
export function busName(bus: string): string {
  if (/^[A-Za-z0-9_-][A-Za-z0-9_.:-]{0,62}$/.test(bus)) return bus;
  throw cannotExpress('udev', `the bus ${shown(bus)}`, 'name a bus as /sys/bus lists it');
}

/** A user or group of an OWNER or GROUP assignment, or of mdev's UID:GID field: a name of the portable set, or a number. */
export function accountName(name: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,255}$/.test(name)) return name;
  throw cannotExpress(
    'a rule',
    `the user or group ${shown(name)}`,
    'use letters, digits, dots, dashes and underscores',
  );
}

/** Permission bits, `0660`: never more than read and write for owner and group, and read for all. */
export function modeText(mode: string): string {
  if (/^0?[0-7]{3}$/.test(mode)) return mode.padStart(4, '0');
  throw cannotExpress('a rule', `the mode ${shown(mode)}`, 'use three or four octal digits, such as 0660');
}

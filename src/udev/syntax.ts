/**
 * Quotes texts for strings in udev rules and fields in mdev lines, so that no text can end its string or field.
 * Text that a target cannot represent is rejected, never changed silently.
 */
import { exitStatus, VfioNamesError } from '../errors.ts';
import { sanitizePathPart } from '../names/sanitize.ts';
import { globProblem } from '../policy/glob.ts';
import { defaultPolicy, type NamePart, type Policy } from '../policy/policy.ts';
import { escapeControls } from '../text/printable.ts';
import { encodeUtf8 } from '../text/utf8.ts';

/** Returns the VfioNamesError `policy` (status 2) for something that the rules of `target` cannot express. */
export function notExpressible(target: string, found: string, hint: string): VfioNamesError {
  return new VfioNamesError('policy', exitStatus.usage, `${target} cannot express ${found}`, { hint });
}

/** Quotes text for a message. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

/**
 * Returns the right side of a match in a udev rule, with quotes. The patterns are those of policy/glob.ts, which rejects
 * what fnmatch(3) would interpret differently. udev splits a value at `|` and has no reliable way to escape a quote.
 * Throws VfioNamesError for a pattern that udev cannot express.
 */
export function quotePatterns(patterns: readonly string[]): string {
  for (const pattern of patterns) {
    const problem = globProblem(pattern) ?? (pattern.includes('"') ? 'a quote ends the text' : undefined);
    if (problem !== undefined)
      throw notExpressible('udev', `the pattern ${quoted(pattern)}; ${problem}`, 'write it in another way');
    if (escapeControls(pattern) !== pattern)
      throw notExpressible(
        'udev',
        `the pattern ${escapeControls(pattern)}`,
        'leave out control characters and invisible characters',
      );
    if (/\[[^\]]*[^\x20-\x7e]/.test(pattern))
      throw notExpressible(
        'udev',
        `the set in the pattern ${quoted(pattern)}`,
        'udev compares bytes, so only ASCII can stand in a set',
      );
  }
  return `"${patterns.join('|')}"`;
}

/**
 * Sanitizes the fixed text of a link's path for SYMLINK+=, where it is combined with substitutions: part by part as in
 * names/sanitize, keeping slashes. `undefined` if a part is too long.
 */
export function sanitizePath(text: string): string | undefined {
  const parts = text.split('/').map((part) => sanitizePathPart(`-${part}-`)?.slice(1, -1));
  return parts.includes(undefined) ? undefined : parts.join('/');
}

/** Sanitizes fixed text as udev does, so that nothing in a request can end its quotes. */
export function sanitizeTemplatePart(part: NamePart): NamePart {
  return 'text' in part ? { text: sanitizePath(part.text) ?? '' } : part;
}

/** Escapes `$` and `%` in text for the right side of an assignment, without quotes; throws if it cannot be expressed. */
export function escapeUdev(text: string): string {
  if (/[\x00-\x1f\x7f"]|\\(?!x)/.test(text))
    throw notExpressible(
      'udev',
      `the text ${quoted(text)}`,
      'leave out quotes, backslashes and control characters',
    );
  return text.replace(/[$%]/g, '$&$&');
}

/** Checks the name of a bus for use in a sysfs path inside a rule; throws VfioNamesError if it is not valid. */
export function checkBusName(bus: string): string {
  if (/^[A-Za-z0-9_-][A-Za-z0-9_.:-]{0,62}$/.test(bus)) return bus;
  throw notExpressible('udev', `the bus ${quoted(bus)}`, 'name a bus as /sys/bus lists it');
}

/**
 * Checks a user or group for an OWNER or GROUP assignment, or for mdev's UID:GID field: a name of portable characters, or
 * a number. Throws VfioNamesError if it is not valid.
 */
export function checkAccountName(name: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,255}$/.test(name)) return name;
  throw notExpressible(
    'a rule',
    `the user or group ${quoted(name)}`,
    'use letters, digits, dots, dashes and underscores',
  );
}

/** Returns permission bits as four octal digits, `0660`; throws VfioNamesError for set-id bits or other text. */
export function formatMode(mode: string): string {
  if (/^0?[0-7]{3}$/.test(mode)) return mode.padStart(4, '0');
  throw notExpressible('a rule', `the mode ${quoted(mode)}`, 'use three or four octal digits, such as 0660');
}

/** Keys in udev's syntax (`KERNELS=="0000:*"`); all on one line, so that udev searches one parent that matches them all. */
export type UdevKeys = readonly string[];

/** Files of an image for early boot: of systemd or mkinitcpio, initramfs-tools, and dracut. */
export const earlyBootFiles = ['/etc/initrd-release', '/scripts/init-top', '/usr/lib/dracut-lib.sh'] as const;

/**
 * The keys that give a device its systemd unit, but not in an image for early boot. The image has none of the system's groups and
 * users (initramfs-tools starts udevd with --resolve-names=never), so a node gets its owner from the system's udevd. systemd
 * starts with all units that udev's database has, the owner set or not (device_enumerate in systemd's src/core/device.c).
 */
export const systemdTag: UdevKeys = [...earlyBootFiles.map((path) => `TEST!="${path}"`), 'TAG+="systemd"'];

/** The property in udev's database that says that the rules have set the owner, group or mode of the node. */
export const accessProperty = 'ID_VFIO_ACCESS';

/** Belongs into each line that sets one of them. */
export const givenAccess = `ENV{${accessProperty}}="policy"`;

/** udev reads lines of up to 16384 bytes (UDEV_LINE_SIZE in systemd's src/udev/udev-rules.h). */
export const MAX_LINE_BYTES = 16000;

/** Joins the keys; udevadm verify expects a blank after each comma. Throws VfioNamesError if the line is too long. */
export function formatRule(keys: UdevKeys): string {
  const line = keys.join(', ');
  const bytes = encodeUtf8(line).length;
  if (bytes > MAX_LINE_BYTES)
    throw notExpressible(
      'udev',
      `a rule of ${bytes} bytes in one line`,
      `make its list of patterns shorter than ${MAX_LINE_BYTES} bytes, or part the rule in two`,
    );
  return line;
}

/** The content of the first line. */
interface RulesHeader {
  readonly scheme: number;
  /** The SHA-256 of the policy in hex, or `default`. */
  readonly policy: string;
}

/** Parses the first line of a file's text; `undefined` if vfio-names did not generate the file. */
export function readHeader(text: string): RulesHeader | undefined {
  const match = /^# vfio-names scheme=(\d{1,4}) policy=([0-9a-f]{64}|default)\n/.exec(text);
  return match?.[1] && match[2] ? { scheme: Number(match[1]), policy: match[2] } : undefined;
}

/** Returns the identifier of a policy in the header: its hash, or `default`. */
export function policyId(policy: Policy): string {
  return policy.hash === '' || policy.hash === defaultPolicy.hash ? 'default' : policy.hash;
}

/** Warns about patterns that are valid but can match no value, mostly regular expressions and lists in other notations. */
import { isSharedSerial } from '../devices/facts/serial.ts';
import type { FactName } from '../devices/types.ts';
import { canMatch, pciAddressForm } from './pattern-forms.ts';

/** What is wrong with a pattern, and what to write instead. */
export interface PatternWarning {
  readonly message: string;
  readonly hint: string;
}

/** Facts whose values are names of the kernel: letters, digits and a few other characters, never a dot. */
const plainNames: ReadonlySet<FactName> = new Set(['bus', 'driver']);

/** Facts with text of any kind. */
const freeText: ReadonlySet<FactName> = new Set(['label', 'slot', 'mdevType']);

/** The usual pattern of a name, for which no address need be searched for: a policy may have thousands. */
const plainAddress = /^(?:\*|[0-9a-f]{4,8}):[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/;

const shell = 'a pattern is as in a shell, "*" any text and "?" one character, and the whole value must fit';

/** Returns a warning if a device hardly has a value that matches the pattern, which has been checked by globProblem(). */
export function patternWarning(fact: FactName, pattern: string): PatternWarning | undefined {
  const isPlain = plainNames.has(fact);
  const isFree = freeText.has(fact);
  if (/^\^|\$$/.test(pattern))
    return { message: '"^" and "$" mean themselves in a pattern, so it matches no device', hint: shell };
  if (pattern.startsWith('!'))
    return {
      message: '"!" means itself at the beginning of a pattern, so it matches no device',
      hint: `write not = { ${fact} = ... }`,
    };
  if (
    /[.\])]\+|^\.\*|[^0-9A-Za-z*?\])]\.\*/.test(pattern) ||
    (!isFree && /\)[*?]/.test(pattern)) ||
    (isPlain && /\.[*?]/.test(pattern))
  )
    return { message: 'this looks like a regular expression, and matches no device', hint: shell };
  if (!isFree && /[()]/.test(pattern))
    return { message: 'parentheses mean themselves in a pattern, so it matches no device', hint: shell };
  if (!isFree && /[{}]|^[^[]*,(?![^[]*\])/.test(pattern))
    return {
      message: 'a pattern has no alternatives, so it matches no device',
      hint: `write a list: ${fact} = ["a", "b"]`,
    };
  if (isPlain && /[+/\s.]/.test(pattern))
    return {
      message: `a ${fact} has a plain name such as ${fact === 'bus' ? 'pci' : 'vfio-pci'}`,
      hint: shell,
    };
  if (/^\s|\s$/.test(pattern))
    return {
      message: 'no value begins or ends with a blank, so it matches no device',
      hint: 'remove the blank',
    };
  if (fact === 'serial' && isSharedSerial(pattern))
    return {
      message: 'many cards of one manufacturer have this serial number, so it is ignored',
      hint: 'match the path or the slot',
    };
  if (
    fact === 'name' &&
    !plainAddress.test(pattern) &&
    looksLikeAddress(pattern) &&
    !canMatch(pattern, pciAddressForm)
  )
    return {
      message: 'this looks like a PCI address, but no address can match it',
      hint: 'an address is such as 0000:01:00.0, a pattern such as 0000:01:*',
    };
  return undefined;
}

/** Whether the pattern has two colons and a dot, as a PCI address, and only characters of one. */
function looksLikeAddress(pattern: string): boolean {
  return /^[0-9a-fx?*[\]!-]*:[0-9a-fx?*[\]!-]*:[0-9a-fx?*[\]!.:-]*$/i.test(pattern);
}

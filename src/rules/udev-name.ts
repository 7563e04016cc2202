/** From the parts of a name to what udev writes in SYMLINK+= on one bus. Pure; knows nothing of matches. */
import type { NamePart, Transform } from '../config/policy.ts';
import type { FactName } from '../devices/device.ts';
import { sanitizePart } from '../names/sanitize.ts';
import { transform } from '../names/template.ts';
import type { Keys } from './line.ts';
import { busName, cannotExpress, safeText, udevText } from './quote.ts';
import { type UdevFact, udevFacts } from './udev-facts.ts';
import { canHave, fileTest } from './udev-match.ts';

/** A name as udev writes it. */
export interface UdevName {
  /** With udev's substitutions; absent where only vfio_id can make it, which then gets the parts. */
  readonly text?: string;
  /** The same with ID_PATH_TAG, for the devices that `plainPath` means; absent where that does not help. */
  readonly tagged?: string;
  /** Keys that find the device and its facts, to stand on the line of the match. */
  readonly keys: Keys;
  /** Keys on what vfio_id printed. */
  readonly imported: Keys;
}

/**
 * The devices whose ID_PATH_TAG (udev's builtin path_id) is `pci-` and their name with `_` for `:` and `.`: those that
 * no second host bridge precedes. Elsewhere path_id puts more in front.
 */
export function plainPath(operator: '==' | '!='): string {
  return `ENV{ID_PATH}${operator}"pci-????:??:??.?"`;
}

type FactPart = Exclude<NamePart, { readonly text: string }>;

/** The name on devices of `bus`; `undefined` where no device of the bus can have one of its facts. */
export function udevName(parts: readonly NamePart[], bus: string): UdevName | undefined {
  const facts = parts.filter((part): part is FactPart => !('text' in part));
  if (facts.some((part) => !canHave(udevFacts[part.fact], bus))) return undefined;
  const text = writeAll(parts, (part) => substitution(part, bus));
  const tagged = text === undefined && bus === 'pci' ? withTag(parts) : undefined;
  return {
    ...(text !== undefined && { text }),
    ...(tagged !== undefined && { tagged }),
    keys: [...new Set(facts.flatMap((part) => presence(part.fact, bus)))],
    imported: [...new Set(facts.flatMap((part) => printed(udevFacts[part.fact])))],
  };
}

/** All parts as one text; `undefined` where udev has no words for one of them. */
function writeAll(
  parts: readonly NamePart[],
  write: (part: FactPart) => string | undefined,
): string | undefined {
  const texts = parts.map((part) => ('text' in part ? fixedText(part.text) : write(part)));
  return texts.some((text) => text === undefined) ? undefined : texts.join('');
}

function fixedText(text: string): string {
  const safe = safeText(text);
  if (safe === undefined) throw cannotExpress('udev', 'a name of more than 255 bytes', 'make it shorter');
  return udevText(safe);
}

const tag = '$env{ID_PATH_TAG}';

function withTag(parts: readonly NamePart[]): string | undefined {
  const text = writeAll(parts, (part) => (isTag(part) ? `\0${tag}` : substitution(part, 'pci')));
  const result = text?.replaceAll(`pci-\0${tag}`, tag);
  return result?.includes('\0') ? undefined : result;
}

/** Whether the part is the device's name with `_` for `:` and `.`. */
function isTag(part: FactPart): boolean {
  const replaced = (part.apply ?? []).map((one) =>
    one.kind === 'replace' && one.to === '_' ? one.from : '',
  );
  return part.fact === 'name' && replaced.toSorted().join('') === '.:' && replaced.length === 2;
}

/** Keys that hold only for devices that have the fact, where udev can tell before any program runs. */
function presence(name: FactName, bus: string): Keys {
  const fact = udevFacts[name];
  if (fact.kind === 'decided')
    throw cannotExpress(
      'udev',
      `{{${name}}} in a name`,
      'it is what the rules themselves set; take another fact',
    );
  if (fact.kind === 'attribute') return [`${fact.key}=="${fact.present}"`];
  return fact.kind === 'import' && fact.file !== undefined ? [fileTest(bus, fact.file)] : [];
}

/** Keys that hold where vfio_id printed the fact. */
function printed(fact: UdevFact): Keys {
  return fact.kind === 'import' || fact.kind === 'function' ? [`ENV{${fact.property}}=="?*"`] : [];
}

/** What stands for the fact; `undefined` where a slash or a transform needs vfio_id to make the name. */
function substitution(part: FactPart, bus: string): string | undefined {
  const fact = udevFacts[part.fact];
  if (fact.kind === 'decided' || fact.kind === 'devpath') return undefined;
  if (fact.kind === 'fixed') {
    const safe = sanitizePart((part.apply ?? []).reduce(transform, fact.value ?? busName(bus)));
    return safe === undefined ? undefined : udevText(safe);
  }
  if ((part.apply ?? []).some((one) => changes(one, shapeOf(part.fact, bus)))) return undefined;
  if (fact.kind === 'import') return fact.plain ? `$env{${fact.property}}` : undefined;
  return fact.kind === 'function' ? `$env{${fact.property}}` : fact.value;
}

interface Shape {
  /** Every character that the fact's text can have. */
  readonly made: RegExp;
  /** The least length of it. */
  readonly least: number;
}

/** What is certain of a fact's text: udev can leave out a transform that can't change it. */
function shapeOf(name: FactName, bus: string): Shape | undefined {
  if (name === 'numaNode' || name === 'group' || name === 'vf' || name === 'function')
    return { made: /[0-9]/, least: 1 };
  if (udevFacts[name].kind === 'attribute') return { made: /[0-9a-fx]/, least: 4 };
  if (name === 'pf' || (name === 'name' && bus === 'pci')) return { made: /[0-9a-f:.]/, least: 12 };
  return name === 'name' && bus === 'mdev' ? { made: /[0-9a-f-]/, least: 36 } : undefined;
}

/** Whether the transform can change a text of that shape. */
function changes(one: Transform, shape: Shape | undefined): boolean {
  if (shape === undefined) return true;
  if (one.kind === 'lower') return false;
  if (one.kind === 'pad') return one.width > shape.least;
  return Array.from(one.from).every((character) => shape.made.test(character));
}

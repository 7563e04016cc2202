/** Compiles the parts of a name to the text for SYMLINK+= on one bus. */

import type { FactName } from '../devices/types.ts';
import { sanitizePathPart } from '../names/sanitize.ts';
import type { NamePart, Transform } from '../policy/policy.ts';
import { applyTransform } from '../policy/template.ts';
import { type UdevFact, udevFacts } from './facts.ts';
import { busHasFact, fileTest } from './match.ts';
import type { UdevKeys } from './syntax.ts';
import { checkBusName, escapeUdev, notExpressible, sanitizePath } from './syntax.ts';

/** A name in udev's syntax. */
interface UdevName {
  /** The name with udev's substitutions; absent if only vfio_id can build it. */
  readonly text?: string;
  /** The name with ID_PATH_TAG, for the devices that plainIdPathKey() matches; absent if that is not enough. */
  readonly tagText?: string;
  /** Keys that require the facts to exist, for the line of the match. */
  readonly keys: UdevKeys;
  /** Keys on the output of vfio_id. */
  readonly helperKeys: UdevKeys;
}

/**
 * Returns the key that matches the devices whose ID_PATH_TAG (udev's builtin path_id) is `pci-` and their name with `_`
 * for `:` and `.`: those without a second host bridge above them. For other devices path_id adds a prefix.
 */
export function plainIdPathKey(operator: '==' | '!='): string {
  return `ENV{ID_PATH}${operator}"pci-????:??:??.?"`;
}

type FactPart = Exclude<NamePart, { readonly text: string }>;

/** Compiles the name for devices on `bus`; `undefined` if devices on the bus cannot have one of its facts. */
export function compileName(parts: readonly NamePart[], bus: string): UdevName | undefined {
  const facts = parts.filter((part): part is FactPart => !('text' in part));
  if (facts.some((part) => !busHasFact(udevFacts[part.fact], bus))) return undefined;
  const text = writeAll(parts, (part) => substitution(part, bus));
  const tagText = text === undefined && bus === 'pci' ? withTag(parts) : undefined;
  return {
    ...(text !== undefined && { text }),
    ...(tagText !== undefined && { tagText }),
    keys: [...new Set(facts.flatMap((part) => presence(part.fact, bus)))],
    helperKeys: [...new Set(facts.flatMap((part) => printed(udevFacts[part.fact])))],
  };
}

/** Joins all parts; `undefined` if udev cannot express one of them. */
function writeAll(
  parts: readonly NamePart[],
  write: (part: FactPart) => string | undefined,
): string | undefined {
  const texts = parts.map((part) => ('text' in part ? fixedText(part.text) : write(part)));
  return texts.some((text) => text === undefined) ? undefined : texts.join('');
}

function fixedText(text: string): string {
  const safe = sanitizePath(text);
  if (safe === undefined) throw notExpressible('udev', 'a name of more than 255 bytes', 'make it shorter');
  return escapeUdev(safe);
}

const tag = '$env{ID_PATH_TAG}';

function withTag(parts: readonly NamePart[]): string | undefined {
  const text = writeAll(parts, (part) => (isTag(part) ? `\0${tag}` : substitution(part, 'pci')));
  const result = text?.replaceAll(`pci-\0${tag}`, tag);
  return result?.includes('\0') ? undefined : result;
}

/** Whether the part is the device's name with `_` for `:` and `.`. */
function isTag(part: FactPart): boolean {
  const replaced = (part.apply ?? []).map((step) =>
    step.transform === 'replace' && step.to === '_' ? step.from : '',
  );
  return part.fact === 'name' && replaced.length === 2 && replaced.includes('.') && replaced.includes(':');
}

/** Returns keys that match only devices that have the fact, if udev can test it before vfio_id runs. */
function presence(name: FactName, bus: string): UdevKeys {
  const fact = udevFacts[name];
  if (fact.kind === 'decided')
    throw notExpressible(
      'udev',
      `{{${name}}} in a name`,
      'it is what the rules themselves set; take another fact',
    );
  if (fact.kind === 'attribute') return [`${fact.key}=="${fact.present}"`];
  return fact.kind === 'import' && fact.file !== undefined ? [fileTest(bus, fact.file)] : [];
}

/** Returns keys that match if vfio_id printed the fact. */
function printed(fact: UdevFact): UdevKeys {
  return fact.kind === 'import' || fact.kind === 'function' ? [`ENV{${fact.property}}=="?*"`] : [];
}

/** Returns udev's substitution for the fact; `undefined` if a slash or a transform requires vfio_id to build the name. */
function substitution(part: FactPart, bus: string): string | undefined {
  const fact = udevFacts[part.fact];
  if (fact.kind === 'decided' || fact.kind === 'devpath') return undefined;
  if (fact.kind === 'fixed') {
    const safe = sanitizePathPart((part.apply ?? []).reduce(applyTransform, fact.value ?? checkBusName(bus)));
    return safe === undefined ? undefined : escapeUdev(safe);
  }
  if ((part.apply ?? []).some((step) => changes(step, shapeOf(part.fact, bus)))) return undefined;
  if (fact.kind === 'import') return fact.plain ? `$env{${fact.property}}` : undefined;
  return fact.kind === 'function' ? `$env{${fact.property}}` : fact.value;
}

interface Shape {
  /** Matches every character that the fact's text can have. */
  readonly characters: RegExp;
  /** The minimum length of the text. */
  readonly minLength: number;
}

/** Returns what is known of a fact's text; a transform that cannot change such a text is not needed in the rule. */
function shapeOf(name: FactName, bus: string): Shape | undefined {
  if (name === 'numaNode' || name === 'group' || name === 'vf' || name === 'function')
    return { characters: /[0-9]/, minLength: 1 };
  if (udevFacts[name].kind === 'attribute') return { characters: /[0-9a-fx]/, minLength: 4 };
  if (name === 'pf' || (name === 'name' && bus === 'pci')) return { characters: /[0-9a-f:.]/, minLength: 12 };
  return name === 'name' && bus === 'mdev' ? { characters: /[0-9a-f-]/, minLength: 36 } : undefined;
}

/** Whether the transform can change a text of that shape. */
function changes(transform: Transform, shape: Shape | undefined): boolean {
  if (shape === undefined) return true;
  if (transform.transform === 'lower') return false;
  if (transform.transform === 'pad') return transform.width > shape.minLength;
  return Array.from(transform.from).every((character) => shape.characters.test(character));
}

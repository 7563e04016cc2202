/** The types of a parsed and checked policy: rules for names, for access and for drivers. Also the policy without policy files. */
import type { FactName } from '../devices/types.ts';
import type { GroupNames } from '../names/groups.ts';

/** The file and line of a rule. */
export interface SourceLocation {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/**
 * One condition on one fact. Without `negate` it is true if the device has the fact and one of the patterns matches its
 * whole value. With `negate` it is true in every other case: if no pattern matches, or if the device does not have the fact.
 *
 * Patterns are shell patterns (see glob.ts): `*` any text including slashes, `?` one character, `[a-f]`, `[!a-f]`.
 * A pattern without these is an exact value. There is no escape character; `|` and control characters are rejected.
 * Hexadecimal ids are already in sysfs's form (`0x10de`) and PCI addresses are complete (`0000:01:00.0`).
 */
export interface Condition {
  readonly fact: FactName;
  readonly negate: boolean;
  /** At least one. */
  readonly patterns: readonly string[];
}

/**
 * All conditions must be true; an empty list matches every device. Each fact has at most one plain and one negated
 * condition.
 */
export type Match = readonly Condition[];

/** A helper of a name template, applied to the text of one fact. */
export type Transform =
  /** Converts ASCII letters to lower case. */
  | { readonly transform: 'lower' }
  /** Adds zeros on the left, up to `width` characters. */
  | { readonly transform: 'pad'; readonly width: number }
  /** Replaces every `from` (exact text, not empty) by `to`. */
  | { readonly transform: 'replace'; readonly from: string; readonly to: string };

/**
 * A part of a name: fixed text, already checked and safe, or the text of a fact after its transforms (first to last) and
 * then names/sanitize (a slash in a fact never creates a directory).
 */
export type NamePart =
  | { readonly text: string }
  | { readonly fact: FactName; readonly apply?: readonly Transform[] };

/** The built-in families of names, in the order of the help text. */
export const familyNames = [
  'by-tag',
  'by-path',
  'by-sriov',
  'by-group',
  'by-slot',
  'by-serial',
  'by-alias',
] as const;

export type Family = (typeof familyNames)[number];

/** An additional name below /dev/vfio. The path has at least two parts; the first is fixed text that begins with `by-`. */
export interface LinkRule {
  readonly match: Match;
  readonly template: readonly NamePart[];
  /** The higher priority wins if two devices claim one name; 0 by default. */
  readonly priority: number;
  /** The family that created this rule; absent for a [[link]] rule. */
  readonly family?: Family;
  readonly source: SourceLocation;
}

/** Ownership and mode of a node. */
export interface Access {
  /** User name, or number in decimal. */
  readonly owner?: string;
  /** Group name, or number in decimal. */
  readonly fileGroup?: string;
  /** Four octal digits, `0660`; never set-id or world-writable. */
  readonly mode?: string;
}

/** Access for the nodes of the matching devices; later rules override earlier ones key by key. Has at least one key. */
export interface AccessRule extends Access {
  readonly match: Match;
  readonly source: SourceLocation;
}

/** The driver that the matching devices get before any driver has them; of several rules that match, the last decides. */
export interface BindRule {
  /** Only facts that udev knows at the `add` event; always has one plain condition on `bus` with one exact value. */
  readonly match: Match;
  /** The bus of the match. */
  readonly bus: string;
  /** The name of a driver, or `auto`: the driver that the kernel's modules offer for the device. */
  readonly driver: string;
  readonly source: SourceLocation;
}

export interface Policy {
  /** The number of the naming scheme of /dev/vfio/<bus>/<name>. */
  readonly scheme: 1;
  /** Names in addition to those of the scheme. */
  readonly linkRules: readonly LinkRule[];
  readonly accessRules: readonly AccessRule[];
  readonly bindRules: readonly BindRule[];
  /** The `[iommu]` table, the access of /dev/iommu; see policy/access.ts for the default. */
  readonly iommu?: Access & { readonly source: SourceLocation };
  /** The keys of `[names]` about groups that differ from defaultGroupNames. */
  readonly groups?: Partial<GroupNames>;
  /** SHA-256 of the policy in hex; comments, files and lines do not change it. */
  readonly hash: string;
}

/** The policy of a machine without policy files: the names of scheme 1, and no rules for access or drivers. */
export const defaultPolicy: Policy = {
  scheme: 1,
  linkRules: [],
  accessRules: [],
  bindRules: [],
  hash: '7a75a4315b2cd5a78d08b046a4d8dbff18edf8c93c0a764cce5a67021cb6c075',
};

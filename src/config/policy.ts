/**
 * What a policy is once it is read and checked: rules for names and rules for access. Types, and the policy of a
 * machine that has no policy file. Knows nothing of TOML, files, links or udev.
 */
import type { FactName } from '../devices/device.ts';

/** Where a rule was written. */
export interface Source {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/**
 * One condition on one fact. Without `negate` it holds where the device has the fact and one of the patterns fits its
 * whole value. With `negate` it holds in every other case: where no pattern fits, and where the device lacks the fact.
 *
 * Patterns are those of the shell, as glob.ts has them: `*` any text, slashes too, `?` one character, `[a-f]`, `[!a-f]`.
 * A pattern without these is an exact value. There is no escape character, and `|` and control characters are refused.
 * Hexadecimal ids are already in sysfs's form (`0x10de`) and PCI addresses complete (`0000:01:00.0`).
 */
export interface Condition {
  readonly fact: FactName;
  readonly negate: boolean;
  /** At least one. */
  readonly patterns: readonly string[];
}

/** All conditions must hold; no condition matches every device. At most one plain and one negated condition a fact. */
export type Match = readonly Condition[];

/** A named helper of a name's template, applied to one fact's text. */
export type Transform =
  /** ASCII capitals to small letters. */
  | { readonly kind: 'lower' }
  /** Zeros on the left up to `width` characters. */
  | { readonly kind: 'pad'; readonly width: number }
  /** Every `from` (exact text, not empty) becomes `to`. */
  | { readonly kind: 'replace'; readonly from: string; readonly to: string };

/**
 * A piece of a name: fixed text, already checked and safe, or a fact's text after its transforms (first to last)
 * and then after names/sanitize (a slash in a fact never makes a directory).
 */
export type NamePart =
  | { readonly text: string }
  | { readonly fact: FactName; readonly apply?: readonly Transform[] };

/** The ready-made families of names, in the order in which help shows them. */
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

/** An additional name below /dev/vfio. The first part is fixed text that begins with `by-`; there are two parts or more. */
export interface LinkRule {
  readonly match: Match;
  readonly name: readonly NamePart[];
  /** The higher wins where two devices want one name; 0 unless told. */
  readonly priority: number;
  /** The family that gave this rule, absent for one written by hand. */
  readonly family?: Family;
  readonly source: Source;
}

/** What a node may be given. */
export interface Access {
  /** User name, or number in decimal. */
  readonly owner?: string;
  /** Group name, or number in decimal. */
  readonly group?: string;
  /** Four octal digits, `0660`; never set-id or world-writable. */
  readonly mode?: string;
}

/** Access for the nodes of some devices; of several rules that fit, a later one wins key by key. At least one key. */
export interface AccessRule extends Access {
  readonly match: Match;
  readonly source: Source;
}

export interface Policy {
  /** The numbered naming scheme of /dev/vfio/<bus>/<name>. */
  readonly scheme: 1;
  /** Names beside those of the scheme. */
  readonly links: readonly LinkRule[];
  readonly access: readonly AccessRule[];
  /** What `[iommu]` says of /dev/iommu; see names/policy-access.ts for what holds without it. */
  readonly iommu?: Access & { readonly source: Source };
  /** SHA-256 of what the policy says, in hex: not of comments, files or lines. */
  readonly hash: string;
}

/** The policy of a machine without any policy file: the names of scheme 1, and no access. */
export const defaultPolicy: Policy = {
  scheme: 1,
  links: [],
  access: [],
  hash: '5693e13fa7f8ed8611d65c2392c2df5c5bc2eb81371247c71191ecc74aade547',
};

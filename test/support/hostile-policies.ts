/** fast-check arbitraries of policies whose texts try to escape their strings. */
import fc from 'fast-check';
import type { FactName } from '../../src/devices/types.ts';
import { globProblem } from '../../src/policy/glob.ts';
import type { Condition, LinkRule, Match, NamePart, Policy, Transform } from '../../src/policy/policy.ts';
import { udevFacts } from '../../src/udev/facts.ts';

const facts = Object.keys(udevFacts) as FactName[];

/** Characters and texts with a special meaning in udev, mdev, sh, fnmatch or printf. */
const piece = fc.constantFrom(
  ...[
    '"',
    "'",
    '\\',
    '$',
    '%',
    '$$',
    '%%',
    '\n',
    '\r',
    '\t',
    '\0',
    ' ',
    ',',
    '#',
    '|',
    '*',
    '?',
    '[',
    ']',
    '!',
  ],
  ...[
    '$env{PATH}',
    '$attr{x}',
    '%k',
    '${',
    '}',
    '{',
    ';',
    '&',
    '`',
    '$(id)',
    '=',
    '==',
    '+=',
    '\\x',
    '\\"',
    '/',
  ],
  ...['", RUN+="/bin/sh', '", GOTO="x', 'e"', 'LABEL="vfio_names_end"', '\\\n', '..', '.', 'é', '\u{1f600}'],
  ...['vfio', '0000:01:00.0', 'a', '1'],
);

/** A text of such pieces, or any text. */
export const hostileText = fc.oneof(
  fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
);

/** Mostly patterns that the check of the policy accepts. */
const pattern = fc.oneof(
  hostileText.map((text) => (globProblem(text) === undefined && !text.includes('"') ? text : '0000:*')),
  { arbitrary: hostileText, weight: 1 },
);

const fact = fc.constantFrom(...facts.filter((name) => udevFacts[name].kind !== 'decided'));

const condition: fc.Arbitrary<Condition> = fc.record({
  fact: fact.filter((name) => name !== 'syspath' && name !== 'bus'),
  negate: fc.boolean(),
  patterns: fc.array(pattern, { minLength: 1, maxLength: 2 }),
});

const match: fc.Arbitrary<Match> = fc.array(condition, { maxLength: 2 });

const transform: fc.Arbitrary<Transform> = fc.oneof(
  fc.constant({ transform: 'lower' } as const),
  fc.integer({ min: 1, max: 99 }).map((width) => ({ transform: 'pad', width }) as const),
  fc.record({ transform: fc.constant('replace' as const), from: hostileText, to: hostileText }),
);

export const namePart: fc.Arbitrary<NamePart> = fc.oneof(
  fc.record({ text: hostileText }),
  fc.record({ fact, apply: fc.array(transform, { maxLength: 2 }) }),
);

const link: fc.Arbitrary<LinkRule> = fc.record({
  match,
  template: fc.array(namePart, { minLength: 1, maxLength: 3 }).map((parts) => [{ text: 'by-x/' }, ...parts]),
  priority: fc.integer({ min: -1000, max: 1000 }),
  source: fc.constant({ file: 'x', line: 1 }),
});

const account = fc.oneof(fc.constantFrom('kvm', 'root', '107'), { arbitrary: hostileText, weight: 1 });

/** Policies of which some compile and the others must be rejected. */
export const hostilePolicy: fc.Arbitrary<Policy> = fc.record({
  scheme: fc.constant(1 as const),
  linkRules: fc.array(link, { minLength: 1, maxLength: 2 }),
  accessRules: fc.array(
    fc.record({
      match,
      fileGroup: account,
      mode: fc.constantFrom('0660', '0600'),
      source: fc.constant({ file: 'x', line: 2 }),
    }),
    { maxLength: 1 },
  ),
  bindRules: fc.array(
    fc.record({
      match,
      bus: fc.constantFrom('pci', 'platform'),
      driver: fc.oneof(fc.constantFrom('vfio-pci', 'auto'), { arbitrary: hostileText, weight: 1 }),
      source: fc.constant({ file: 'x', line: 3 }),
    }),
    { maxLength: 2 },
  ),
  hash: fc.constant('ab'.repeat(32)),
});

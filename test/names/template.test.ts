import test from 'ava';
import fc from 'fast-check';
import type { NamePart, Transform } from '../../src/config/policy.ts';
import type { Facts } from '../../src/devices/device.ts';
import { sanitizePart } from '../../src/names/sanitize.ts';
import { nameFrom, transform } from '../../src/names/template.ts';

const facts: Facts = {
  bus: 'pci',
  name: '0000:01:00.0',
  syspath: '/sys/devices/pci0000:00/0000:01:00.0',
  cdev: 'yes',
  vf: '3',
  label: ' NVIDIA (GA102)/x ',
};

const gives = test.macro((t, parts: readonly NamePart[], expected: string | undefined) => {
  t.is(nameFrom(parts, facts), expected);
});

test('text and facts follow each other', gives, [{ text: 'by-x/' }, { fact: 'name' }], 'by-x/0000:01:00.0');
test('a fact that the device lacks gives no name', gives, [{ text: 'by-x/' }, { fact: 'pf' }], undefined);
test(
  'a fact that the device lacks gives no name after a transform either',
  gives,
  [{ text: 'by-x/' }, { fact: 'pf', apply: [{ kind: 'pad', width: 3 }] }],
  undefined,
);
test(
  'a slash in a fact makes no directory',
  gives,
  [{ text: 'by-x/' }, { fact: 'label' }],
  'by-x/NVIDIA__GA102__x',
);
test(
  'transforms run in order',
  gives,
  [
    { text: 'by-x/' },
    {
      fact: 'vf',
      apply: [{ kind: 'pad', width: 3 }, { kind: 'replace', from: '0', to: 'AB' }, { kind: 'lower' }],
    },
  ],
  'by-x/abab3',
);
test(
  'a fact of which nothing is left gives no name',
  gives,
  [{ text: 'by-x/v' }, { fact: 'vf', apply: [{ kind: 'replace', from: '3', to: '' }] }],
  undefined,
);
test(
  'a fact that becomes a dot gives no name',
  gives,
  [{ text: 'by-x/' }, { fact: 'vf', apply: [{ kind: 'replace', from: '3', to: '..' }] }],
  undefined,
);
test(
  'a hidden name is none',
  gives,
  [{ text: 'by-x/' }, { fact: 'vf', apply: [{ kind: 'replace', from: '3', to: '.vfio-names-3' }] }],
  undefined,
);
test('a reserved first part is no name', gives, [{ text: 'devices/' }, { fact: 'vf' }], undefined);
test('a single part is no name', gives, [{ text: 'by-x' }], undefined);
test(
  'a part of more than 255 bytes is no name',
  gives,
  [{ text: 'by-x/a' }, { fact: 'vf', apply: [{ kind: 'pad', width: 255 }] }],
  undefined,
);
const longest = `by-x${'/a'.repeat(510)}`;
test('a name of 1024 bytes is one', gives, [{ text: longest }], longest);
test('a longer name is none', gives, [{ text: `${longest}a` }], undefined);

test('only ASCII capitals become small', (t) => {
  t.is(transform('ÄBC', { kind: 'lower' }), 'Äbc');
});

test('whatever a device says of itself, its name stays in its directory and is safe', (t) => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom('.', '/', '\\', '\n', '\0', ' ', '$', '%', '"', "'", 'x', '\ud800', '\u202e'),
    }),
    fc.constantFrom('..', '../../etc', '/etc/passwd', '.', '', 'a'.repeat(300), 'é'.repeat(128)),
  );
  const step: fc.Arbitrary<Transform> = fc.oneof(
    fc.constant({ kind: 'lower' as const }),
    fc.record({ kind: fc.constant('pad' as const), width: fc.integer({ min: 1, max: 255 }) }),
    fc.record({
      kind: fc.constant('replace' as const),
      from: fc.constantFrom('x', '.', '/', '_'),
      to: fc.constantFrom('', '/', '..', '.', 'x'),
    }),
  );
  fc.assert(
    fc.property(hostile, hostile, fc.array(step, { maxLength: 2 }), (label, slot, apply) => {
      const device: Facts = { ...facts, label, slot };
      const path = nameFrom(
        [{ text: 'by-x/' }, { fact: 'label', apply }, { text: '/s' }, { fact: 'slot' }],
        device,
      );
      if (path === undefined) return true;
      const parts = path.split('/');
      return parts.length === 3 && parts[0] === 'by-x' && parts.every((part) => sanitizePart(part) === part);
    }),
    { numRuns: 3000 },
  );
  t.pass();
});

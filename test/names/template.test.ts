import test from 'ava';
import fc from 'fast-check';
import type { NamePart, Transform } from '../../src/config/policy.ts';
import type { Facts } from '../../src/devices/device.ts';
import { sanitizePathPart } from '../../src/names/sanitize.ts';
import { applyTransform, renderName } from '../../src/names/template.ts';

const facts: Facts = {
  bus: 'pci',
  name: '0000:01:00.0',
  syspath: '/sys/devices/pci0000:00/0000:01:00.0',
  cdev: 'yes',
  vf: '3',
  label: ' NVIDIA (GA102)/x ',
};

const returns = test.macro((t, parts: readonly NamePart[], expected: string | undefined) => {
  t.is(renderName(parts, facts), expected);
});

test('nameFrom joins text and facts', returns, [{ text: 'by-x/' }, { fact: 'name' }], 'by-x/0000:01:00.0');
test(
  'nameFrom returns undefined for a missing fact',
  returns,
  [{ text: 'by-x/' }, { fact: 'pf' }],
  undefined,
);
test(
  'nameFrom returns undefined for a missing fact with a transform',
  returns,
  [{ text: 'by-x/' }, { fact: 'pf', apply: [{ kind: 'pad', width: 3 }] }],
  undefined,
);
test(
  'nameFrom replaces a slash in a fact',
  returns,
  [{ text: 'by-x/' }, { fact: 'label' }],
  'by-x/NVIDIA__GA102__x',
);
test(
  'nameFrom applies transforms in order',
  returns,
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
  'nameFrom returns undefined if sanitizing leaves nothing of a fact',
  returns,
  [{ text: 'by-x/v' }, { fact: 'vf', apply: [{ kind: 'replace', from: '3', to: '' }] }],
  undefined,
);
test(
  'nameFrom returns undefined for a fact that becomes a dot',
  returns,
  [{ text: 'by-x/' }, { fact: 'vf', apply: [{ kind: 'replace', from: '3', to: '..' }] }],
  undefined,
);
test(
  'nameFrom rejects a hidden name',
  returns,
  [{ text: 'by-x/' }, { fact: 'vf', apply: [{ kind: 'replace', from: '3', to: '.vfio-names-3' }] }],
  undefined,
);
test('nameFrom rejects a reserved first part', returns, [{ text: 'devices/' }, { fact: 'vf' }], undefined);
test('nameFrom rejects a single part', returns, [{ text: 'by-x' }], undefined);
test(
  'nameFrom rejects a part longer than 255 bytes',
  returns,
  [{ text: 'by-x/a' }, { fact: 'vf', apply: [{ kind: 'pad', width: 255 }] }],
  undefined,
);
const longest = `by-x${'/a'.repeat(510)}`;
test('nameFrom accepts a name of 1024 bytes', returns, [{ text: longest }], longest);
test('nameFrom rejects a name longer than 1024 bytes', returns, [{ text: `${longest}a` }], undefined);

test('lower converts only ASCII letters', (t) => {
  t.is(applyTransform('ÄBC', { kind: 'lower' }), 'Äbc');
});

test('nameFrom returns a safe name inside its directory for any facts', (t) => {
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
      const path = renderName(
        [{ text: 'by-x/' }, { fact: 'label', apply }, { text: '/s' }, { fact: 'slot' }],
        device,
      );
      if (path === undefined) return true;
      const parts = path.split('/');
      return (
        parts.length === 3 && parts[0] === 'by-x' && parts.every((part) => sanitizePathPart(part) === part)
      );
    }),
    { numRuns: 3000 },
  );
  t.pass();
});

import test from 'ava';
import { typedFacts, withNumbers } from '../../../src/devices/typed-facts.ts';

const base = { bus: 'pci', name: '0000:01:00.3', syspath: '/sys/devices/x', cdev: 'yes' };

test('typedFacts converts numbers, and leaves IDs and modes as text', (t) => {
  t.deepEqual(
    typedFacts({
      ...base,
      group: '14',
      numaNode: '0',
      function: '3',
      vf: '7',
      vendor: '0x10de',
      mode: '0600',
    }),
    {
      bus: 'pci',
      name: '0000:01:00.3',
      syspath: '/sys/devices/x',
      cdev: { available: true },
      group: 14,
      numaNode: 0,
      function: 3,
      vf: 7,
      vendor: '0x10de',
      mode: '0600',
    },
  );
});

test('typedFacts puts the reason for a missing cdev into cdev', (t) => {
  const facts = typedFacts({ ...base, cdev: 'no', noCdevReason: 'off' });
  t.deepEqual(facts.cdev, { available: false, reason: 'off' });
  t.false('noCdevReason' in facts);
});

test('withNumbers omits a number that JSON readers could round', (t) => {
  t.deepEqual(withNumbers({ group: '9007199254740993', vf: '9007199254740991' }), { vf: 9007199254740991 });
});

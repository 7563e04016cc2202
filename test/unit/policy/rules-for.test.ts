import test from 'ava';
import fc from 'fast-check';
import { matches } from '../../../src/policy/match.ts';
import { rulesFor } from '../../../src/policy/rules-for.ts';
import { unless, when } from '../../support/policies.ts';

const names = ['0000:01:00.0', '10000:01:00.0', '0000:02:00.0', 'dpni.1', 'a:b:c'];
const pattern = fc.constantFrom(
  ...names,
  '*:01:00.0',
  '*:02:00.0',
  '*:b:c',
  '*:c',
  '*',
  '0000:0[12]:00.0',
  '*:0?:00.0',
  'dpni.*',
);
const condition = fc.oneof(
  fc.array(pattern, { minLength: 1, maxLength: 3 }).map((patterns) => when('name', ...patterns)),
  fc.array(pattern, { minLength: 1, maxLength: 3 }).map((patterns) => unless('name', ...patterns)),
  fc.constantFrom(when('bus', 'pci'), when('bus', 'platform'), unless('bus', 'mdev')),
);
const rule = fc.record({ match: fc.array(condition, { maxLength: 2 }) });

test('rulesFor returns all rules that match, in their order', (t) => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 20 }), fc.constantFrom(...names), (rules, name) => {
      const facts = { bus: 'pci', name, syspath: '/sys/devices/x', cdev: 'yes' };
      const fits = ({ match }: { match: (typeof rules)[number]['match'] }) => matches(match, facts);
      t.deepEqual(rulesFor(rules, facts).filter(fits), rules.filter(fits));
    }),
    { numRuns: 500 },
  );
});

test('rulesFor returns no rule for another name, also of an address without its domain', (t) => {
  const rules = Array.from({ length: 100 }, (_, number) => ({
    match: [when('name', `${number % 2 === 0 ? '0000' : '*'}:${String(number).padStart(2, '0')}:00.0`)],
  }));
  t.deepEqual(rulesFor(rules, { name: '0000:10:00.0' }), [rules[10]]);
  t.deepEqual(rulesFor(rules, { name: '0000:11:00.0' }), [rules[11]]);
  t.deepEqual(rulesFor(rules, { name: '0001:10:00.0' }), []);
});

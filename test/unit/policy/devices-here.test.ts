import test from 'ava';
import type { Facts } from '../../../src/devices/types.ts';
import { buildPolicy } from '../../../src/policy/build.ts';
import { countFits, fitMessage, isUnfit } from '../../../src/policy/devices-here.ts';

const facts = (name: string): Facts => ({ bus: 'pci', name, syspath: `/sys/devices/${name}`, cdev: 'yes' });
const devices = ['0000:01:00.0', '0000:02:00.0', '0000:03:00.0', '0000:04:00.0', '0000:05:00.0'].map(facts);

test('rules that fit no device, and names that several devices would get, are noted with their line', (t) => {
  const text = `[names]
by-path = true
[names.by-alias]
one = { name = "01:00.0" }
none = { name = "09:00.0" }
all = { bus = "pci" }
[[link]]
name = "by-x/{{name}}"
[[link]]
match.bus = "mdev"
name = "by-x/{{name}}"
[[link]]
name = "by-x/fixed"
[[access]]
group = "kvm"
[[access]]
match.name = "09:00.0"
group = "kvm"
`;
  const { policy, errors } = buildPolicy([{ file: '/a.toml', text }]);
  t.deepEqual(errors, []);
  const several =
    'fits 5 devices here: 0000:01:00.0, 0000:02:00.0, 0000:03:00.0 and 2 more; only one of them gets the name';
  t.deepEqual(
    countFits(policy, devices)
      .filter(isUnfit)
      .map((fit) => [fit.source.line, fit.key, fitMessage(fit)])
      .sort(([a], [b]) => Number(a) - Number(b)),
    [
      [5, 'names.by-alias.none', 'fits no device here'],
      [6, 'names.by-alias.all', several],
      [9, 'link', 'fits no device here'],
      [12, 'link', several],
      [16, 'access', 'fits no device here'],
    ],
  );
  t.deepEqual(
    countFits(policy, devices)
      .filter((fit) => !isUnfit(fit))
      .map((fit) => [fit.source.line, fit.key, fitMessage(fit)]),
    [
      [4, 'names.by-alias.one', 'fits 1 device here: 0000:01:00.0'],
      [7, 'link', 'fits 5 devices here: 0000:01:00.0, 0000:02:00.0, 0000:03:00.0 and 2 more'],
      [14, 'access', 'fits 5 devices here: 0000:01:00.0, 0000:02:00.0, 0000:03:00.0 and 2 more'],
    ],
  );
});

test('a policy is compared with the devices of a large machine in time', (t) => {
  const entries = Array.from({ length: 5000 }, (_, index) => `a${index} = { name = "0000:02:00.0" }\n`);
  const { policy } = buildPolicy([{ file: '/a.toml', text: `[names.by-alias]\n${entries.join('')}` }]);
  const many = Array.from({ length: 65_536 }, (_, index) => facts(`0000:01:00.${index}`));
  t.true(countFits(policy, many).length < 100);
});

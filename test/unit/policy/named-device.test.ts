import test from 'ava';
import { buildPolicy } from '../../../src/policy/build.ts';
import { matchOfName } from '../../../src/policy/named-device.ts';

const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';

for (const [text, bus, name] of [
  ['0000:01:00.0', 'pci', '0000:01:00.0'],
  [' 01:00.0 ', 'pci', '01:00.0'],
  ['02:00', 'pci', '02:00'],
  ['pci/01:00.0', 'pci', '01:00.0'],
  ['pci_0000_01_00_0', 'pci', '0000:01:00.0'],
  [uuid, 'mdev', uuid],
  ['platform/fe00.gpu', 'platform', 'fe00.gpu'],
] as const)
  test(`the alias "${text}" means the device ${name} of the bus ${bus}`, (t) => {
    t.deepEqual(matchOfName(text), { match: { bus, name } });
  });

for (const text of [
  'vfio3',
  '247:3',
  '/dev/vfio/14',
  'group:14',
  '01:00.*',
  'gpu',
  'by-path/x',
  '/dev/null',
  '',
])
  test(`the alias "${text}" means no device`, (t) => {
    const found = matchOfName(text);
    t.regex('message' in found ? found.message : '', /^expected the name of a device, found /);
  });

test('an alias that is a text is the same as one that is a table of the bus and the name', (t) => {
  const policyOf = (value: string) => {
    const { policy, errors } = buildPolicy([{ file: '/a.toml', text: `[names.by-alias]\ngpu = ${value}\n` }]);
    t.deepEqual(errors, []);
    return policy;
  };
  t.deepEqual(policyOf('"01:00.0"'), policyOf('{ bus = "pci", name = "01:00.0" }'));
  t.deepEqual(policyOf(`"${uuid.toUpperCase()}"`), policyOf(`{ bus = "mdev", name = "${uuid}" }`));
});

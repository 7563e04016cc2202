import test from 'ava';
import fc from 'fast-check';
import { fdsVariable, type PassedDevice, substituteFds } from '../../../src/exec/placeholders.ts';
import { errorLine } from '../../support/error-line.ts';

const first: PassedDevice = { fd: 3, label: 'pci/0000:01:00.0', names: ['01:00.0', '0000:01:00.0', 'vfio0'] };
const second: PassedDevice = { fd: 4, label: 'pci/0000:02:00.0', names: ['vfio1', '0000:02:00.0'] };

const replaces = test.macro({
  exec(t, arg: string, expected: string) {
    t.deepEqual(substituteFds([arg], [first], 4), [expected]);
  },
  title: (_, arg: string, expected: string) => `substitute replaces ${arg} with ${expected}`,
});
test(replaces, 'vfio-pci,fd={fd},iommufd=i0', 'vfio-pci,fd=3,iommufd=i0');
test(replaces, 'iommufd,id=i0,fd={iommufd}', 'iommufd,id=i0,fd=4');
test(replaces, '{fd:vfio0}{fd:01:00.0}', '33');
test(replaces, '{"driver":"vfio-pci","fd":"{fd}"}', '{"driver":"vfio-pci","fd":"3"}');
test(replaces, '{}{fds}{FD}{ fd }$(reboot) `x`', '{}{fds}{FD}{ fd }$(reboot) `x`');
test(replaces, '$&{fd}', '$&3');

const rejects = test.macro({
  exec(t, arg: string, devices: readonly PassedDevice[], pattern: RegExp) {
    const error = t.throws(() => substituteFds(['{}', arg], devices, undefined), { code: 'usage' });
    t.regex(errorLine(error), pattern);
  },
  title: (_, arg: string, devices: readonly PassedDevice[]) =>
    `substitute rejects ${JSON.stringify(arg)} with ${devices.length} devices and no --iommu`,
});
test(rejects, '{fd}', [first, second], /expected one NAME with \{fd\}, found 2/);
test(rejects, '{iommufd}', [first], /no --iommu/);
test(rejects, '{fd:vfio2}', [first, second], /found vfio2; give it as 01:00\.0 or .* or 0000:02:00\.0$/);
test(
  rejects,
  '{fd:dev0}',
  [
    { fd: 3, label: 'platform/dev0', names: ['platform/dev0', 'dev0'] },
    { fd: 4, label: 'pci/dev0', names: ['dev0'] },
  ],
  /\{fd:dev0\} fits 2 devices: platform\/dev0, pci\/dev0; name one of them/,
);
test(rejects, '{fd:a\nb}', [first], /found a\\x0ab; give it as 01:00\.0 or /);
test(rejects, '{fd:}', [first], /found ; give it as/);

test('substitute does not change or split arguments without placeholders', (t) => {
  fc.assert(
    fc.property(fc.array(fc.string()), (args) => {
      fc.pre(!args.some((arg) => /\{(fd|iommufd)/.test(arg)));
      t.deepEqual(substituteFds(args, [first, second], undefined), args);
    }),
    { numRuns: 200 },
  );
});

test('fdsVariable lists every descriptor with its name, in order', (t) => {
  t.is(fdsVariable([first, second], 5), 'pci/0000:01:00.0=3 pci/0000:02:00.0=4 iommu=5');
  t.is(fdsVariable([first], undefined), 'pci/0000:01:00.0=3');
});

import test from 'ava';
import fc from 'fast-check';
import {
  fdsVariable,
  type PassedDevice,
  type PassedFds,
  substituteFds,
} from '../../../src/exec/placeholders.ts';
import { errorLine } from '../../support/error-line.ts';

const first: PassedDevice = { fd: 3, label: 'pci/0000:01:00.0', names: ['01:00.0', '0000:01:00.0', 'vfio0'] };
const second: PassedDevice = { fd: 4, label: 'pci/0000:02:00.0', names: ['vfio1', '0000:02:00.0'] };

const replaces = test.macro({
  exec(t, arg: string, expected: string) {
    t.deepEqual(substituteFds([arg], { kind: 'fd', devices: [first], iommufd: 4 }), [expected]);
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
    const error = t.throws(() => substituteFds(['{}', arg], { kind: 'fd', devices }), { code: 'usage' });
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
test(
  rejects,
  '{groupfd}',
  [first],
  /expected --interface group with \{groupfd\}, found no --interface group; add it/,
);
test(rejects, '{containerfd}', [first], /expected --interface group with \{containerfd\}/);
test(rejects, '{fd:}', [first], /found ; give it as/);

test('substitute does not change or split arguments without placeholders', (t) => {
  fc.assert(
    fc.property(fc.array(fc.string()), (args) => {
      fc.pre(!args.some((arg) => /\{(fd|groupfd|iommufd|containerfd)/.test(arg)));
      t.deepEqual(substituteFds(args, { kind: 'fd', devices: [first, second] }), args);
    }),
    { numRuns: 200 },
  );
});

test('fdsVariable lists every descriptor with its name, in order', (t) => {
  t.is(
    fdsVariable({ kind: 'fd', devices: [first, second], iommufd: 5 }),
    'pci/0000:01:00.0=3 pci/0000:02:00.0=4 iommu=5',
  );
  t.is(fdsVariable({ kind: 'fd', devices: [first] }), 'pci/0000:01:00.0=3');
});

const groups: PassedFds = {
  kind: 'groupfd',
  devices: [
    { fd: 3, label: 'groups/pci/0000:01:00.0', names: ['vfio0', '14'] },
    { fd: 3, label: 'groups/pci/0000:01:00.1', names: ['vfio1', '14'] },
  ],
  containerfd: 4,
};
const other = { fd: 4, label: 'groups/pci/0000:02:00.0', names: ['vfio2'] };

test('substitute replaces the placeholders of groups, of which each device has the descriptor of its group', (t) => {
  t.deepEqual(substituteFds(['{groupfd},{containerfd}', '{groupfd:vfio1}', '{groupfd:14}'], groups), [
    '3,4',
    '3',
    '3',
  ]);
  const two: PassedFds = { ...groups, devices: [...groups.devices, other], containerfd: 5 };
  t.deepEqual(substituteFds(['{groupfd:vfio0}{groupfd:vfio2}{containerfd}'], two), ['345']);
  t.is(
    fdsVariable(two),
    'groups/pci/0000:01:00.0=3 groups/pci/0000:01:00.1=3 groups/pci/0000:02:00.0=4 container=5',
  );
  t.is(fdsVariable({ kind: 'groupfd', devices: [other], iommufd: 4 }), 'groups/pci/0000:02:00.0=4 iommu=4');
});

const rejectsOfGroups = test.macro({
  exec(t, arg: string, passed: PassedFds | undefined, pattern: RegExp) {
    t.regex(errorLine(t.throws(() => substituteFds([arg], passed), { code: 'usage' })), pattern);
  },
  title: (title) => title ?? '',
});
test(
  'substitute rejects {fd} where the descriptors are those of groups',
  rejectsOfGroups,
  '{fd}',
  groups,
  /expected \{groupfd\} with --interface group, found \{fd\}; write \{groupfd\}$/,
);
test(
  'substitute rejects {groupfd} without NAME for several groups',
  rejectsOfGroups,
  '{groupfd}',
  { ...groups, devices: [...groups.devices, other] },
  /expected NAMEs of one group with \{groupfd\}, found 2 groups; write \{groupfd:NAME\}$/,
);
test(
  'substitute rejects {containerfd} where /dev/iommu takes its place',
  rejectsOfGroups,
  '{containerfd}',
  { kind: 'groupfd', devices: [other], iommufd: 4 },
  /found it; write \{iommufd\}, which takes its place$/,
);
test(
  'substitute rejects every placeholder if CMD gets no descriptors',
  rejectsOfGroups,
  'a{fd:x}',
  undefined,
  /expected no placeholder with --no-fds, found \{fd:x\}; leave one out$/,
);

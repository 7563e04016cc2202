import test from 'ava';
import { observe } from '../../../src/links/observe.ts';
import { deviceLinks, verifiedStates } from '../../../src/links/state.ts';
import { sync } from '../../../src/links/sync.ts';
import { verify } from '../../../src/links/verify.ts';
import { fakeFiles, fakeRoot } from '../../support/fake-root.ts';

test('deviceLinks returns the links of every device, and verifiedStates its state', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  root.add({ name: '0000:02:00.0', sysname: 'vfio1' });
  root.add({ name: '0000:03:00.0', sysname: 'vfio2', devnum: false });
  root.add({ bus: 'vfio', name: 'reserved', sysname: 'vfio3' });
  root.add({ name: '0000:04:00.0', sysname: 'vfio4', noNode: true });
  const machine = {
    files: fakeFiles,
    root: root.dir,
    policyNames: ({ sysname }: { sysname: string }) => [{ path: `by-alias/${sysname}`, priority: 0 }],
  };
  sync(machine, 'test');
  root.linkWithTarget('/dev/vfio/by-alias/vfio1', '../devices/vfio0');
  const verification = verify(machine);
  const states = verifiedStates(verification);
  const described = [...deviceLinks(verification.observation)]
    .map(([sysname, { links }]) => [sysname, { links, state: states.get(sysname) }] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  t.deepEqual(described, [
    ['vfio0', { links: ['/dev/vfio/pci/0000:01:00.0', '/dev/vfio/by-alias/vfio0'], state: 'ok' }],
    ['vfio1', { links: ['/dev/vfio/pci/0000:02:00.0', '/dev/vfio/by-alias/vfio1'], state: 'wrong-link' }],
    ['vfio2', { links: [], state: 'no-node' }],
    ['vfio3', { links: [], state: 'no-name' }],
    ['vfio4', { links: [], state: 'no-node' }],
  ]);
});

test('deviceLinks puts the link of scheme 1 first, also if an earlier device claims the other link', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  root.add({ name: '0000:02:00.0', sysname: 'vfio1' });
  const seen = observe({
    files: fakeFiles,
    root: root.dir,
    policyNames: ({ sysname }) => [
      { path: 'by-alias/gpu', priority: sysname === 'vfio1' ? 1 : 0 },
      { path: 'by-alias/gpu', priority: -1 },
    ],
  });
  t.deepEqual(
    [...deviceLinks(seen).values()].map(({ device, links }) => [device.sysname, ...links]),
    [
      ['vfio0', '/dev/vfio/pci/0000:01:00.0'],
      ['vfio1', '/dev/vfio/pci/0000:02:00.0', '/dev/vfio/by-alias/gpu'],
    ],
  );
});

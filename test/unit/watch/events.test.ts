import test from 'ava';
import { formatEvent, formatEventJson } from '../../../src/cli/output.ts';
import type { Device } from '../../../src/devices/types.ts';
import { type Pass, report, type StateBefore } from '../../../src/watch/events.ts';
import { schemaErrors } from '../../support/schema.ts';

const device = (name: string): Device => ({
  bus: 'pci',
  name,
  sysname: 'vfio0',
  syspath: `/sys/devices/${name}`,
});
const [first, second] = [device('0000:01:00.0'), device('0000:02:00.0')];
const link = `pci/${first.name}`;
const target = '../devices/vfio0';

/** A pass with every kind of outcome. */
const busyPass: Pass = {
  stable: false,
  outcomes: [
    { change: { action: 'create', link, target, name: first.name }, result: 'done' },
    {
      change: { action: 'remove', link: 'by-tag/x', from: '../devices/vfio4', reason: 'unclaimed' },
      result: 'done',
    },
    { change: { action: 'remove-directory', link: 'by-tag' }, result: 'done' },
    {
      change: { action: 'create', link: 'pci/x', target, name: second.name },
      result: 'failed',
      errno: 'ENOSPC',
    },
    { change: { action: 'remove-directory', link: 'mdev' }, result: 'failed', errno: 'EBUSY' },
    {
      change: {
        action: 'blocked',
        link: 'pci/y',
        target,
        name: second.name,
        found: 'a file',
        isLink: false,
      },
      result: 'blocked',
    },
  ],
  access: [
    {
      file: '/dev/vfio/devices/vfio0',
      name: first.name,
      result: 'done',
      from: '0:0 0600',
      to: '0:36 0660',
    },
    { file: '/dev/iommu', result: 'failed', error: 'EPERM' },
  ],
  problems: [{ file: '/sys/class/vfio-dev/vfio9', message: 'EIO, ignoring' }],
  conflicts: [{ link: 'by-own/gpu', winner: first, losers: [second] }],
  devices: 1,
  missing: 0,
  links: 1,
};
const names = () => ({ users: new Map([[0, 'root']]), groups: new Map([[36, 'kvm']]) });

const emptyState: StateBefore = { link: () => undefined, device: () => false, told: new Set() };

test('report returns every kind of event; formatEvent and formatEventJson format each of them', (t) => {
  const { events, counts } = report(busyPass, emptyState);
  t.deepEqual(
    events.map((event) => formatEvent(event, names)),
    [
      `added /dev/vfio/${link} -> ../devices/vfio0 (appeared)`,
      'removed /dev/vfio/by-tag/x (unclaimed, was ../devices/vfio4)',
      'access /dev/vfio/devices/vfio0 of 0000:01:00.0: root:kvm 0660 (was root:0 0600)',
      'failed /sys/class/vfio-dev/vfio9: EIO, ignoring',
      'failed /dev/vfio/pci/x of 0000:02:00.0: disk full (ENOSPC)',
      'failed /dev/vfio/mdev: EBUSY',
      'conflict /dev/vfio/pci/y of 0000:02:00.0: found a file, which vfio-names did not make; look at it, and move it away',
      'conflict /dev/vfio/by-own/gpu: 0000:02:00.0 also claims this name, but 0000:01:00.0 has it; give one of them another name or priority in the policy',
      'failed /dev/iommu: not permitted (EPERM)',
      'failed /dev/vfio: the names kept changing while they were made; look for what else changes them',
    ],
  );
  for (const event of events) {
    const line = formatEventJson(event, 'event', new Date(0));
    t.regex(line, /^[^\n]*\n$/);
    t.deepEqual(schemaErrors('watch', JSON.parse(line)), [], line);
  }
  t.deepEqual(counts, { devices: 1, missing: 0, links: 1, findings: 7 });
});

test('report returns a lasting problem once and a change each time', (t) => {
  const { told } = report(busyPass, emptyState);
  const again = report(busyPass, {
    link: (path) => (path === link ? target : undefined),
    device: () => true,
    told,
  });
  t.deepEqual(
    again.events.map(({ event, reason }) => `${event} ${reason}`),
    ['repaired missing', 'removed unclaimed', 'access access'],
  );
  t.deepEqual(again.counts, report(busyPass, emptyState).counts);
});

test('formatEvent escapes control characters', (t) => {
  const line = formatEvent(
    {
      event: 'conflict',
      reason: 'blocked',
      link: 'pci/\u001b[2J',
      found: 'a link to \n',
    },
    names,
  );
  t.notRegex(line, /[\u0000-\u001f]/);
});

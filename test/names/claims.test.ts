import test from 'ava';
import type { Device } from '../../src/devices/device.ts';
import { claimsOf } from '../../src/names/claims.ts';
import { resolveClaims } from '../../src/names/desire.ts';

const gpu: Device = {
  bus: 'pci',
  name: '0000:01:00.0',
  sysname: 'vfio0',
  devnum: '247:0',
  syspath: '/sys/devices/a',
};
const nic: Device = {
  bus: 'pci',
  name: '0000:02:00.0',
  sysname: 'vfio1',
  devnum: '247:1',
  syspath: '/sys/devices/b',
};
const { devnum: _, ...withoutNode } = { ...gpu, name: '0000:03:00.0', sysname: 'vfio2' };

test("claimsOf claims the link of scheme 1 and the policy's names for every device with a node", (t) => {
  const claims = claimsOf([gpu, withoutNode], () => [{ path: 'by-alias/gpu', priority: 5 }]);
  t.deepEqual(claims, [
    { link: 'pci/0000:01:00.0', device: gpu, priority: Number.POSITIVE_INFINITY },
    { link: 'by-alias/gpu', device: gpu, priority: 5 },
  ]);
});

test('claimsOf claims only the link of scheme 1 without a policy', (t) => {
  t.deepEqual(
    claimsOf([gpu, nic]).map(({ link }) => link),
    ['pci/0000:01:00.0', 'pci/0000:02:00.0'],
  );
});

test('a policy cannot override a link of scheme 1', (t) => {
  const claims = claimsOf([gpu, nic], (device) =>
    device === gpu ? [{ path: 'pci/0000:02:00.0', priority: Number.MAX_VALUE }] : [],
  );
  const { winners, conflicts } = resolveClaims(claims);
  t.is(winners.get('pci/0000:02:00.0')?.device, nic);
  t.deepEqual(conflicts, [{ link: 'pci/0000:02:00.0', winner: nic, losers: [gpu] }]);
});

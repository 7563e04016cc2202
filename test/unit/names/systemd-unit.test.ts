import test from 'ava';
import { deviceUnit } from '../../../src/names/systemd-unit.ts';

/** The output of systemd-escape --path --suffix=device. */
const units: readonly (readonly [string, string])[] = [
  ['/dev/vfio/pci/0000:01:00.0', 'dev-vfio-pci-0000:01:00.0.device'],
  [
    '/dev/vfio/mdev/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001',
    'dev-vfio-mdev-83b8f4f2\\x2d509f\\x2d382f\\x2d3c1e\\x2de6bfe0fa1001.device',
  ],
  ['/dev/vfio/by-tag/pci-0000_01_00_0', 'dev-vfio-by\\x2dtag-pci\\x2d0000_01_00_0.device'],
  ['/dev/vfio/by-alias/a#b+c=d@e', 'dev-vfio-by\\x2dalias-a\\x23b\\x2bc\\x3dd\\x40e.device'],
  ['/dev/vfio/by-alias/Größe', 'dev-vfio-by\\x2dalias-Gr\\xc3\\xb6\\xc3\\x9fe.device'],
  ['/dev/vfio/platform/.x~', 'dev-vfio-platform-.x\\x7e.device'],
  ['/.dev//vfio/', '\\x2edev-vfio.device'],
  ['//dev/vfio//', 'dev-vfio.device'],
  ['/dev/a\tb', 'dev-a\\x09b.device'],
];

for (const [path, unit] of units)
  test(`deviceUnit returns ${unit} for ${path}`, (t) => {
    t.is(deviceUnit(path), unit);
  });

test('deviceUnit returns undefined if the unit name exceeds 255 bytes', (t) => {
  t.is(deviceUnit(`/dev/${'x'.repeat(244)}`)?.length, 255);
  t.is(deviceUnit(`/dev/${'x'.repeat(245)}`), undefined);
});

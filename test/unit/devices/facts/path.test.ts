import test from 'ava';
import { pciPath } from '../../../../src/devices/facts/path.ts';

const hasPath = test.macro({
  exec(t, below: string, expected: string | undefined) {
    t.is(pciPath(`/sys/devices/${below}`), expected);
  },
  title: (_, below, expected) => `pathOf returns ${expected} for ${below}`,
});

test(hasPath, 'pci0000:00/0000:00:04.0', 'pci0000_00-04.0');
test(hasPath, 'pci0000:00/0000:00:06.0/0000:01:00.0/0000:02:01.0', 'pci0000_00-06.0-00.0-01.0');
test(hasPath, 'pci0000:3a/0000:3a:00.0/0000:3b:00.1', 'pci0000_3a-00.0-00.1');
test(
  hasPath,
  'pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0',
  'pci0000_00-0e.0-pci-06.0-00.0',
);
test(hasPath, 'platform/3f000000.pcie/pci0002:00/0002:00:01.0', 'pci0002_00-01.0');
test(hasPath, 'platform/lpss.0', undefined);
test(hasPath, 'pci0000:00', undefined);
test(hasPath, 'pci0000:00/0000:00:02.0/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001', undefined);

test('pathOf does not depend on bus numbers below the host bridge', (t) => {
  t.is(
    pciPath('/sys/devices/pci0000:00/0000:00:06.0/0000:01:00.0'),
    pciPath('/sys/devices/pci0000:00/0000:00:06.0/0000:05:00.0'),
  );
});

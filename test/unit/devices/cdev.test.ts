import test from 'ava';
import { noCdevReason } from '../../../src/devices/cdev.ts';

const device = { bus: 'pci', name: '0000:01:00.0', sysname: 'vfio0', syspath: '/sys/devices/0000:01:00.0' };

test('noCdevReason returns undefined for a device with a devnum', (t) => {
  t.is(noCdevReason({ ...device, devnum: '247:0' }), undefined);
});

test('noCdevReason names the kernel or the missing IOMMU for a device without a devnum', (t) => {
  t.regex(noCdevReason(device) ?? '', /CONFIG_VFIO_DEVICE_CDEV/);
  t.regex(noCdevReason({ ...device, sysname: 'noiommu-vfio0' }) ?? '', /no-IOMMU/);
});

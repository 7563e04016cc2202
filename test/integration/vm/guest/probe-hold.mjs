// Keeps a VFIO device open until it is killed. Independent of the program under test.
// Usage: probe-hold.mjs open NODE | bind NODE | group GROUPNODE; prints `held` when the device is open.
import { openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';

const koffi = createRequire('/project/package.json')('koffi');
const ioctl = koffi.load(null).func('int ioctl(int fd, unsigned long request, ...)');
const [how, path] = process.argv.slice(2);

const fd = openSync(path, 'r+');
if (how === 'bind') {
  const iommu = openSync('/dev/iommu', 'r+');
  const bind = Buffer.alloc(16);
  bind.writeUInt32LE(16, 0);
  bind.writeInt32LE(iommu, 8);
  // VFIO_DEVICE_BIND_IOMMUFD
  if (ioctl(fd, 0x3b76, 'void *', bind) !== 0) throw new Error(`BIND: errno ${koffi.errno()}`);
}
writeSync(1, 'held\n');
setInterval(() => {}, 1 << 30);

// Compares a CDI file with sysfs after each write: cdi-observer.mjs FILE. Prints a line per write: `true`, `false` or
// `twice` (two devices with the same node), and the nodes. Independent of the program under test.
import { lstatSync, readdirSync, readFileSync, readlinkSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

const file = process.argv[2];
let last;

function sysfs(address, path) {
  const device = `/sys/bus/pci/devices/${address}`;
  if (!path.startsWith('/dev/vfio/devices/')) {
    const group = basename(readlinkSync(`${device}/iommu_group`));
    return basename(path) === group ? readFileSync(`/sys/class/vfio/${group}/dev`, 'utf8') : 'another group';
  }
  const [vfio] = readdirSync(`${device}/vfio-dev`);
  return basename(path) === vfio ? readFileSync(`${device}/vfio-dev/${vfio}/dev`, 'utf8') : vfio;
}

function isCorrect(address, path) {
  try {
    const { rdev } = lstatSync(path);
    const major = ((rdev >> 8) & 0xfff) | 0;
    const minor = (rdev & 0xff) | ((rdev >> 12) & 0xfff00);
    return sysfs(address, path).trim() === `${major}:${minor}`;
  } catch {
    return false;
  }
}

function check() {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    text = '';
  }
  if (text === last) return;
  last = text;
  const nodes = (text === '' ? [] : JSON.parse(text).devices).map(({ name, containerEdits }) => [
    name,
    containerEdits.deviceNodes[0].hostPath,
  ]);
  const twice = new Set(nodes.map(([, path]) => path)).size < nodes.length;
  const correct = nodes.every(([name, path]) => isCorrect(name, path));
  const verdict = twice ? 'twice' : correct ? 'true' : 'false';
  process.stdout.write(`${verdict} ${nodes.map((pair) => pair.join('=')).join(' ')}\n`);
}

watch(dirname(file), check);
check();

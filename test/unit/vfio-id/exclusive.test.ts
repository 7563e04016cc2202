import { existsSync, readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import type { Device } from '../../../src/devices/types.ts';
import { vfioId } from '../../../src/vfio-id/vfio-id.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';

const link = 'by-serial/{serial}.{function}';
const name = 'by-serial/a0-36-9f-ff-ff-12-34-56.0';

function config(): Uint8Array {
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer);
  view.setUint32(0x100, 0x0003 | (1 << 16), true);
  view.setUint32(0x104, 0xff123456, true);
  view.setUint32(0x108, 0xa0369fff, true);
  return bytes;
}

function addCard(root: FakeRoot, number: number, configuration = config()): Device {
  const device = root.add({ name: `0000:0${number}:00.0`, sysname: `vfio${number}` });
  root.write(`${device.syspath}/config`, configuration);
  root.write(`${device.syspath}/vfio-dev/vfio${number}/uevent`, '');
  return device;
}

const devpath = (number: number): string => `/devices/pci0000:00/0000:0${number}:00.0/vfio-dev/vfio${number}`;
const ueventOf = (root: FakeRoot, number: number): string =>
  readFileSync(root.at(`/sys${devpath(number)}/uevent`), 'utf8');

function run(root: FakeRoot, argv: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const { status, out, err } = vfioId(
    { argv, env },
    { files: fakeFiles, root: root.dir, version: '0', token: 'test' },
  );
  return status === 0 ? out : `${status} ${err}`;
}

function exported(root: FakeRoot, number: number, action: string): string {
  return run(root, ['--export', '--facts=function', `--link=1=${link}`, devpath(number)], { ACTION: action });
}

test('vfio_id prints a name by serial number for the only card that has it', (t) => {
  const root = fakeRoot(t);
  addCard(root, 1);
  addCard(root, 2, new Uint8Array(4096));
  t.is(exported(root, 1, 'add'), `ID_VFIO_FUNCTION=0\nID_VFIO_LINK_1=${name}\n`);
  t.is(ueventOf(root, 2), '');
});

test('vfio_id prints no name by serial number for a card that has that of another one, and announces a change of the other one once', (t) => {
  const root = fakeRoot(t);
  addCard(root, 1);
  addCard(root, 2);
  t.is(exported(root, 2, 'add'), 'ID_VFIO_FUNCTION=0\n');
  t.is(ueventOf(root, 1), 'change');
  t.is(ueventOf(root, 2), '');
  t.is(exported(root, 1, 'change'), 'ID_VFIO_FUNCTION=0\n');
  t.is(ueventOf(root, 2), '');
});

test('vfio_id reads no other device if no name must be exclusive', (t) => {
  const root = fakeRoot(t);
  addCard(root, 1);
  addCard(root, 2);
  t.is(
    run(root, ['--export', '--facts=function', '--link=1=by-x/{serial}', devpath(2)], { ACTION: 'add' }),
    'ID_VFIO_FUNCTION=0\nID_VFIO_LINK_1=by-x/a0-36-9f-ff-ff-12-34-56\n',
  );
  t.is(ueventOf(root, 1), '');
});

function linkRun(t: ExecutionContext, root: FakeRoot, action: string, number: number): void {
  t.is(run(root, ['link', action, `--link=1=${link}`, devpath(number)]), '');
}

test('vfio_id link add removes a name by serial number when a second card has it, and link remove restores it', (t) => {
  const root = fakeRoot(t);
  addCard(root, 1);
  linkRun(t, root, 'add', 1);
  t.is(root.links()[name], '../devices/vfio1');
  const second = addCard(root, 2);
  linkRun(t, root, 'add', 2);
  t.is(root.links()[name], undefined);
  t.false(existsSync(root.at('/dev/vfio/by-serial')));
  linkRun(t, root, 'add', 1);
  t.is(root.links()[name], undefined);
  t.is(root.links()['pci/0000:01:00.0'], '../devices/vfio1');
  root.unbind(second);
  linkRun(t, root, 'remove', 2);
  t.deepEqual(root.links(), { 'pci/0000:01:00.0': '../devices/vfio1', [name]: '../devices/vfio1' });
});

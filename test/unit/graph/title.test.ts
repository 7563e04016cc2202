import test from 'ava';
import { drawingTime, graphTitle } from '../../../src/graph/title.ts';
import { fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { hookedFiles } from '../../support/hooked-files.ts';

const time = new Date('2026-11-30T22:45:59Z');

test("graphTitle has the host's name of /etc/hostname below a root, and the time", (t) => {
  const root = fakeRoot(t);
  t.is(graphTitle(fakeFiles, root.dir, time), 'VFIO devices, 2026-11-30 22:45 UTC');
  root.write('/etc/hostname', '# a comment\n\nvirt-host \n');
  t.is(graphTitle(fakeFiles, root.dir, time), 'VFIO devices of virt-host, 2026-11-30 22:45 UTC');
});

test("graphTitle has the kernel's name of this machine", (t) => {
  const files = {
    ...hookedFiles(() => {}),
    read: (path: string) => (path.endsWith('/hostname') ? 'live\n' : ''),
  };
  t.is(graphTitle(files, '', time), 'VFIO devices of live, 2026-11-30 22:45 UTC');
});

test('drawingTime is that of SOURCE_DATE_EPOCH, else now', (t) => {
  t.is(drawingTime({}, time), time);
  t.is(drawingTime({ SOURCE_DATE_EPOCH: '' }, time), time);
  t.is(drawingTime({ SOURCE_DATE_EPOCH: 'x' }, time), time);
  t.is(drawingTime({ SOURCE_DATE_EPOCH: '1700000000' }, time).toISOString(), '2023-11-14T22:13:20.000Z');
});

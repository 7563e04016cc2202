import * as fs from 'node:fs';
import test from 'ava';
import { readFact } from '../../../../src/devices/facts.ts';
import { fakeFiles, fakeRoot } from '../../../support/fake-root.ts';

test('owner and file group of a node are names, and numbers without a name', async (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio0', emptyNode: true });
  const { uid, gid } = fs.statSync(root.at('/dev/vfio/devices/vfio0'));
  const facts = () => [
    readFact(fakeFiles, root.dir, device, 'owner'),
    readFact(fakeFiles, root.dir, device, 'fileGroup'),
  ];
  t.deepEqual(facts(), [String(uid), String(gid)]);
  // The files are read again in the next run.
  await Promise.resolve();
  root.write('/etc/passwd', `first:x:${uid}:0::/:\nsecond:x:${uid}:0::/:\n`);
  root.write('/etc/group', `team:x:${gid}:\n`);
  t.deepEqual(facts(), ['first', 'team']);
  await Promise.resolve();
  root.write('/etc/passwd', 'x'.repeat((64 << 20) + 1));
  t.deepEqual(facts(), [String(uid), 'team']);
});

import * as fs from 'node:fs';
import test from 'ava';
import { sync } from '../../src/links/sync.ts';
import { fakeRoot } from '../helpers/fake-root.ts';
import { hookedFiles } from '../helpers/hooked-files.ts';

/**
 * Runs one sync and replaces the directory of links with a link before its `moment`-th call. Returns whether sync made
 * that many calls.
 */
function replacedAt(moment: number, dir: string): boolean {
  let calls = 0;
  const files = hookedFiles(() => {
    if (++calls !== moment) return;
    fs.renameSync(`${dir}/dev/vfio/pci`, `${dir}/dev/vfio/aside`);
    fs.symlinkSync(`${dir}/elsewhere`, `${dir}/dev/vfio/pci`);
  });
  sync({ files, root: dir }, 'x');
  return calls >= moment;
}

test('sync never follows a link that replaces a directory at any call', (t) => {
  let moment = 1;
  for (let reached = true; reached; moment++) {
    const root = fakeRoot(t);
    for (const number of [0, 1, 2]) root.add({ name: `0000:0${number}:00.0`, sysname: `vfio${number}` });
    root.linkWithTarget('/dev/vfio/pci/0000:01:00.0', '../devices/vfio0');
    root.linkWithTarget('/dev/vfio/pci/0000:09:00.0', '../devices/vfio9');
    // Links that sync would replace and remove if it followed the link.
    for (const [name, target] of [
      ['0000:01:00.0', 'vfio0'],
      ['0000:09:00.0', 'vfio9'],
    ] as const)
      root.linkWithTarget(`/elsewhere/${name}`, `../devices/${target}`);
    reached = replacedAt(moment, root.dir);
    const left = fs
      .readdirSync(root.at('/elsewhere'))
      .map((name) => `${name} ${fs.readlinkSync(root.at(`/elsewhere/${name}`))}`);
    t.deepEqual(
      left,
      ['0000:01:00.0 ../devices/vfio0', '0000:09:00.0 ../devices/vfio9'],
      `at call ${moment}`,
    );
  }
  t.true(moment > 20);
});

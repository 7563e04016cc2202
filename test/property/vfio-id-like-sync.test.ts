/** vfio_id creates the same links as sync, in whatever order the devices appear. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { observe } from '../../src/links/observe.ts';
import { vfioId } from '../../src/vfio-id/vfio-id.ts';
import { linkFromSpec } from '../../src/vfio-id/wanted.ts';
import { FakeRoot, fakeFiles } from '../support/fake-root.ts';

const requested = [
  { text: 'by-one/all', priority: 0 },
  { text: 'by-driver/{driver}', priority: 2 },
  { text: 'by-driver/{group}', priority: -1 },
  { text: 'by-x/{group}/{driver}', priority: 0 },
  { text: 'by-x/{name|r3a=5f}', priority: 0 },
];
const options = requested.flatMap(({ text, priority }, index) => [
  '--link',
  `${index + 1}:${priority}=${text}`,
]);

const scene = fc.record({
  devices: fc.uniqueArray(
    fc.record({
      slot: fc.integer({ min: 0, max: 31 }),
      driver: fc.constantFrom('1', '2', 'vfio-pci'),
      group: fc.constantFrom('1', '2', '3'),
    }),
    { selector: ({ slot }) => slot, minLength: 1, maxLength: 5 },
  ),
  order: fc.array(fc.nat(), { minLength: 5, maxLength: 5 }),
  stale: fc.array(fc.tuple(fc.constantFrom('by-one/all', 'by-driver/1', 'by-driver/2'), fc.nat(7))),
});

test('vfio_id creates the same links as sync in any order of devices', (t) => {
  fc.assert(
    fc.property(scene, ({ devices, order, stale }) => {
      const root = new FakeRoot(mkdtempSync(join(tmpdir(), 'vfio-names-test-')));
      try {
        for (const [index, { slot, driver, group }] of devices.entries())
          root.add({
            name: `0000:00:${slot.toString(16).padStart(2, '0')}.0`,
            sysname: `vfio${index}`,
            driver,
            group,
            emptyNode: true,
          });
        for (const [link, number] of stale)
          root.linkWithTarget(`/dev/vfio/${link}`, `../devices/vfio${number}`);
        const sequence = devices
          .map((_, index) => index)
          .sort((a, b) => (order[a] ?? 0) - (order[b] ?? 0) || a - b);
        for (const index of sequence) {
          const argv = ['link', 'add', ...options, `/x/vfio${index}`];
          const { status, err } = vfioId(
            { argv, env: {} },
            { files: fakeFiles, root: root.dir, version: '', token: 't' },
          );
          if (status !== 0) throw new Error(err);
        }
        const { changes } = observe({
          files: fakeFiles,
          root: root.dir,
          policyNames: (device) =>
            requested.flatMap(({ text, priority }) => {
              const path = linkFromSpec(fakeFiles, root.dir, device, text);
              return path === undefined ? [] : [{ path, priority }];
            }),
        });
        // Stale links are removed when vfio_id runs for the removal of their device.
        const missed = changes.filter(({ action }) => action !== 'remove' && action !== 'remove-directory');
        if (missed.length > 0) throw new Error(JSON.stringify([missed, root.links()]));
      } finally {
        rmSync(root.dir, { recursive: true, force: true });
      }
    }),
    { numRuns: 40 },
  );
  t.pass();
});

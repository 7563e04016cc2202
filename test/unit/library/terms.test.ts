import test from 'ava';
import { exitStatus, VfioNamesError } from '../../../src/errors.ts';
import { inLibraryTerms, libraryText } from '../../../src/library/terms.ts';

const texts: readonly (readonly [string, string])[] = [
  ['vfio-names list shows the devices', 'list() shows the devices'],
  [
    'vfio-names sync, or udevadm trigger --subsystem-match=vfio-dev --action=change',
    'sync(), or udevadm trigger --subsystem-match=vfio-dev --action=change',
  ],
  [
    "vfio-names sync --host-root DIR, if it is this machine's own tree",
    "sync() of open({ hostRoot }), if it is this machine's own tree",
  ],
  ['vfio-names show 01:00.0 shows what exists', 'find() shows what exists'],
  ['found a file that vfio-names did not make', 'found a file that vfio-names did not make'],
  ['vfio-names doctor shows what is missing', 'vfio-names doctor shows what is missing'],
];

for (const [command, library] of texts)
  test(`libraryText turns "${command}" into "${library}"`, (t) => {
    t.is(libraryText(command), library);
  });

test('inLibraryTerms replaces only the hint of a VfioNamesError, and no other error', (t) => {
  const cause = new Error('x');
  const error = new VfioNamesError('no-device', exitStatus.noDevice, 'vfio-names list', {
    hint: 'vfio-names list shows them',
    device: 'd',
    path: '/p',
    cause,
  });
  const found = t.throws<VfioNamesError>(() =>
    inLibraryTerms(() => {
      throw error;
    }),
  );
  t.like(found, {
    code: 'no-device',
    status: 3,
    message: 'vfio-names list',
    hint: 'list() shows them',
    device: 'd',
    path: '/p',
    cause,
  });
  t.is(
    t.throws(() =>
      inLibraryTerms(() => {
        throw cause;
      }),
    ),
    cause,
  );
});

/** Installs the native programs below a directory, as packaging/README.md says. Runs only if they are required. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import test from 'ava';
import { projectText } from '../../docs/lines.ts';
import { fakeRoot } from '../../support/fake-root.ts';
import { nativeRequired } from '../../support/programs.ts';

(nativeRequired ? test : test.skip)(
  'packaging/install.sh puts the programs and the service below --destdir',
  (t) => {
    t.true(projectText('packaging/README.md').includes('    packaging/install.sh --destdir DIR  '));
    const { dir } = fakeRoot(t);
    const { status, stderr } = spawnSync('bash', ['packaging/install.sh', '--destdir', dir], {
      encoding: 'utf8',
      cwd: resolve(import.meta.dirname, '../../..'),
    });
    t.is(status, 0, stderr);
    for (const path of [
      'usr/bin/vfio-names',
      'usr/lib/udev/vfio_id',
      'usr/lib/systemd/system/vfio-names.service',
    ])
      t.true(existsSync(`${dir}/${path}`), path);
  },
);

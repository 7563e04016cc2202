/** What both builds start with, and what CMD of `exec` inherits: the standard streams and the environment. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import test from 'ava';
import { nativeCli, nodeCli } from '../../support/cli-programs.ts';
import { type FakeRoot, fakeRoot } from '../../support/fake-root.ts';
import { nativeRequired } from '../../support/programs.ts';

const serial = nativeRequired ? test.serial : test.skip;
const programs = nativeCli ? [nodeCli, nativeCli] : [nodeCli];

/** Runs a shell with the command line of the program as "$@". */
function shell(script: string, command: readonly string[]): string {
  return execFileSync('/bin/sh', ['-c', script, 'sh', ...command], {
    env: { PATH: '/usr/bin:/bin' },
    encoding: 'latin1',
  });
}

/** A device whose number is that of /dev/null. */
function machine(t: Parameters<typeof fakeRoot>[0]): FakeRoot {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', devnum: '1:3' });
  return root;
}

for (const { name, command } of programs) {
  const exec = (root: FakeRoot): string[] => [...command, 'exec', '--host-root', root.dir, 'vfio0', '--'];

  for (const [closed, missing] of [
    ['0<&-', [0]],
    ['2>&-', [2]],
    ['0<&- 2>&-', [0, 2]],
  ] as const)
    serial(`${name}: exec started with ${closed} gives CMD /dev/null there`, (t) => {
      const root = machine(t);
      const script = 'for fd in 0 1 2; do readlink /proc/$$/fd/$fd; done';
      const streams = shell(`"$@" ${closed}`, [...exec(root), '/bin/sh', '-c', script]).split('\n');
      t.deepEqual(
        missing.map((fd) => streams[fd]),
        missing.map(() => '/dev/null'),
      );
    });

  serial(`${name}: rules install started without streams writes the same rules`, (t) => {
    const path = '/etc/udev/rules.d/70-vfio-names.rules';
    const rules = ['', ' 0<&- 1>&- 2>&-'].map((closed) => {
      const root = machine(t);
      shell(`"$@"${closed}`, [...command, 'rules', 'install', '--root', root.dir]);
      return fs.readFileSync(root.at(path), 'utf8');
    });
    t.is(rules[1], rules[0]);
  });

  serial(`${name}: exec passes the bytes of the environment to CMD`, (t) => {
    const script = `V=$(printf "x\\377y"); export V; exec "$@"`;
    t.is(shell(script, [...exec(machine(t)), '/bin/sh', '-c', 'printf %s "$V"']), 'x\xffy');
  });
}

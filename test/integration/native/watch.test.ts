/** Runs `watch` as a native program, with AddressSanitizer: its inotify, timers and signals. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { createInterface } from 'node:readline';
import test from 'ava';
import { nativeCli, sanitizedCli } from '../../support/cli-programs.ts';
import { fakeRoot } from '../../support/fake-root.ts';
import { nativeRequired } from '../../support/programs.ts';

(nativeRequired ? test : test.skip)(
  'the native watch notices removed links and new directories, reloads on SIGHUP, and ends on SIGTERM',
  async (t) => {
    const root = fakeRoot(t);
    for (const number of [0, 1])
      root.add({ name: `0000:0${number}:00.0`, sysname: `vfio${number}`, emptyNode: true });
    const link = root.at('/dev/vfio/pci/0000:00:00.0');
    const child = spawn(
      (sanitizedCli ?? nativeCli)?.command[0] ?? '',
      ['watch', '--root', root.dir, '--interval', '9999'],
      {
        env: { ASAN_OPTIONS: 'detect_leaks=0' },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    t.teardown(() => child.kill('SIGKILL'));
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    /** Reads lines up to one that matches. */
    const until = async (pattern: RegExp): Promise<void> => {
      for (let line = await lines.next(); !line.done; line = await lines.next())
        if (pattern.test(line.value)) return;
      t.fail(`expected a line like ${pattern}, found the end`);
    };
    await until(/^watching: 2 devices, 2 names$/);
    fs.unlinkSync(link);
    await until(/^repaired \S+0000:00:00\.0 /);
    t.is(fs.readlinkSync(link), '../devices/vfio0');
    fs.rmSync(root.at('/dev/vfio/pci'), { recursive: true });
    await until(/^repaired \S+0000:01:00\.0 /);
    root.write('/etc/vfio-names/10.toml', '[[link]]\nmatch = { bus = "pci" }\nname = "by-name/{{name}}"\n');
    child.kill('SIGHUP');
    await until(/^added \S+by-name\/0000:01:00\.0 /);
    fs.unlinkSync(root.at('/dev/vfio/by-name/0000:01:00.0'));
    await until(/^repaired \S+by-name\/0000:01:00\.0 /);
    root.add({ name: '0000:02:00.0', sysname: 'vfio2', emptyNode: true });
    await until(/^added \S+by-name\/0000:02:00\.0 /);
    child.kill('SIGTERM');
    t.deepEqual(await once(child, 'exit'), [0, null]);
  },
);

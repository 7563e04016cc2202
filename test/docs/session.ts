/** Runs the terminal sessions of the texts: the blocks marked `console`, with commands after `$ ` and their output. */
import { readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import type { FileStatus, SystemFiles } from '../../src/system/files.ts';
import { runCli } from '../support/cli.ts';
import { type FakeRoot, fakeFiles } from '../support/fake-root.ts';
import { argsOn } from './machine.ts';

const ownedByRoot = (status: FileStatus): FileStatus => ({ ...status, uid: 0, gid: 0 });

/** What root has in /proc/self, and no mount with nodev, wherever the tests run. */
const rootProcess: Readonly<Record<string, string>> = {
  '/proc/self/status': 'Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t0\nCapEff:\tffffffffffffffff\n',
  '/proc/self/mountinfo': '',
};

/** fakeFiles, except that root runs the program and owns every file. */
const hostFiles: SystemFiles = {
  ...fakeFiles,
  lstat: (path) => ownedByRoot(fakeFiles.lstat(path)),
  stat: (path) => ownedByRoot(fakeFiles.stat(path)),
  statNode: (path) => ownedByRoot(fakeFiles.statNode(path)),
  read: (path, limit) => rootProcess[path] ?? fakeFiles.read(path, limit),
};

export interface Session {
  readonly root: FakeRoot;
  /** What `reboot` does to the machine. */
  readonly reboot?: () => Promise<unknown>;
}

/** Runs each command of a session and returns the text of the session with the output that was printed. */
export async function replay({ root, reboot }: Session, text: string): Promise<string> {
  let status = 0;
  const shown: string[] = [];
  for (const prompt of text.split('\n').filter((line) => line.startsWith('$ '))) {
    const line = prompt.slice(2).replace(/ {2,}#.*$/, '');
    const [program, ...args] = line.split(' ');
    shown.push(prompt);
    if (program === 'vfio-names') {
      const result = await runCli(argsOn(root, line), { files: hostFiles });
      const lines = [...result.out.split('\n').slice(0, -1), ...result.err];
      status = result.status;
      shown.push(...lines.map((printed) => printed.replaceAll(root.dir, '')));
    } else if (line === 'echo $?') shown.push(String(status));
    else if (line === 'reboot' && reboot) await reboot();
    else if (program === 'readlink') shown.push(readlinkSync(root.at(args[0] ?? '')));
    else if (program === 'ln' && args[0] === '-sfn') replaceLink(root.at(args[2] ?? ''), args[1] ?? '');
    else throw new Error(`expected a command that this file can run, found ${line}`);
  }
  return shown.join('\n');
}

function replaceLink(path: string, target: string): void {
  unlinkSync(path);
  symlinkSync(target, path);
}

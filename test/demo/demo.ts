/**
 * `npm run demo`: the built program on a sample machine below a temporary directory. Ends with 0 only if every
 * command said and did what is shown here.
 */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSample } from './sample.ts';

const program = new URL('../../dist/vfio-names.cjs', import.meta.url).pathname;

/** Thrown where the program does not do what is shown. */
class Surprise extends Error {}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Shows the command line as a user types it, runs it, shows what it says. */
function run(words: readonly string[], root: string, status: number, expected: readonly RegExp[]): void {
  say(`$ vfio-names ${words.join(' ')} --root ${root}`);
  const {
    stdout,
    stderr,
    status: found,
  } = spawnSync(process.execPath, [program, ...words, '--root', root], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  process.stdout.write(stdout + stderr);
  say(found === 0 ? '' : `(exit status ${found})\n`);
  if (found !== status) throw new Surprise(`expected exit status ${status}, found ${found}`);
  const missing = expected.find((pattern) => !pattern.test(stdout + stderr));
  if (missing) throw new Surprise(`expected ${missing} in the output`);
}

/** A change to the machine by hand, shown as the shell command that would make it. */
function byHand(line: string, act: () => void): void {
  say(`$ ${line}\n`);
  act();
}

function withNodes(root: string): void {
  const link = `${root}/dev/vfio/pci/0000:01:00.1`;
  say('What would be done? vfio-names did not make the file in the way: it is left alone and reported.');
  run(['plan'], root, 1, [/^create \/dev\/vfio\/pci\/0000:01:00\.0 ->/m, /^blocked .*0000:02:00\.0/m]);
  say('Make the names:');
  run(['sync'], root, 1, [/^create \/dev\/vfio\/mdev\//m, /blocked .* found a file/]);
  byHand(`rm ${root}/dev/vfio/pci/0000:02:00.0`, () => fs.unlinkSync(`${root}/dev/vfio/pci/0000:02:00.0`));
  run(['sync'], root, 0, [/^create \/dev\/vfio\/pci\/0000:02:00\.0 ->/m]);
  run(['list'], root, 0, [
    /^pci\/0000:01:00\.0 +vfio/m,
    /^mdev\//m,
    /^platform\//m,
    /^pci\/0000:03:00\.0 .*no node/m,
  ]);
  say('Which node is it? Asked of sysfs, and proved by the node itself:');
  run(['resolve', '01:00.0'], root, 0, [/^\/dev\/vfio\/devices\/vfio\d+$/m]);
  run(['verify'], root, 0, [/^fine: /]);
  say('Now a link leads to the node of another device, as after a reused number:');
  byHand(`ln -sfn ../devices/vfio0 ${link}`, () => {
    fs.unlinkSync(link);
    fs.symlinkSync('../devices/vfio0', link);
  });
  run(['verify'], root, 1, [/^link-wrong: \/dev\/vfio\/pci\/0000:01:00\.1: /m, /^1 finding$/m]);
  run(['sync'], root, 0, [/^replace \/dev\/vfio\/pci\/0000:01:00\.1 /m]);
  run(['verify'], root, 0, [/^fine: /]);
}

function withoutNodes(root: string): void {
  say('Not root: device nodes can not be made, so verify, resolve and the broken link are left out.');
  run(['plan'], root, 1, [/^create \/dev\/vfio\/pci\/0000:01:00\.0 ->/m, /^blocked .*0000:02:00\.0/m]);
  run(['list'], root, 0, [/^pci\/0000:01:00\.0 +vfio/m, /^pci\/0000:03:00\.0 .*no node/m]);
}

function demo(): number {
  if (!fs.existsSync(program)) {
    process.stderr.write('demo: expected the built program in dist, found none; run npm run build\n');
    return 1;
  }
  const root = fs.mkdtempSync(join(tmpdir(), 'vfio-names-demo-'));
  try {
    const { nodes, contents } = buildSample(root);
    say(`A sample machine below ${root}: ${contents}.\n`);
    if (nodes) withNodes(root);
    else withoutNodes(root);
    say('All as expected.');
    return 0;
  } catch (error) {
    if (!(error instanceof Surprise)) throw error;
    process.stderr.write(`demo: ${error.message}\n`);
    return 1;
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

process.exitCode = demo();

/**
 * `npm run demo`: runs the built program on a sample machine in a temporary directory. Exits with status 0 only if every
 * command exits and prints as expected here.
 */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSample } from './sample.ts';

const program = join(import.meta.dirname, '../../dist/vfio-names.cjs');

/** The program did not behave as expected. */
class UnexpectedResult extends Error {}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints a command line, runs it and prints its output. Throws on another exit status or missing output. */
function run(args: readonly string[], root: string, status: number, expected: readonly RegExp[]): void {
  print(`$ vfio-names ${args.join(' ')} --root ${root}`);
  const {
    stdout,
    stderr,
    status: found,
  } = spawnSync(process.execPath, [program, ...args, '--root', root], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  process.stdout.write(stdout + stderr);
  print(found === 0 ? '' : `(exit status ${found})\n`);
  if (found !== status) throw new UnexpectedResult(`expected exit status ${status}, found ${found}`);
  const missing = expected.find((pattern) => !pattern.test(stdout + stderr));
  if (missing) throw new UnexpectedResult(`expected ${missing} in the output`);
}

/** Prints a shell command and makes the change that it stands for. */
function runByHand(line: string, fn: () => void): void {
  print(`$ ${line}\n`);
  fn();
}

/** The steps of the demo. Without `nodes`, the device nodes of the sample machine are ordinary files. */
function runSteps(root: string, nodes: boolean): void {
  const link = `${root}/dev/vfio/pci/0000:01:00.1`;
  print(
    'plan shows what sync would change. A file that vfio-names did not create is in the place of a link: it is left alone and reported.',
  );
  run(['plan'], root, 1, [/^create \/dev\/vfio\/pci\/0000:01:00\.0 ->/m, /^blocked .*0000:02:00\.0/m]);
  print('sync creates the links:');
  run(['sync'], root, 1, [/^create \/dev\/vfio\/mdev\//m, /blocked .* found a file/]);
  runByHand(`rm ${root}/dev/vfio/pci/0000:02:00.0`, () => fs.unlinkSync(`${root}/dev/vfio/pci/0000:02:00.0`));
  run(['sync'], root, 0, [/^create \/dev\/vfio\/pci\/0000:02:00\.0 ->/m]);
  run(['list'], root, 0, [
    nodes ? /^pci\/0000:01:00\.0 .* vfio-pci +10 +ok$/m : /^pci\/0000:01:00\.0 .* vfio-pci +10 +wrong node$/m,
    /^mdev\//m,
    /^platform\//m,
    /^pci\/0000:03:00\.0 .*no node/m,
  ]);
  if (nodes) {
    print('resolve reads the device number from sysfs, and compares the node with it:');
    run(['resolve', '01:00.0'], root, 0, [/^\/dev\/vfio\/devices\/vfio\d+$/m]);
    run(['verify'], root, 0, [/^OK: /]);
  } else {
    print(
      'Only root may create device nodes (CAP_MKNOD), so the nodes are ordinary files here. resolve compares the node with sysfs, and rejects it:',
    );
    run(['resolve', '01:00.0'], root, 1, [/expected the character device .* found /]);
  }
  print('Now a link leads to the node of another device, as after a reused number:');
  runByHand(`ln -sfn ../devices/vfio0 ${link}`, () => {
    fs.unlinkSync(link);
    fs.symlinkSync('../devices/vfio0', link);
  });
  run(['verify'], root, 1, [
    /^link-wrong: \/dev\/vfio\/pci\/0000:01:00\.1: /m,
    /^\d+ findings?; vfio-names verify --fix corrects /m,
  ]);
  run(['sync'], root, 0, [/^replace \/dev\/vfio\/pci\/0000:01:00\.1 /m]);
  if (nodes) run(['verify'], root, 0, [/^OK: /]);
  else run(['plan'], root, 0, []);
}

function demo(): number {
  if (!fs.existsSync(program)) {
    process.stderr.write('demo: expected the built program in dist, found none; run npm run build\n');
    return 1;
  }
  const root = fs.mkdtempSync(join(tmpdir(), 'vfio-names-demo-'));
  try {
    const { nodes, contents } = buildSample(root);
    print(`A sample machine below ${root}: ${contents}.\n`);
    runSteps(root, nodes);
    print('All as expected.');
    return 0;
  } catch (error) {
    if (!(error instanceof UnexpectedResult)) throw error;
    process.stderr.write(`demo: ${error.message}\n`);
    return 1;
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

process.exitCode = demo();

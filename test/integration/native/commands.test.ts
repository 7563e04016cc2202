/**
 * Runs each command line with both builds on equal machines, and compares stdout, stderr, the exit status and the links to the
 * byte. Runs only if the native program is required.
 */
import * as fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { commands } from '../../../src/cli/commands.ts';
import { nativeCli, referenceCli, sanitizedCli } from '../../support/cli-programs.ts';
import { FakeRoot } from '../../support/fake-root.ts';
import {
  isForTarget,
  nativeRequired,
  type Program,
  type Result,
  runProgram,
} from '../../support/programs.ts';
import { validJson } from '../../support/schema.ts';
import { exceptions, type Machine, machines } from './machines.ts';

interface Outcome extends Result {
  readonly tree: readonly string[];
}

/** Every path of the machine with its type and mode, and the target or the text. */
function treeOf(directory: string): string[] {
  const bytes = (path: string): Buffer => Buffer.from(path, 'latin1');
  return fs.readdirSync(bytes(directory), { encoding: 'latin1' }).flatMap((name) => {
    const path = `${directory}/${name}`;
    const status = fs.lstatSync(bytes(path));
    const text = status.isSymbolicLink()
      ? fs.readlinkSync(bytes(path), 'latin1')
      : status.isFile()
        ? fs.readFileSync(bytes(path), 'latin1')
        : '';
    const line = `${path} ${status.mode.toString(8)} ${status.gid} ${text}`;
    return status.isDirectory() ? [line, ...treeOf(path)] : [line];
  });
}

/** A machine that is built again after a run that changed it. Both builds see the same path. */
class Stage {
  readonly #directory: string;
  readonly #build: Machine['build'];
  #tree: readonly string[] | undefined;

  constructor(directory: string, build: Machine['build']) {
    this.#directory = directory;
    this.#build = build;
  }

  run(program: Program, argv: readonly string[]): Outcome {
    const directory = this.#directory;
    if (!this.#tree) {
      fs.rmSync(directory, { recursive: true, force: true });
      this.#build(new FakeRoot(directory));
      this.#tree = treeOf(directory).sort();
    }
    const args = argv.map((arg) => arg.replaceAll('ROOT', directory));
    const result = runProgram(
      program,
      args,
      { PATH: '/usr/bin:/bin', ASAN_OPTIONS: 'detect_leaks=0', SOURCE_DATE_EPOCH: '1700000000' },
      directory,
    );
    const tree = treeOf(directory).sort();
    if (tree.join('\n') !== this.#tree.join('\n')) this.#tree = undefined;
    return { ...result, tree };
  }
}

function scratch(t: ExecutionContext): string {
  const directory = fs.mkdtempSync('/tmp/vfio-names-builds-');
  t.teardown(() => fs.rmSync(directory, { recursive: true, force: true }));
  return `${directory}/root`;
}

/** Asserts that the output is the document of the command, or of an error, as its schema says. */
function validDocument(t: ExecutionContext, argv: readonly string[], out: string): void {
  const [first = 'list', second = ''] = argv.filter((word) => !word.startsWith('-') && word !== 'ROOT');
  const command = commands.find(({ name }) => name === `${first} ${second}` || name === first);
  const schema = 'error' in JSON.parse(out) ? 'error' : command?.name.replace(' ', '-');
  validJson(t, schema ?? 'list', out);
}

/** How many command lines a test runs, so that each ends long before ava's time limit. */
const CHUNK = isForTarget ? 2 : 10;

for (const { title, build, lines } of machines)
  for (let from = 0; from < lines.length; from += CHUNK)
    (nativeRequired ? test.serial : test.skip)(
      `both builds print and do the same on ${title}: command lines ${from + 1} to ${Math.min(from + CHUNK, lines.length)} of ${lines.length}`,
      async (t) => {
        const stage = new Stage(scratch(t), build);
        for (const argv of lines.slice(from, from + CHUNK)) {
          // Lets ava hear of the tests that have ended: the runs block this process.
          await setImmediate();
          const exception = exceptions.find(({ line }) => line === argv.join(' '))?.native;
          const expected = { ...stage.run(referenceCli, argv), ...exception };
          for (const program of [nativeCli, sanitizedCli])
            if (program) t.deepEqual(stage.run(program, argv), expected, `${program.name} ${argv.join(' ')}`);
          if (argv.includes('--json') && expected.out !== '') validDocument(t, argv, expected.out);
        }
      },
    );

import { existsSync, constants as fsConstants, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { armOpen, genericOpen } from '../../src/system/linux-open.ts';
import { openPath } from '../../src/system/node-files.ts';

type Numbers = Readonly<Record<string, number>>;
const tables: Readonly<Record<string, Numbers>> = { x64: genericOpen, arm64: armOpen };

test('each number is that of asm/fcntl.h: (1 << bit)', (t) => {
  const common = { O_RDONLY: 0, O_NOCTTY: 1 << 8, O_NONBLOCK: 1 << 11, O_CLOEXEC: 1 << 19, O_PATH: 1 << 21 };
  t.deepEqual(genericOpen as Numbers, { ...common, O_DIRECTORY: 1 << 16, O_NOFOLLOW: 1 << 17 });
  t.deepEqual(armOpen as Numbers, { ...common, O_DIRECTORY: 1 << 14, O_NOFOLLOW: 1 << 15 });
  t.is(openPath, common.O_PATH);
});

const mine = tables[process.arch];
const whenKnown = mine === undefined ? test.skip : test;

whenKnown('the numbers of this machine are those that Node has', (t) => {
  const node: Numbers = fsConstants;
  const both = Object.entries(mine ?? {}).filter(([name]) => name in node);
  t.true(both.length >= 5);
  for (const [name, number] of both) t.is(node[name], number, name);
});

/** The source of the kernel that the virtual machines run, where they were built here: the headers of every machine. */
const cache = process.env['VFIO_NAMES_VM_CACHE'] ?? join(homedir(), '.cache/vfio-names');
const source = join(cache, 'vm/builder/lab/source');
const whenLab = existsSync(join(source, 'arch/arm64')) ? test : test.skip;

/** `#define O_PATH (1 << 21)`, or 010000000 as older kernels have it. */
function defines(path: string): Numbers {
  const found = readFileSync(join(source, path), 'utf8').matchAll(
    /^#define\s+(O_[A-Z]+)\s+(?:\(1 << (\d+)\)|0([0-7]*))(?=\s)/gm,
  );
  return Object.fromEntries(
    [...found].map(([, name = '', bit, octal = '']) => [
      name,
      bit === undefined ? Number.parseInt(`0${octal}`, 8) : 1 << Number(bit),
    ]),
  );
}

whenLab("the numbers are those of the lab's kernel, for either kind of machine", (t) => {
  const generic = defines('include/uapi/asm-generic/fcntl.h');
  const pick = (numbers: Numbers) =>
    Object.fromEntries(Object.keys(genericOpen).map((name) => [name, numbers[name]]));
  t.deepEqual(pick(generic), genericOpen);
  for (const arch of ['arm', 'arm64', 'm68k', 'powerpc'])
    t.deepEqual(pick({ ...generic, ...defines(`arch/${arch}/include/uapi/asm/fcntl.h`) }), armOpen, arch);
});

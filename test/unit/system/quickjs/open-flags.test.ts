import { existsSync, constants as fsConstants, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { O_PATH } from '../../../../src/system/node/files.ts';
import { armOpen, genericOpen } from '../../../../src/system/quickjs/open-flags.ts';

type Numbers = Readonly<Record<string, number>>;
const tables: Readonly<Record<string, Numbers>> = { x64: genericOpen, arm64: armOpen };

test('open flags have the numbers of asm/fcntl.h', (t) => {
  const common = { O_RDONLY: 0, O_NOCTTY: 1 << 8, O_NONBLOCK: 1 << 11, O_CLOEXEC: 1 << 19, O_PATH: 1 << 21 };
  t.deepEqual(genericOpen as Numbers, { ...common, O_DIRECTORY: 1 << 16, O_NOFOLLOW: 1 << 17 });
  t.deepEqual(armOpen as Numbers, { ...common, O_DIRECTORY: 1 << 14, O_NOFOLLOW: 1 << 15 });
  t.is(O_PATH, common.O_PATH);
});

const ofThisMachine = tables[process.arch];
const whenKnown = ofThisMachine === undefined ? test.skip : test;

whenKnown('open flags of this machine have the numbers of Node', (t) => {
  const node: Numbers = fsConstants;
  const shared = Object.entries(ofThisMachine ?? {}).filter(([name]) => name in node);
  t.true(shared.length >= 5);
  for (const [name, number] of shared) t.is(node[name], number, name);
});

/** The kernel source of the test VMs, if they were built here, with the headers of every architecture. */
const cache = process.env['VFIO_NAMES_VM_CACHE'] ?? join(homedir(), '.cache/vfio-names');
const source = join(cache, 'vm/builder/lab/source');
const whenLab = existsSync(join(source, 'arch/arm64')) ? test : test.skip;

/** Parses `#define O_PATH (1 << 21)`, or 010000000 in older kernels. */
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

whenLab("open flags have the numbers in the headers of the VM's kernel, for both tables", (t) => {
  const generic = defines('include/uapi/asm-generic/fcntl.h');
  const pick = (numbers: Numbers) =>
    Object.fromEntries(Object.keys(genericOpen).map((name) => [name, numbers[name]]));
  t.deepEqual(pick(generic), genericOpen);
  for (const arch of ['arm', 'arm64', 'm68k', 'powerpc'])
    t.deepEqual(pick({ ...generic, ...defines(`arch/${arch}/include/uapi/asm/fcntl.h`) }), armOpen, arch);
});

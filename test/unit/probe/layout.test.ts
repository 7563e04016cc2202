import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import {
  constants,
  decode,
  encode,
  flagNames,
  ioctls,
  minimumSizes,
  pciNames,
  structs,
} from '../../../src/probe/layout.ts';

/** Returns all values of layout.ts in the format of layout.c. */
function ourValues(): Map<string, string> {
  const lines = new Map<string, string>();
  // A name that occurs in two tables must have the same value in both.
  const add = (name: string, value: string) => {
    const known = lines.get(name) ?? value;
    lines.set(name, known === value ? value : `${known} and ${value}`);
  };
  for (const { name, number } of Object.values(ioctls)) add(name, `${number}`);
  for (const [name, number] of Object.entries(constants)) add(name, `${number}`);
  for (const [name, { size, fields }] of Object.entries(structs)) {
    add(name, `${size}`);
    for (const [field, [offset, bytes]] of Object.entries(fields))
      add(`${name}.${field}`, `${offset}:${bytes}`);
  }
  const bits = (prefix: string, names: readonly string[]) => {
    for (const [bit, name] of names.entries())
      add(`${prefix}_${name.toUpperCase().replace('-', '_')}`, `${2 ** bit}`);
  };
  bits('VFIO_DEVICE_FLAGS', flagNames.device);
  bits('VFIO_REGION_INFO_FLAG', flagNames.region);
  bits('VFIO_IRQ_INFO', flagNames.irq);
  for (const [index, name] of pciNames.regions.entries())
    add(`VFIO_PCI_${name.toUpperCase()}_REGION_INDEX`, `${index}`);
  for (const [index, name] of pciNames.irqs.entries())
    add(`VFIO_PCI_${name.toUpperCase()}_IRQ_INDEX`, `${index}`);
  return lines;
}

/** Compiles layout.c with the headers in `include`, and returns its output. */
function headerValues(t: ExecutionContext, include: string): Map<string, string> {
  const directory = mkdtempSync(join(tmpdir(), 'vfio-names-layout-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const program = join(directory, 'layout');
  const iommufd = join(include, 'linux/iommufd.h');
  const compiled = spawnSync(
    'cc',
    [
      // Annotations in the kernel's source that are removed from installed headers.
      '-D__user=',
      '-D__counted_by(member)=',
      `-DVFIO_HEADER="${include}/linux/vfio.h"`,
      ...(existsSync(iommufd) ? [`-DIOMMUFD_HEADER="${iommufd}"`] : []),
      '-o',
      program,
      join(import.meta.dirname, 'layout.c'),
    ],
    { encoding: 'utf8' },
  );
  t.is(compiled.status, 0, compiled.stderr);
  const printed = spawnSync(program, { encoding: 'utf8' }).stdout.trim().split('\n');
  return new Map(printed.map((line) => line.split(' ') as [string, string]));
}

/** Asserts that layout.ts has all values of the headers in `include`. */
function compareWithHeaders(t: ExecutionContext, include: string): Map<string, string> {
  const [table, kernel] = [ourValues(), headerValues(t, include)];
  for (const [name, value] of kernel) t.is(table.get(name), value, name);
  return kernel;
}

const hasCompiler = spawnSync('cc', ['--version']).status === 0;
const system = '/usr/include';
const whenSystem = hasCompiler && existsSync(`${system}/linux/vfio.h`) ? test : test.skip;

whenSystem("layout has the numbers and structs of this system's headers", (t) => {
  t.true(compareWithHeaders(t, system).size >= 60);
});

/** Returns the headers of the kernel that the virtual machines run; `undefined` if it was not built here. */
function labHeaders(): string | undefined {
  const cache = process.env['VFIO_NAMES_VM_CACHE'] ?? join(homedir(), '.cache/vfio-names');
  const include = join(cache, 'vm/builder/lab/source/include/uapi');
  return existsSync(join(include, 'linux/iommufd.h')) ? include : undefined;
}

const lab = hasCompiler ? labHeaders() : undefined;
const whenLab = lab === undefined ? test.skip : test;

whenLab("layout has the numbers and structs of the lab's kernel, which defines all of them", (t) => {
  const kernel = compareWithHeaders(t, lab ?? '');
  const missing = [...ourValues().keys()].filter((name) => !kernel.has(name));
  // layout.c prints only the first and the last of the BARs.
  t.deepEqual(
    missing.filter((name) => !/^VFIO_PCI_BAR[1-4]_REGION_INDEX$/.test(name)),
    [],
  );
});

test('minimumSizes are the ends of fields', (t) => {
  const ends = (fields: Readonly<Record<string, readonly [number, number]>>) =>
    Object.values(fields).map(([offset, size]) => offset + size);
  t.true(ends(structs.vfio_device_bind_iommufd.fields).includes(minimumSizes.bind));
  t.true(ends(structs.vfio_device_attach_iommufd_pt.fields).includes(minimumSizes.attach));
});

test('layout.c prints every ioctl, struct and field of layout.ts', (t) => {
  const source = readFileSync(join(import.meta.dirname, 'layout.c'), 'utf8');
  for (const { name } of Object.values(ioctls)) t.true(source.includes(`IOCTL(${name})`), name);
  for (const [name, { fields }] of Object.entries(structs)) {
    t.true(source.includes(`SIZE(${name})`), name);
    for (const field of Object.keys(fields)) t.true(source.includes(`FIELD(${name}, ${field})`), field);
  }
});

const u32 = fc.integer({ min: 0, max: 0xffff_ffff }).map(BigInt);
const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });

test('decode returns the values that encode wrote', (t) => {
  const info = structs.vfio_region_info;
  fc.assert(
    fc.property(
      fc.record({ argsz: u32, flags: u32, index: u32, cap_offset: u32, size: u64, offset: u64 }),
      (values) => {
        t.deepEqual(decode(info, encode(info, values)), values);
      },
    ),
    { numRuns: 50 },
  );
});

test('encode zeroes omitted fields and writes a negative descriptor as 32 bits', (t) => {
  const bytes = encode(structs.vfio_device_bind_iommufd, { argsz: 24, iommufd: -1 });
  t.is(Buffer.from(bytes).toString('hex'), '1800000000000000ffffffff000000000000000000000000');
});

test('encode accepts a size larger or smaller than the struct', (t) => {
  t.is(encode(structs.vfio_irq_info, { index: 3 }, 32).length, 32);
  t.is(encode(structs.vfio_device_bind_iommufd, { argsz: 16 }, 16).length, 16);
});

test('encode rejects a field beyond the size and an unknown field name', (t) => {
  const info = structs.vfio_region_info;
  t.throws(() => encode(structs.vfio_device_bind_iommufd, { token_uuid_ptr: 1 }, 16), {
    instanceOf: RangeError,
    message: 'no field token_uuid_ptr in 16 bytes',
  });
  t.throws(() => encode(info, { size: 1 }, 23), { message: 'no field size in 23 bytes' });
  t.is(encode(info, { size: 1 }, 24)[16], 1);
  t.throws(() => encode(structs.vfio_irq_info, { nonsense: 1 } as object), { instanceOf: RangeError });
});

test('decode rejects an offset at which the struct does not fit', (t) => {
  const info = structs.vfio_irq_info;
  for (const [size, at] of [
    [15, 0],
    [32, 17],
    [32, -1],
  ] as const)
    t.throws(() => decode(info, new Uint8Array(size), at), {
      instanceOf: RangeError,
      message: `no 16 bytes at ${at}`,
    });
  t.is(decode(info, encode(info, { count: 7 }, 32)).count, 7n);
  t.is(decode(info, Uint8Array.of(...new Array(16).fill(0), ...encode(info, { count: 7 })), 16).count, 7n);
});

test('decode and encode treat a field of two bytes apart from the one that follows', (t) => {
  const header = structs.vfio_info_cap_header;
  const bytes = encode(header, { version: 0x1_0002, id: 0x0201, next: 48 });
  t.deepEqual([...bytes], [1, 2, 2, 0, 48, 0, 0, 0]);
  t.deepEqual(decode(header, bytes), { id: 0x0201n, version: 2n, next: 48n });
});

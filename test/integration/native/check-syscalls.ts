/**
 * Calls each function of the module `syscalls` with wrong arguments, in QuickJS under AddressSanitizer: each must throw
 * TypeError or RangeError, or return an errno. Prints `ok` or one line for each failure.
 */
import * as std from 'qjs:std';
import * as syscalls from 'qjs:syscalls';

/** Arguments for which each call fails or does nothing. */
const [noFd, noPath, bytes] = [999_999, '/nonexistent/a', new Uint8Array(64)];
const { AT_FDCWD } = syscalls;
const calls: Readonly<Record<string, readonly unknown[]>> = {
  open: [AT_FDCWD, noPath, 0, 0, 0],
  readFile: [AT_FDCWD, noPath, 0, 0, 64, false],
  close: [noFd],
  read: [noFd, bytes],
  write: [noFd, 'text', 4],
  writeBytes: [noFd, bytes],
  readdir: [AT_FDCWD, noPath, 0, false],
  readlink: [AT_FDCWD, noPath, 0],
  readlinks: [noPath],
  stat: [AT_FDCWD, noPath, 0, 0, new Float64Array(10)],
  symlink: ['target', AT_FDCWD, noPath],
  rename: [AT_FDCWD, noPath, AT_FDCWD, noPath, 0],
  link: [AT_FDCWD, noPath, AT_FDCWD, noPath, 0],
  unlink: [AT_FDCWD, noPath, 0],
  mkdir: [AT_FDCWD, noPath, 0o755],
  chmod: [AT_FDCWD, noPath, 0o644],
  chown: [AT_FDCWD, noPath, 0, 0],
  fchmod: [noFd, 0o644],
  fsync: [noFd],
  getxattr: [noPath, 'user.x', bytes],
  fcntl: [noFd, syscalls.F_SETFD, 0],
  dup3: [noFd, noFd + 1, 0],
  closeRange: [noFd, noFd, 0],
  ioctl: [noFd, 0x3b64, bytes],
  socket: [-1, -1, -1],
  sendto: [noFd, bytes, 0, bytes],
  sendFd: [noFd, 0, AT_FDCWD],
  receiveFd: [noFd, new Uint8Array(1)],
  connect: [noFd, bytes],
  inotifyAddWatch: [noFd, noPath, 1],
  poll: [noFd, 0, 0],
  spawn: [noPath, ['a'], ['A=b'], 0, 1, 2],
  wait: [2_000_000_000, syscalls.WNOHANG],
  execve: [noPath, ['a'], ['A=b']],
  kill: [2_000_000_000, 0],
  setSoftLimit: [-1, 0],
  addFilter: [new Uint8Array(0)],
  clock: [-100_000],
};

/** Wrong wherever a number, an array or bytes are expected. */
const wrong: readonly unknown[] = [
  undefined,
  null,
  true,
  {},
  Symbol('x'),
  10n,
  () => {},
  Number.NaN,
  1.5,
  2 ** 53,
  -(2 ** 40),
  Number.POSITIVE_INFINITY,
  new ArrayBuffer(8),
  new DataView(new ArrayBuffer(8)),
  [Symbol('x')],
  [1, {}],
  Object.assign([], { length: 2 ** 31 }),
  new Proxy([], {}),
];

/** Wrong wherever text is expected, and their errno. */
const texts: Readonly<Record<string, string>> = {
  'a\0b': 'EINVAL',
  '\ud800': 'EILSEQ',
  'a\udfff/b': 'EILSEQ',
};

let failures = 0;

function report(name: string, args: readonly unknown[], found: unknown): void {
  failures++;
  const shown = args.map((arg) => (typeof arg === 'symbol' ? 'symbol' : typeof arg)).join(', ');
  syscalls.write(1, `${name}(${shown}): ${String(found)}\n`, 1e6);
}

function outcome(name: string, args: readonly unknown[]): unknown {
  const call = (syscalls as unknown as Record<string, (...args: readonly unknown[]) => unknown>)[name];
  try {
    return call?.(...args);
  } catch (error) {
    return error;
  }
}

const isRefused = (result: unknown): boolean =>
  result instanceof TypeError || result instanceof RangeError || (typeof result === 'number' && result < 0);

for (const [name, good] of Object.entries(calls)) {
  // No argument at all, and each argument wrong.
  for (let count = 0; count < good.length; count++) {
    const args = good.slice(0, count);
    const result = outcome(name, args);
    if (!isRefused(result) && typeof good[count] !== 'boolean' && name !== 'closeRange')
      report(name, args, result);
  }
  for (const [index, value] of good.entries()) {
    for (const bad of wrong) {
      const args = good.with(index, bad);
      const result = outcome(name, args);
      if (typeof value !== 'boolean' && !isRefused(result)) report(name, args, result);
    }
    if (typeof value !== 'string') continue;
    for (const [text, errno] of Object.entries(texts)) {
      const result = outcome(name, good.with(index, text));
      const isText = name !== 'write';
      if (isText && (typeof result !== 'number' || syscalls.errnoName(-result) !== errno))
        report(name, [text], result);
    }
  }
}

/** Arrays that are too short for what the call writes or reads. */
for (const [name, args] of [
  ['stat', [AT_FDCWD, '/', 0, 0, new Float64Array(8)]],
  ['stat', [AT_FDCWD, '/', 0, 0, new Uint8Array(72)]],
  ['receiveFd', [0, new Uint8Array(0)]],
  ['ioctl', [0, 0x8008_5401, new Uint8Array(7)]],
  ['addFilter', [new Uint8Array(7)]],
  ['setgroups', [new Uint8Array(8)]],
] as const)
  if (!(outcome(name, args) instanceof RangeError)) report(name, args, outcome(name, args));

/** Files of every length around the sizes of the buffer. */
for (const limit of [0, 1, 4095, 4096, 4097, 16_384, 100_000]) {
  const text = syscalls.readFile(AT_FDCWD, '/proc/self/maps', 0, 0, limit, true);
  if (typeof text === 'number' || text.byteLength > limit) report('readFile', [limit], text);
  const zeros = syscalls.readFile(AT_FDCWD, '/dev/zero', 0, 0, limit, false);
  if (typeof zeros !== 'number' || zeros > syscalls.READ_FAILED) report('readFile', [limit], zeros);
}

/** The calls below a directory: each fails after it opened something, which must be closed again. */
const { RESOLVE_IN_ROOT, READ_FAILED } = syscalls;
const top = syscalls.open(AT_FDCWD, '/', syscalls.O_PATH, 0, 0);
const fields = new Float64Array(10);
const failing: readonly (readonly [errno: string, call: () => unknown])[] = [
  // A device is not read, even if its path leads to one through `..`.
  ['EINVAL', () => readBelow('dev/zero', 64)],
  ['EINVAL', () => readBelow('../dev/../dev/zero', 64)],
  ['EINVAL', () => readBelow('proc', 64)],
  ['EFBIG', () => readBelow('proc/self/maps', 1)],
  ['EFBIG', () => readBelow('proc/self/maps', 0)],
  // Nothing is at the address 0.
  ['EIO', () => readBelow('proc/self/mem', 1 << 20)],
  ['EXDEV', () => readBelow('proc/self/fd/1', 64)],
  ['ENAMETOOLONG', () => readBelow('a'.repeat(256), 64)],
  ['EISDIR', () => syscalls.readFile(AT_FDCWD, '/', 0, 0, 64, false)],
  ['EINVAL', () => syscalls.readlink(top, 'proc', RESOLVE_IN_ROOT)],
  ['EXDEV', () => syscalls.readlink(top, 'proc/self/cwd/x', RESOLVE_IN_ROOT)],
  ['ENOTDIR', () => syscalls.stat(top, 'proc/self/maps/x', 0, RESOLVE_IN_ROOT, fields)],
  ['RangeError', () => syscalls.stat(top, 'proc', 0, RESOLVE_IN_ROOT, new Float64Array(8))],
  ['ENOTDIR', () => syscalls.readdir(top, 'proc/self/maps', RESOLVE_IN_ROOT, false)],
  ['ENOTDIR', () => syscalls.readlinks('/proc/self/maps')],
];

function readBelow(path: string, limit: number): unknown {
  return syscalls.readFile(top, path, 0, RESOLVE_IN_ROOT, limit, false);
}

function errnoOf(call: () => unknown): string {
  try {
    const result = call();
    if (typeof result !== 'number') return 'a result';
    return syscalls.errnoName(result <= READ_FAILED ? READ_FAILED - result : -result) ?? String(result);
  } catch (error) {
    return (error as Error).name;
  }
}

const openFiles = (): number => (syscalls.readdir(AT_FDCWD, '/proc/self/fd', 0, false) as unknown[]).length;
const before = openFiles();
for (const [errno, call] of failing)
  for (let repeated = 0; repeated < 1000; repeated++) {
    const found = errnoOf(call);
    if (found === errno) continue;
    report(`expected ${errno} of ${call}`, [], found);
    break;
  }
if (openFiles() !== before) report('descriptors', [], openFiles() - before);

if (failures === 0) syscalls.write(1, 'ok\n', 3);
std.exit(failures === 0 ? 0 : 1);

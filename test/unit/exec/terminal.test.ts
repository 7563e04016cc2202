import test from 'ava';
import { protectTerminal, terminalFilter } from '../../../src/exec/terminal.ts';
import { CallError } from '../../../src/system/calls.ts';
import { fakeExec } from '../../support/fake-exec.ts';

/** Runs the filter as the kernel does (kernel/bpf, the instructions that the filter has). */
function verdict(architecture: number, number: number, request: bigint): string {
  // __AUDIT_ARCH_LE, with which <linux/audit.h> gives the byte order of a machine.
  const isLittle = (architecture & 0x4000_0000) !== 0;
  const program = terminalFilter(isLittle);
  const view = new DataView(program.buffer);
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, isLittle);
  data.setUint32(4, architecture, isLittle);
  data.setBigUint64(24, request, isLittle);
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 8) {
    const value = view.getUint32(at + 4, isLittle);
    switch (view.getUint16(at, isLittle)) {
      case 0x20:
        accumulator = data.getUint32(value, isLittle);
        break;
      case 0x54:
        accumulator = (accumulator & value) >>> 0;
        break;
      case 0x15:
        at += 8 * view.getUint8(at + (accumulator === value ? 2 : 3));
        break;
      case 0x06:
        return { 2147418112: 'allow', 327681: 'EPERM', 2147483648: 'kill' }[value] ?? `${value}`;
      default:
        throw new Error('unknown instruction');
    }
  }
  return 'end of the program';
}

const TIOCSTI = 0x5412n;
const TCGETS = 0x5401n;

for (const [name, architecture, ioctls, other] of [
  ['x86-64', 0xc000003e, [16, 0x4000_0000 + 514, 0x4000_0000 + 16], 8],
  ['i386', 0x40000003, [54], 16],
  ['arm64', 0xc00000b7, [29], 54],
  ['arm', 0x40000028, [54], 29],
  ['riscv64', 0xc00000f3, [29], 16],
  ['loongarch64', 0xc0000102, [29], 16],
  ['ppc64le', 0xc0000015, [54], 29],
  ['ppc64', 0x80000015, [54], 29],
  ['s390x', 0x80000016, [54], 29],
] as const)
  test(`the filter denies TIOCSTI and TIOCLINUX, and nothing else, on ${name}`, (t) => {
    for (const ioctl of ioctls) {
      t.is(verdict(architecture, ioctl, TIOCSTI), 'EPERM');
      t.is(verdict(architecture, ioctl, 0x541cn), 'EPERM');
      // The kernel ignores the upper half (CVE-2019-10063).
      t.is(verdict(architecture, ioctl, TIOCSTI | (1n << 32n)), 'EPERM');
      t.is(verdict(architecture, ioctl, TCGETS), 'allow');
    }
    t.is(verdict(architecture, other, TIOCSTI), 'allow', 'another system call with the same argument');
  });

test('the filter ends a process with system calls of an unknown machine', (t) => {
  t.is(verdict(0xc0000008, 16, TIOCSTI), 'kill');
});

const denied = () => {
  throw new CallError('prctl PR_SET_SECCOMP', 'EACCES');
};

test('protectTerminal adds no filter without a controlling terminal', (t) => {
  const { calls, files } = fakeExec({ addFilter: () => t.fail() });
  t.notThrows(() => protectTerminal(calls, files));
});

test('protectTerminal fails if the filter cannot be added or is not active, with a hint', (t) => {
  for (const addFilter of [denied, () => {}]) {
    const { calls, files } = fakeExec({ addFilter }, { terminal: true });
    t.throws(() => protectTerminal(calls, files), { code: 'terminal' });
  }
  const old = fakeExec({ addFilter: denied }, { terminal: true, legacyTiocsti: undefined });
  t.throws(() => protectTerminal(old.calls, old.files), { message: /EACCES/ }, 'a kernel before 6.2');
});

test('protectTerminal accepts a missing filter where the kernel denies TIOCSTI itself', (t) => {
  const { calls, files } = fakeExec({ addFilter: denied }, { terminal: true, legacyTiocsti: '0\n' });
  t.notThrows(() => protectTerminal(calls, files));
});

test('protectTerminal rethrows errors without an errno', (t) => {
  const bug = () => {
    throw new TypeError('bug');
  };
  const { calls, files } = fakeExec({ addFilter: bug }, { terminal: true });
  t.throws(() => protectTerminal(calls, files), { instanceOf: TypeError });
});

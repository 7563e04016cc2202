/**
 * Keeps CMD of another user from typing into the terminal that it shares with us: ioctl TIOCSTI puts characters into the
 * terminal's input, and our shell would run them as a command; TIOCLINUX pastes them on a virtual console (ioctl_tty(2)).
 */
import { errnoOf, exitStatus, tryOrUndefined, VfioNamesError } from '../errors.ts';
import { isLittleEndian } from '../system/byte-order.ts';
import type { Files } from '../system/files.ts';
import { hasTerminal, readThreadStatus } from '../system/proc-self.ts';
import type { ExecCalls } from '../system/process.ts';

// <linux/bpf_common.h>: BPF_LD | BPF_W | BPF_ABS, BPF_ALU | BPF_AND | BPF_K, BPF_JMP | BPF_JEQ | BPF_K, BPF_RET | BPF_K.
const LOAD = 0x20;
const AND = 0x54;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
// <linux/seccomp.h>.
const ALLOW = 0x7fff_0000;
const FAIL_WITH_EPERM = 0x0005_0001;
const KILL_PROCESS = 0x8000_0000;
// Offsets in struct seccomp_data: nr, arch, and args[1] of 64 bits.
const NUMBER = 0;
const ARCHITECTURE = 4;
const SECOND_ARGUMENT = 24;
/** The bit of an x32 call (__X32_SYSCALL_BIT), which older kernels ignore for numbers of x86-64. */
const NOT_X32 = 0xbfff_ffff;

const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;

/** The numbers of ioctl(2), by the AUDIT_ARCH_* of <linux/audit.h>. */
const ioctlNumbers: readonly (readonly [architecture: number, ...numbers: number[]])[] = [
  // x86-64 and x32, i386
  [0xc000_003e, 16, 514],
  [0x4000_0003, 54],
  // arm64, arm
  [0xc000_00b7, 29],
  [0x4000_0028, 54],
  // riscv64, riscv32
  [0xc000_00f3, 29],
  [0x4000_00f3, 29],
  // loongarch64
  [0xc000_0102, 29],
  // ppc64le, ppcle
  [0xc000_0015, 54],
  [0x4000_0014, 54],
  // ppc64, ppc
  [0x8000_0015, 54],
  [0x0000_0014, 54],
  // s390x, s390
  [0x8000_0016, 54],
  [0x0000_0016, 54],
];

type Instruction = readonly [code: number, value: number, ifTrue?: number, ifFalse?: number];

/**
 * A filter of system calls (`struct sock_filter`) that fails ioctl TIOCSTI and TIOCLINUX with EPERM. A call of a machine that
 * is not in the table ends the process.
 */
export function terminalFilter(littleEndian = isLittleEndian): Uint8Array {
  // The kernel ignores the high half.
  const lowHalf = SECOND_ARGUMENT + (littleEndian ? 0 : 4);
  const body: Instruction[] = [];
  for (const [architecture, ...numbers] of ioctlNumbers) {
    // Each number of ioctl jumps over the return to the check of the argument; the jumps are relative.
    const checks: Instruction[] = [
      [LOAD, NUMBER],
      [AND, NOT_X32],
      ...numbers.map((number, index): Instruction => [JUMP_IF_EQUAL, number, numbers.length - index]),
      [RETURN, ALLOW],
      [LOAD, lowHalf],
      [JUMP_IF_EQUAL, TIOCSTI, 1, 0],
      [JUMP_IF_EQUAL, TIOCLINUX, 0, 1],
      [RETURN, FAIL_WITH_EPERM],
      [RETURN, ALLOW],
    ];
    body.push([LOAD, ARCHITECTURE], [JUMP_IF_EQUAL, architecture, 0, checks.length], ...checks);
  }
  body.push([RETURN, KILL_PROCESS]);
  const bytes = new Uint8Array(body.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, [code, value, ifTrue = 0, ifFalse = 0]] of body.entries()) {
    view.setUint16(index * 8, code, littleEndian);
    view.setUint8(index * 8 + 2, ifTrue);
    view.setUint8(index * 8 + 3, ifFalse);
    view.setUint32(index * 8 + 4, value, littleEndian);
  }
  return bytes;
}

/**
 * Adds the filter if this process has a controlling terminal; without one, TIOCSTI needs CAP_SYS_ADMIN. Call it before
 * privileges are dropped: the filter needs CAP_SYS_ADMIN, too. Throws VfioNamesError `terminal` (status 4) if the terminal
 * cannot be protected. setsid(2) instead would take Ctrl-C and job control away, and a shell's job must fork for it.
 */
export function protectTerminal(calls: Pick<ExecCalls, 'addFilter'>, files: Files): void {
  if (!hasTerminal(files)) return;
  try {
    calls.addFilter(terminalFilter());
    if (!readThreadStatus(files).filtered) throw terminalError('no filter of system calls');
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    // Linux 6.2 and later: TIOCSTI is off for all but CAP_SYS_ADMIN.
    const legacy = tryOrUndefined(() => files.read('/proc/sys/dev/tty/legacy_tiocsti', 64));
    if (legacy?.trim() !== '0') throw terminalError((error as Error).message);
  }
}

function terminalError(found: string): VfioNamesError {
  return new VfioNamesError(
    'terminal',
    exitStatus.notPermitted,
    `expected to keep CMD from typing into this terminal as you, found ${found}`,
    {
      hint: 'run it without a terminal (setsid --wait, systemd-run), as root, or where dev.tty.legacy_tiocsti is 0',
    },
  );
}

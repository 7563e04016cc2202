/**
 * Linux's numbers of the flags of open(2), for engines that have no table: asm-generic/fcntl.h, and what arm, arm64, m68k
 * and powerpc have instead (their asm/fcntl.h). Not for alpha, mips, parisc and sparc. Pure.
 */

/** Of x86, riscv, s390 and loongarch: asm-generic/fcntl.h as it is. */
export const genericOpen = {
  O_RDONLY: 0,
  O_NOCTTY: 0o400,
  O_NONBLOCK: 0o4000,
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
  O_CLOEXEC: 0o2000000,
  O_PATH: 0o10000000,
} as const;

/** Of arm, arm64, m68k and powerpc, where the generic O_DIRECTORY and O_NOFOLLOW are O_DIRECT and O_LARGEFILE, either way round. */
export const armOpen = {
  O_RDONLY: 0,
  O_NOCTTY: 0o400,
  O_NONBLOCK: 0o4000,
  O_DIRECTORY: 0o40000,
  O_NOFOLLOW: 0o100000,
  O_CLOEXEC: 0o2000000,
  O_PATH: 0o10000000,
} as const;

/**
 * The flags of open(2) on Linux for QuickJS, which has no table: those of asm-generic/fcntl.h, and those of arm, arm64,
 * m68k and powerpc (their asm/fcntl.h). Not valid for alpha, mips, parisc and sparc.
 */

/** x86, riscv, s390 and loongarch: asm-generic/fcntl.h. */
export const genericOpen = {
  O_RDONLY: 0,
  O_NOCTTY: 0o400,
  O_NONBLOCK: 0o4000,
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
  O_CLOEXEC: 0o2000000,
  O_PATH: 0o10000000,
} as const;

/**
 * arm, arm64, m68k and powerpc, where the generic numbers of O_DIRECTORY and O_NOFOLLOW mean O_DIRECT and O_LARGEFILE,
 * and vice versa.
 */
export const armOpen = {
  O_RDONLY: 0,
  O_NOCTTY: 0o400,
  O_NONBLOCK: 0o4000,
  O_DIRECTORY: 0o40000,
  O_NOFOLLOW: 0o100000,
  O_CLOEXEC: 0o2000000,
  O_PATH: 0o10000000,
} as const;

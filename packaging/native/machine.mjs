/**
 * Whether the flags of open(2) have arm's numbers on a machine (src/system/linux-open.ts), by its name as `uname -m` or
 * `cc -dumpmachine` says it. Knows no other difference between machines. Throws for those that have other numbers again.
 */
export function hasArmOpen(machine) {
  if (/^(alpha|hppa|mips|parisc|sparc)/.test(machine))
    throw new Error(
      `expected a machine whose open flags are in src/system/linux-open.ts, found ${machine}; add them there`,
    );
  return /^(arm|aarch64|m68k|powerpc|ppc)/.test(machine);
}

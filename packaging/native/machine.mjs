/**
 * Whether the flags of open(2) have arm's numbers on a machine (src/system/linux-open.ts), by its name as `uname -m` or
 * `cc -dumpmachine` says it. Knows no other difference between machines.
 */
export function hasArmOpen(machine) {
  return /^(arm|aarch64|m68k|powerpc|ppc)/.test(machine);
}

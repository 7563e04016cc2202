/**
 * Returns whether the flags of open(2) have arm's values on a machine (src/system/quickjs/open-flags.ts). `machine` is a name as
 * printed by `uname -m` or `cc -dumpmachine`. Throws for machines with other values.
 */
export function hasArmOpen(machine) {
  if (/^(alpha|hppa|mips|parisc|sparc)/.test(machine))
    throw new Error(
      `expected a machine whose open flags are in src/system/quickjs/open-flags.ts, found ${machine}; add them there`,
    );
  return /^(arm|aarch64|m68k|powerpc|ppc)/.test(machine);
}

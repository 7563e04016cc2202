/** Device numbers in the format of sysfs (`247:3`) and of stat(2). */

/**
 * Returns `MAJOR:MINOR` of an `st_rdev`, which glibc and musl encode in 64 bits (gnu_dev_major in sys/sysmacros.h).
 * Uses division, since JavaScript's bitwise operators are limited to 32 bits.
 */
export function devnumOf(rdev: number): string {
  const low32 = rdev % 0x1_0000_0000;
  const high32 = Math.floor(rdev / 0x1_0000_0000);
  const major = (Math.floor(low32 / 0x100) % 0x1000) + Math.floor(high32 / 0x1000) * 0x1000;
  const minor = (low32 % 0x100) + Math.floor(low32 / 0x10_0000) * 0x100 + (high32 % 0x1000) * 0x10_0000;
  return `${major}:${minor}`;
}

/**
 * Parses a sysfs `dev` attribute and returns `MAJOR:MINOR`, two numbers of 32 bits; `undefined` if the text is not a device number.
 */
export function parseDevnum(text: string): string | undefined {
  const devnum = text.endsWith('\n') ? text.slice(0, -1) : text;
  const colon = devnum.indexOf(':');
  const isDevnum = colon > 0 && isNumber(devnum.slice(0, colon)) && isNumber(devnum.slice(colon + 1));
  return isDevnum ? devnum : undefined;
}

/** Whether the text is a number as the kernel prints it. QuickJS converts it faster than it looks at each digit. */
function isNumber(text: string): boolean {
  return `${Number(text) >>> 0}` === text;
}

/** Errno numbers as their names. Pure; knows nothing of what a call means by them. */
import { constants } from 'node:os';

// Node's table leaves these out; both numbers are the same on x86-64 and arm64 (asm-generic/errno.h).
const names = new Map<number, string>([
  [77, 'EBADFD'],
  [85, 'ERESTART'],
]);
for (const [name, number] of Object.entries(constants.errno)) if (!names.has(number)) names.set(number, name);
// Two names, one number: the one that the manual pages use.
names.set(constants.errno.EAGAIN, 'EAGAIN');
names.set(constants.errno.EOPNOTSUPP, 'EOPNOTSUPP');

/** `EINVAL` for 22; a number without a name gives `E` and the number. */
export function errnoName(number: number): string {
  return names.get(number) ?? `E${number}`;
}

/** Names of errno numbers. */
import { constants } from 'node:os';

// Missing in Node's table; both numbers are the same on x86-64 and arm64 (asm-generic/errno.h).
const names = new Map<number, string>([
  [77, 'EBADFD'],
  [85, 'ERESTART'],
]);
for (const [name, number] of Object.entries(constants.errno)) if (!names.has(number)) names.set(number, name);
// Where two names share one number, use the name in the manual pages.
names.set(constants.errno.EAGAIN, 'EAGAIN');
names.set(constants.errno.EOPNOTSUPP, 'EOPNOTSUPP');

/** Returns `EINVAL` for 22; for a number without a name, `E` and the number. */
export function errnoName(number: number): string {
  return names.get(number) ?? `E${number}`;
}

/** Converts facts, which are text, to the numbers and booleans of --json and the library. */
import type { Facts, TypedFacts } from './types.ts';

/** Facts that are numbers. */
const numericFacts = ['group', 'numaNode', 'function', 'vf', 'vgpuType'] as const;
type NumericFact = (typeof numericFacts)[number];

type WithNumbers<T> = {
  [Key in keyof T]: Key extends NumericFact ? number | Exclude<T[Key], string> : T[Key];
};

/** The object with its numeric facts as numbers, in the same order; a fact that is not a safe integer is omitted. */
export function withNumbers<T extends object>(values: T): WithNumbers<T> {
  const entries = Object.entries(values).flatMap(([key, value]): [string, unknown][] => {
    if (typeof value !== 'string' || !numericFacts.some((fact) => fact === key)) return [[key, value]];
    return /^\d+$/.test(value) && Number.isSafeInteger(Number(value)) ? [[key, Number(value)]] : [];
  });
  return Object.fromEntries(entries) as WithNumbers<T>;
}

export function typedFacts({ cdev, noCdevReason, ...facts }: Facts): TypedFacts {
  const { bus, name, node, devnum, syspath, ...rest } = facts;
  return withNumbers({
    bus,
    name,
    ...(node !== undefined && { node }),
    ...(devnum !== undefined && { devnum }),
    syspath,
    cdev: { available: cdev === 'yes', ...(noCdevReason !== undefined && { reason: noCdevReason }) },
    ...rest,
  });
}

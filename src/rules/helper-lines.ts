/** The lines that import facts and names from vfio_id, or from its cached output in udev's database. */
import type { FactName } from '../devices/device.ts';
import { cachedFacts } from './remembered.ts';
import { udevFacts } from './udev-facts.ts';
import { helperState } from './udev-match.ts';
import { importLine } from './via.ts';

/**
 * Returns lines with one call of vfio_id, for the devices in `wants`. It prints all facts that `lines` use and all names
 * that the options in `requests` request.
 */
export function helperLines(
  wants: readonly string[],
  lines: readonly string[],
  requests: readonly string[],
): string[] {
  if (wants.length === 0) return [];
  const facts = factsOf(lines);
  const cached = requests.length === 0 ? cachedFacts(facts) : undefined;
  return [...wants, ...(cached?.lines ?? []), importLine(helperState, cached?.facts ?? facts, requests)];
}

/** Returns the facts whose properties the lines use. */
function factsOf(lines: readonly string[]): FactName[] {
  return (Object.keys(udevFacts) as FactName[]).filter((name) => {
    const fact = udevFacts[name];
    return 'property' in fact && lines.some((line) => line.includes(`{${fact.property}}`));
  });
}

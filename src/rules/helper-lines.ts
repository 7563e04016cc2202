/** The lines that get facts and names from vfio_id, or from what it said before. Pure; knows nothing of policies. */
import type { FactName } from '../devices/device.ts';
import { remember } from './remembered.ts';
import { udevFacts } from './udev-facts.ts';
import { imported } from './udev-match.ts';
import { importLine } from './via.ts';

/** One call for all facts that `lines` read and all names that they ask for by `asked`, of the devices in `wants`. */
export function helperLines(
  wants: readonly string[],
  lines: readonly string[],
  asked: readonly string[],
): string[] {
  if (wants.length === 0) return [];
  const facts = factsOf(lines);
  const remembered = asked.length === 0 ? remember(facts) : undefined;
  return [...wants, ...(remembered?.lines ?? []), importLine(imported, remembered?.facts ?? facts, asked)];
}

/** The facts whose properties the lines read. */
function factsOf(lines: readonly string[]): FactName[] {
  return (Object.keys(udevFacts) as FactName[]).filter((name) => {
    const fact = udevFacts[name];
    return 'property' in fact && lines.some((line) => line.includes(`{${fact.property}}`));
  });
}

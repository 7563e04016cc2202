/**
 * One pass: over the places that hints name where that is enough, over everything where it is not. Knows no events and no
 * output; says what was done, and how it was before, for whoever tells of it.
 */
import type { Machine } from '../links/observe.ts';
import { sync } from '../links/sync.ts';
import { syncPlaces } from './incremental.ts';
import type { Hints } from './loop.ts';
import { namedAs, type Picture, pictureOf, trueTarget } from './picture.ts';
import type { Before, Pass } from './report.ts';

export interface Look {
  readonly pass: Pass;
  readonly before: Omit<Before, 'told'>;
  readonly picture: Picture;
  /** The nodes that are missing, of those devices that were looked at; relative to /dev/vfio. */
  readonly missing: readonly string[];
}

/** `picture` is what the last pass left; without one, and without places, everything is looked at. */
export function look(
  machine: Machine,
  token: string,
  picture: Picture | undefined,
  places: Hints['places'],
): Look {
  const part = picture && places ? syncPlaces(machine, token, picture, places) : undefined;
  const { known, before: changed } = part ?? { known: new Set(), before: new Map<string, undefined>() };
  const fresh = new Set(part?.devices.flatMap(({ name }) => (known.has(name) ? [] : [name])));
  const link: Before['link'] = (path) =>
    changed.has(path) ? changed.get(path) : picture && trueTarget(picture, path);
  if (picture && part?.done)
    return {
      // A trouble that lasts is one of the whole, told of until it is over.
      picture: part.access.some(({ result }) => result === 'failed') ? { ...picture, fit: false } : picture,
      missing: placesOf(
        part.devices.flatMap(({ sysname }) => (picture.missing.has(sysname) ? [sysname] : [])),
      ),
      pass: { ...part, ...passOf(picture), problems: [], settled: true },
      before: { link, device: (name) => !fresh.has(name) },
    };
  const whole = sync(machine, token);
  const { scan, desired } = whole.last;
  const next = pictureOf(whole);
  let names: Set<unknown> | undefined;
  return {
    picture: next,
    missing: placesOf(next.missing),
    pass: {
      ...passOf(next),
      outcomes: [...(part?.outcomes ?? []), ...whole.outcomes],
      access: whole.access,
      problems: scan.problems,
      conflicts: desired.conflicts,
      settled: whole.settled,
    },
    before: {
      link,
      device: (name) => {
        names ??= new Set([...known, ...namesIn(picture)]);
        return names.has(name) && !fresh.has(name);
      },
    },
  };
}

function placesOf(sysnames: Iterable<string>): string[] {
  return [...sysnames].map((sysname) => `devices/${sysname}`);
}

function namesIn(picture: Picture | undefined): string[] {
  if (!picture) return [];
  return [...picture.seen.keys()].flatMap((sysname) => namedAs(picture, sysname) ?? []);
}

function passOf({
  seen,
  missing,
  wanted,
  untrue,
  conflicts,
}: Picture): Pick<Pass, 'devices' | 'missing' | 'links' | 'conflicts'> {
  let links = wanted.size;
  for (const link of untrue) if (wanted.has(link)) links--;
  return { devices: seen.size, missing: missing.size, links, conflicts: conflicts.values() };
}

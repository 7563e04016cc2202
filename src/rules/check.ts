/** Checks whether the rules that udev reads match the policy. */
import { readHeader } from './header.ts';
import type { RulesFile } from './place.ts';

export interface RulesStatus {
  readonly ok: boolean;
  /** The file that udev reads; absent if there is no file. */
  readonly path?: string;
  /** `current`, or why the rules are not current. */
  readonly state: 'current' | 'missing' | 'masked' | 'foreign' | 'other-policy' | 'edited';
  readonly message: string;
}

const remedy = 'run vfio-names rules install';

/** Compares the rules file with `wanted`, the text compiled from the current policy. */
export function checkRules(found: RulesFile | undefined, wanted: string): RulesStatus {
  if (!found) return { ok: false, state: 'missing', message: `udev has no rules for VFIO names; ${remedy}` };
  const { path } = found;
  if (found.kind === 'masked')
    return {
      ok: false,
      path,
      state: 'masked',
      message: `${path} turns the rules off (it is empty or leads to /dev/null); remove it to have them`,
    };
  const header = found.kind === 'text' ? readHeader(found.text) : undefined;
  if (found.kind !== 'text' || !header)
    return {
      ok: false,
      path,
      state: 'foreign',
      message: `${path} is not made by vfio-names; move it away, then ${remedy}`,
    };
  if (found.text === wanted)
    return { ok: true, path, state: 'current', message: `${path} is what the policy gives` };
  const current = readHeader(wanted);
  const same = header.policy === current?.policy && header.scheme === current.scheme;
  return same
    ? {
        ok: false,
        path,
        state: 'edited',
        message: `${path} was edited, or made by another version of vfio-names; ${remedy}`,
      }
    : {
        ok: false,
        path,
        state: 'other-policy',
        message: `${path} is of policy ${shortHash(header.policy)}, expected ${shortHash(current?.policy)}; ${remedy}`,
      };
}

function shortHash(policy: string | undefined): string {
  return policy === undefined ? 'none' : policy.slice(0, 12);
}

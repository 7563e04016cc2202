/** One look at the machine: its devices, the links that they want, the links that there are, and the difference. */
import type { Device, Scan } from '../devices/device.ts';
import { scanDevices } from '../devices/scan.ts';
import { claimsOf, type MoreNames } from '../names/claims.ts';
import { type Claim, type Desired, desire } from '../names/desire.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';
import type { AccessRules } from './access.ts';
import type { Change } from './change.ts';
import { managedBy } from './managed.ts';
import { missingNodes } from './nodes.ts';
import { plan } from './plan.ts';
import { readTree } from './read.ts';
import type { Tree } from './tree.ts';

/** What the naming needs of the outside: `more` and `access` come from the policy. */
export interface Machine {
  readonly files: Files;
  readonly root: Root;
  readonly more?: MoreNames;
  /** Who may use which node; only what changes the machine reads it. */
  readonly access?: AccessRules;
}

export interface Observation {
  readonly scan: Scan;
  /** The `vfioN` of devices whose node is not there: a name is true or absent, so these get none. */
  readonly missing: ReadonlySet<string>;
  /** What each device wants, in the order of the devices; those of `missing` with the others. */
  readonly claims: readonly Claim[];
  readonly desired: Desired;
  readonly tree: Tree;
  readonly changes: readonly Change[];
}

/** Reads everything once, sysfs first, then the nodes; nothing is changed. */
export function observe({ files, root, more }: Machine): Observation {
  const scan = scanDevices(files, root);
  const missing = missingNodes(files, root, scan.devices);
  const claims = claimsOf(scan.devices, more);
  const desired = desire(withNodes(claims, missing));
  const tree = readTree(files, root, managedBy(claims.map(({ link }) => link)));
  const changes = plan(desired.wanted, tree, nodesOf(scan.devices, missing));
  return { scan, missing, claims, desired, tree, changes };
}

/** The claims that can be had. */
export function withNodes(claims: readonly Claim[], missing: ReadonlySet<string>): readonly Claim[] {
  return missing.size === 0 ? claims : claims.filter(({ device }) => !missing.has(device.sysname));
}

/** The `vfioN` of the devices that have their node, gathered at the first question: where all names are true, nobody asks. */
function nodesOf(devices: readonly Device[], missing: ReadonlySet<string>): Pick<ReadonlySet<string>, 'has'> {
  let names: Set<string> | undefined;
  return {
    has: (sysname) => {
      names ??= new Set(devices.map((device) => device.sysname));
      return names.has(sysname) && !missing.has(sysname);
    },
  };
}

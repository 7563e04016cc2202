/** Compares all links and nodes with sysfs and returns the findings, sorted. Changes nothing. */

import { readAccountNames } from '../devices/accounts.ts';
import { readFact } from '../devices/facts.ts';
import { sortPaths } from '../devices/order.ts';
import type { Device } from '../devices/types.ts';
import { parentDirectories } from '../names/claims.ts';
import { planAccess } from './access.ts';
import type { Finding } from './finding.ts';
import { namedGroups, verifyGroupAccess } from './group-access.ts';
import { type Machine, type Observation, observe } from './observe.ts';
import { targetNode } from './ownership.ts';
import { verifyAccess } from './verify-access.ts';
import { verifyGroupNodes } from './verify-group-nodes.ts';
import { verifyLinks } from './verify-links.ts';
import {
  verifyDirectories,
  verifyGroups,
  verifyNames,
  verifyNodes,
  verifyUnknownNodes,
} from './verify-nodes.ts';

export interface Verification {
  readonly findings: readonly Finding[];
  readonly observation: Observation;
}

/**
 * Verifies all devices, or only those of `only`. Scans a second time if there are findings and returns only those that
 * both scans have in common, so that devices that are added or removed meanwhile cause no false alarms.
 */
export function verify(machine: Machine, only?: readonly Device[]): Verification {
  const first = verifyOnce(machine, only);
  if (first.findings.length === 0) return first;
  const second = verifyOnce(machine, only);
  const before = new Set(first.findings.map(key));
  return {
    findings: sortPaths(
      second.findings.filter((finding) => before.has(key(finding))),
      ({ file }) => file,
      (a, b) => Number(a.code > b.code) - Number(a.code < b.code),
    ),
    observation: second.observation,
  };
}

function key(finding: Finding): string {
  return `${finding.code} ${finding.file} ${finding.message}`;
}

/** The findings of one scan, not sorted. */
function verifyOnce(machine: Machine, only?: readonly Device[]): Verification {
  const { files, root } = machine;
  const observation = observe(machine);
  const devices = observation.scan.devices;
  const named = namedGroups(observation);
  const nodes = verifyNodes(files, root, devices);
  const directories = new Set(['', 'devices', ...ownDirectories(observation)]);
  const findings: Finding[] = [
    ...observation.scan.problems.map(
      (problem): Finding => ({
        code: 'device-unreadable',
        file: problem.file,
        message: problem.message,
        remedy: 'run it again; if this stays, look at that directory',
        fixable: false,
      }),
    ),
    ...verifyLinks(observation),
    ...nodes.findings,
    ...verifyNames(observation),
    ...verifyDirectories(files, root, directories),
    ...verifyUnknownNodes(files, root, observation),
    ...verifyGroupNodes(files, root, new Set(named.map(({ node }) => node))),
    ...verifyAccess(planAccess(machine, devices, named), !machine.isForeignTree, () =>
      readAccountNames(files, root),
    ),
    ...verifyGroupAccess(named, machine.access),
    ...verifyGroups(devices, nodes.owners, (device) => readFact(files, root, device, 'group')),
  ];
  return {
    findings: only ? findings.filter((finding) => concerns(finding, only, observation)) : findings,
    observation,
  };
}

/** The directories with links of ours, and those above them. */
function ownDirectories({ tree, assignment }: Observation): Set<string> {
  const directories = new Set<string>();
  tree.entries.forEach(({ target }, link) => {
    // The parents of a directory that is known are known, too.
    if (directories.has(link.slice(0, link.lastIndexOf('/')))) return;
    if (assignment.winners.has(link) || (target !== undefined && targetNode(link, target) !== undefined))
      for (const parent of parentDirectories(link)) directories.add(parent);
  });
  return directories;
}

/** Whether a finding is about one of the devices: it has the name of the device, or its path is a link to the node. */
function concerns(finding: Finding, only: readonly Device[], seen: Observation): boolean {
  if (finding.name !== undefined)
    return only.some(({ bus, name }) => bus === finding.bus && name === finding.name);
  const entry = seen.tree.entries.get(finding.file.replace(/^\/dev\/vfio\//, ''));
  return only.some((device) => entry?.target?.endsWith(`/${device.sysname}`) ?? false);
}

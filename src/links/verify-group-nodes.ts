/** Findings about the nodes of groups: the node of every group in sysfs, and nodes that belong to no group. */
import { groupNodePath, listGroupNodes, parseGroupNode, tryGroupDevnum } from '../devices/groups.ts';
import { sortNatural } from '../devices/order.ts';
import { tryOrUndefined } from '../errors.ts';
import { linkRoot } from '../names/scheme.ts';
import type { FileStatus, Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { formatMode } from '../text/prose.ts';
import type { Finding, FindingCode } from './finding.ts';
import { checkNode } from './node-check.ts';
import { describeNodeCheck } from './resolve.ts';

/**
 * Compares the nodes of all groups with sysfs. A missing node is a finding only for a group of `named`: a container has the
 * nodes that it was given.
 */
export function verifyGroupNodes(files: Files, root: Root, named: ReadonlySet<string>): Finding[] {
  const known = new Set(tryOrUndefined(() => listGroupNodes(files, root)));
  const present = tryOrUndefined(() => files.readdir(pathBelow(root, linkRoot))) ?? [];
  const unknown = present.filter((node) => parseGroupNode(node) !== undefined && !known.has(node));
  return [
    ...sortNatural([...known]).flatMap((node) => verifyOne(files, root, node, named.has(node))),
    ...sortNatural(unknown).flatMap((node) => unknownNode(files, root, node)),
  ];
}

const codes: Readonly<Record<'missing' | 'unreadable' | 'not-char' | 'devnum-mismatch', FindingCode>> = {
  missing: 'node-missing',
  unreadable: 'node-unreadable',
  'not-char': 'node-not-char',
  'devnum-mismatch': 'node-mismatch',
};

function verifyOne(files: Files, root: Root, node: string, isNamed: boolean): Finding[] {
  const path = groupNodePath({ node });
  // A number that cannot be read is a problem of the scan.
  const devnum = tryGroupDevnum(files, root, node);
  if (devnum === undefined) return [];
  const check = checkNode(files, root, path, { devnum });
  if (check.verdict === 'ok') return unsafeNode(path, check.status);
  if (check.verdict === 'missing' && !isNamed) return [];
  return [
    {
      code: codes[check.verdict],
      file: path,
      message: describeNodeCheck(path, check, devnum),
      remedy:
        check.verdict === 'unreadable'
          ? 'run it as root'
          : check.verdict === 'missing'
            ? 'mount devtmpfs on /dev; in a container, pass the node in'
            : `remove ${path}, then bind the devices of the group again`,
      fixable: false,
    },
  ];
}

/** A user who may write the node controls all devices of the group. */
function unsafeNode(path: string, { mode }: FileStatus): Finding[] {
  if ((mode & 0o006) === 0) return [];
  return [
    {
      code: 'node-permissions',
      file: path,
      message: `expected a node that not everybody may open, found mode ${formatMode(mode)}`,
      remedy: `chmod o-rwx ${path}, and look for the rule that set it`,
      fixable: false,
    },
  ];
}

function unknownNode(files: Files, root: Root, node: string): Finding[] {
  const path = groupNodePath({ node });
  const status = tryOrUndefined(() => files.statNode(pathBelow(root, path)));
  if (!status) return [];
  const found = status.devnum === undefined ? `a ${status.kind}` : `the device ${status.devnum}`;
  return [
    {
      code: 'node-unknown',
      file: path,
      message: `expected the node of an IOMMU group, found ${found}, and no such group in /sys/class/vfio`,
      remedy: 'remove it: it belongs to no device that the kernel has',
      fixable: false,
    },
  ];
}

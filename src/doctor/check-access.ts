/** Checks whether the nodes that programs open exist, and whether this user may open them. */
import { containerNode } from '../links/shared-nodes.ts';
import { mayOpen } from '../probe/rights.ts';
import type { FileStatus } from '../system/files.ts';
import { printable } from '../text/printable.ts';
import { plural } from '../text/prose.ts';
import type { NodeState } from './access.ts';
import { type CheckResult, error, ok, warning } from './result.ts';
import type { Snapshot } from './snapshot.ts';

type PresentNode = NodeState & { readonly status: FileStatus; readonly owners: string };

/** Reports missing group nodes, a mount with nodev, and nodes that this user may not open; no line without devices. */
export function checkAccess({ access }: Snapshot): CheckResult[] {
  const { nodes, nodevMount, user } = access;
  if (nodes.length === 0) return [];
  if (nodevMount !== undefined)
    return [
      error(
        'access',
        `${printable(nodevMount)} is mounted with nodev, so nobody can open the nodes there`,
        'mount devtmpfs on /dev, or that file system without nodev',
      ),
    ];
  const lines = missingGroupNodes(nodes);
  const present = nodes.filter(isChar);
  const own = present.filter(({ kind }) => kind !== 'shared');
  if (!user || own.length === 0) return lines;
  const closed = present.filter(({ status }) => !mayOpen(user, status));
  if (closed.length > 0) return [...lines, closedNodes(own, closed, user.uid)];
  if (lines.length > 0) return lines;
  const closedContainer = present.find(
    ({ path, status }) => path === containerNode.path && (status.mode & 0o666) !== 0o666,
  );
  if (closedContainer)
    return [
      warning(
        'access',
        `${printable(formatNode(closedContainer))}: other users cannot use groups, whatever else they may open`,
        `chmod 0666 ${containerNode.path}, its mode in every kernel; it gives no access to a device`,
      ),
    ];
  const kind = own[0]?.kind === 'group' ? 'group' : 'device';
  return [ok('access', `this user may open the nodes of ${plural(own.length, kind)}`)];
}

function isChar(node: NodeState): node is PresentNode {
  return typeof node.status !== 'string' && node.status.kind === 'char';
}

/** A missing node of a device is a finding of verify, and /dev/iommu has a line of its own. */
function missingGroupNodes(nodes: readonly NodeState[]): CheckResult[] {
  if (!nodes.some(({ kind }) => kind === 'group')) return [];
  const missing = nodes.filter((node) => !isChar(node));
  if (missing.length === 0) return [];
  const texts = missing.map(({ path, status }) =>
    typeof status !== 'string'
      ? `${path} is a ${status.kind}`
      : status === 'ENOENT'
        ? `there is no ${path}`
        : `${path} cannot be checked (${status})`,
  );
  const remedy = missing.some(({ path }) => path === containerNode.path)
    ? containerNode.hint
    : 'mount devtmpfs on /dev; in a container, pass the node in';
  return [
    error(
      'access',
      printable(`${list(texts)}: these devices can be used only through their groups, which need it`),
      remedy,
    ),
  ];
}

function closedNodes(own: readonly PresentNode[], closed: readonly PresentNode[], uid: number): CheckResult {
  const closedOwn = closed.filter(({ kind }) => kind !== 'shared');
  const shared = closed.filter(({ kind }) => kind === 'shared').map(formatNode);
  const kind = own[0]?.kind === 'group' ? 'groups' : 'devices';
  const open = own.length - closedOwn.length;
  const count =
    open === 0 ? `none of the nodes of ${kind}` : `only ${open} of the ${own.length} nodes of ${kind}`;
  const example = closedOwn[0] ? `, such as ${formatNode(closedOwn[0])}` : '';
  const message =
    closedOwn.length === 0
      ? `you may not open ${shared.join(' and ')}, without which no device can be used`
      : `you may open ${count}${example}${shared.length > 0 ? `, nor ${shared.join(' and ')}` : ''}`;
  return warning(
    'access',
    printable(`${message}; you are ${uid === 0 ? 'root without CAP_DAC_OVERRIDE' : `uid ${uid}`}`),
    'run it as root, or give the nodes to your group with an [[access]] rule in the policy',
  );
}

/** `/dev/iommu (root:root 0600)`. */
function formatNode({ path, owners }: PresentNode): string {
  return `${path} (${owners})`;
}

function list(texts: readonly string[]): string {
  const rest = texts.length - 3;
  return texts.slice(0, 3).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

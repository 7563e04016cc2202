/**
 * vfio_id, the program that udev, mdev and mdevd run: prints facts for IMPORT{program}, or creates and removes links.
 * Portable: runs on Node and on QuickJS.
 */

import { factReaders } from '../devices/facts.ts';
import { scanDevice } from '../devices/scan.ts';
import type { Device, FactName } from '../devices/types.ts';
import { errnoOf, withHint } from '../errors.ts';
import { groupAccess } from '../links/group-access.ts';
import { linkRoot } from '../names/scheme.ts';
import type { Files } from '../system/files.ts';
import { filesBelow } from '../system/files-below.ts';
import { type Root, rootFrom } from '../system/root-path.ts';
import { wellFormedFiles } from '../system/well-formed-files.ts';
import { printable } from '../text/printable.ts';
import { parseArgs, type Request, usage, type VfioIdArgs } from './args.ts';
import type { LinkFailure } from './claim-link.ts';
import { announceChange, exclusiveClaimants, rivalsOf } from './exclusive.ts';
import { deviceOfDevpath, exportLines, propertyOf } from './export.ts';
import { announceGroup, linksOfGroup, outdatedGroup } from './group.ts';
import { accessProperties, groupProperties } from './group-lines.ts';
import { syncGroupLinks } from './group-links.ts';
import { linkProperty } from './link-spec.ts';
import { addLinks, removeLinks } from './links.ts';
import { accessRulesOf, linkFromSpec, readPlainFact } from './wanted.ts';

export interface Machine {
  readonly files: Files;
  readonly root: Root;
  readonly version: string;
  /** Makes the temporary names unique to this run. */
  readonly token: string;
}

export interface Result {
  readonly status: 0 | 1 | 2;
  readonly out: string;
  /** One line without its newline; empty on success. */
  readonly err: string;
}

/** The facts that are printed without --facts: those that udev cannot read and that take only a few reads. */
const defaultFacts: readonly FactName[] = [
  'bus',
  'name',
  'group',
  'groupNode',
  'function',
  'pf',
  'vf',
  'path',
  'slot',
  'serial',
  'mdevType',
  'mdevParent',
];

/** Runs vfio_id once; never throws, so that udev continues without the link if anything fails. */
export function vfioId(invocation: VfioIdArgs, machine: Machine): Result {
  try {
    const { argv, root } = takeRoot(invocation.argv, machine.root);
    return run(parseArgs({ argv, env: invocation.env }), {
      ...machine,
      files: wellFormedFiles(root === '' ? machine.files : filesBelow(machine.files, root)),
      root,
    });
  } catch (error) {
    const message = error instanceof Error ? withHint(error) : String(error);
    return failure(errnoOf(error) ?? message);
  }
}

/** Removes `--root=DIR`, which selects another tree (an image, a test), from the arguments. */
function takeRoot(argv: readonly string[], root: Root): { argv: readonly string[]; root: Root } {
  const option = argv.find((arg) => arg.startsWith('--root='));
  if (option === undefined) return { argv, root };
  return { argv: argv.filter((arg) => arg !== option), root: rootFrom(option.slice('--root='.length)) };
}

function run(request: Request, machine: Machine): Result {
  switch (request.kind) {
    case 'help':
      return { status: 0, out: usage, err: '' };
    case 'version':
      return { status: 0, out: `vfio_id ${machine.version}\n`, err: '' };
    case 'error':
      return { ...failure(request.message), status: 2 };
    case 'export':
      return exportFacts(request, machine);
    case 'link':
      return link(request, machine);
    case 'group':
      return group(request, machine);
  }
}

function exportFacts(
  { devpath, facts, links, isNew }: Extract<Request, { kind: 'export' }>,
  { files, root }: Machine,
): Result {
  const device: Device = deviceOfDevpath(files, root, devpath);
  const requested = new Set(
    (facts ?? defaultFacts).filter((fact): fact is FactName => Object.hasOwn(factReaders, fact)),
  );
  const properties = [...requested].map(
    (fact) => [propertyOf(fact), readPlainFact(files, root, device, fact) ?? ''] as const,
  );
  const claimants = exclusiveClaimants(files, root, links);
  const outdated = new Map<string, Device>();
  const names = links.map(({ number, text }) => {
    const link = linkFromSpec(files, root, device, text) ?? '';
    const rivals = rivalsOf(claimants, device, link);
    for (const rival of rivals) outdated.set(rival.sysname, rival);
    return [linkProperty(Number(number)), rivals.length > 0 ? '' : link] as const;
  });
  // Each of them may have the name from the time when it was the only one. Their events are changes, so this ends.
  if (isNew) for (const rival of outdated.values()) announceChange(files, root, rival);
  return { status: 0, out: exportLines([...properties, ...names]), err: '' };
}

function link(
  { action, sysname, links }: Extract<Request, { kind: 'link' }>,
  { files, root, token }: Machine,
): Result {
  if (action === 'remove') return report(removeLinks(files, root, sysname, links, token));
  const device = scanDevice(files, root, sysname);
  if (!device)
    return failure(`expected ${sysname} in /sys/class/vfio-dev, found nothing; the device went away`);
  return report(addLinks(files, root, device, links, token));
}

function group(
  { action, subject, auto, always, links, access, part, isNew }: Extract<Request, { kind: 'group' }>,
  { files, root, token }: Machine,
): Result {
  const options = { auto, links };
  if (action === 'link') return report(syncGroupLinks(files, root, options, token));
  if (action === 'announce') {
    const node = outdatedGroup(files, root, subject, { auto, always });
    if (node !== undefined) announceGroup(files, root, node);
    return { status: 0, out: '', err: '' };
  }
  const { group: found, claims, outdated } = linksOfGroup(files, root, subject, options);
  if (isNew) for (const { node } of outdated) announceGroup(files, root, node);
  const { properties, omitted } = groupProperties(claims, part);
  const rules = accessRulesOf(files, root, access);
  const given = found && rules && claims.length > 0 ? accessProperties(groupAccess(found, rules)) : [];
  const rest = `${omitted} names of group ${subject} do not fit into one event of udev; vfio-names sync makes them`;
  return {
    status: 0,
    out: exportLines([...given, ...properties]),
    err: omitted === 0 ? '' : `vfio_id: ${rest}`,
  };
}

function report([first, ...others]: readonly LinkFailure[]): Result {
  if (!first) return { status: 0, out: '', err: '' };
  const suffix = others.length > 0 ? ` (and ${others.length} more)` : '';
  return failure(`could not keep ${linkRoot}/${first.link}: ${first.reason}${suffix}`);
}

function failure(message: string): Result {
  // Node and QuickJS decode invalid UTF-8 differently.
  const line = printable(message.replace(/[\ud800-\udfff\ufffd]+/g, '?'));
  return { status: 1, out: '', err: `vfio_id: ${line}` };
}

/**
 * vfio_id, the program that udev, mdev and mdevd call: facts for IMPORT{program}, or the links themselves.
 * Portable: runs on Node and, compiled by QuickJS, without it. Knows nothing of either.
 */
import type { Device, FactName } from '../devices/device.ts';
import { factReaders } from '../devices/facts.ts';
import { scanOne } from '../devices/scan.ts';
import { errnoOf } from '../errors.ts';
import { linkRoot } from '../names/scheme.ts';
import { requestProperty } from '../rules/request.ts';
import type { Files } from '../system/files.ts';
import { type Root, rootFrom } from '../system/root.ts';
import { printable } from '../text/printable.ts';
import { addLinks } from './add-links.ts';
import type { Failure } from './claim-link.ts';
import { deviceAt } from './device-at.ts';
import { exportLines, propertyOf } from './export-facts.ts';
import { nameOfRequest, plainFact } from './links-for.ts';
import { plainFiles } from './plain-files.ts';
import { removeLinks } from './remove-links.ts';
import { type Request, readWords, usage, type Words } from './request.ts';

export interface Machine {
  readonly files: Files;
  readonly root: Root;
  readonly version: string;
  /** Unique to this run, for temporary names. */
  readonly token: string;
}

export interface Answer {
  readonly status: 0 | 1 | 2;
  readonly out: string;
  /** One line without its newline; empty where all is well. */
  readonly err: string;
}

/** What is printed unless --facts says otherwise: all that udev can't know and that costs no more than a few reads. */
const usualFacts: readonly FactName[] = [
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

/** Answers one call; never throws, so that udev goes on without the name whatever happens. */
export function vfioId(words: Words, machine: Machine): Answer {
  try {
    const { argv, root } = takeRoot(words.argv, machine.root);
    return answer(readWords({ argv, env: words.env }), {
      ...machine,
      files: plainFiles(machine.files),
      root,
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return fault(errnoOf(error) ?? message);
  }
}

/** `--root=DIR` works on another tree: an image, a test. */
function takeRoot(argv: readonly string[], root: Root): { argv: readonly string[]; root: Root } {
  const option = argv.find((word) => word.startsWith('--root='));
  if (option === undefined) return { argv, root };
  return { argv: argv.filter((word) => word !== option), root: rootFrom(option.slice('--root='.length)) };
}

function answer(request: Request, machine: Machine): Answer {
  switch (request.kind) {
    case 'help':
      return { status: 0, out: usage, err: '' };
    case 'version':
      return { status: 0, out: `vfio_id ${machine.version}\n`, err: '' };
    case 'wrong':
      return { ...fault(request.message), status: 2 };
    case 'export':
      return exportFacts(request, machine);
    case 'link':
      return link(request, machine);
  }
}

function exportFacts(
  { devpath, facts, links }: Extract<Request, { kind: 'export' }>,
  { files, root }: Machine,
): Answer {
  const device: Device = deviceAt(files, root, devpath);
  const asked = new Set(
    (facts ?? usualFacts).filter((fact): fact is FactName => Object.hasOwn(factReaders, fact)),
  );
  const properties = [...asked].map(
    (fact) => [propertyOf(fact), plainFact(files, root, device, fact) ?? ''] as const,
  );
  const names = links.map(
    ({ number, text }) =>
      [requestProperty(Number(number)), nameOfRequest(files, root, device, text) ?? ''] as const,
  );
  return { status: 0, out: exportLines([...properties, ...names]), err: '' };
}

function link(
  { action, sysname, links }: Extract<Request, { kind: 'link' }>,
  { files, root, token }: Machine,
): Answer {
  if (action === 'remove') return report(removeLinks(files, root, sysname, links, token));
  const device = scanOne(files, root, sysname);
  if (!device)
    return fault(`expected ${sysname} in /sys/class/vfio-dev, found nothing; the device went away`);
  return report(addLinks(files, root, device, links, token));
}

function report([first, ...others]: readonly Failure[]): Answer {
  if (!first) return { status: 0, out: '', err: '' };
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return fault(`could not keep ${linkRoot}/${first.link}: ${first.why}${more}`);
}

function fault(message: string): Answer {
  // Bytes that are no UTF-8 are read differently by each engine.
  const line = printable(message.replace(/[\ud800-\udfff\ufffd]+/g, '?'));
  return { status: 1, out: '', err: `vfio_id: ${line}` };
}

/** Probes a device: sends a request to the second process, and explains the answer. */

import { readFact } from '../devices/facts.ts';
import type { Device } from '../devices/types.ts';
import { type ExitStatus, exitStatus, VfioNamesError } from '../errors.ts';
import { containerNode, iommuNode, readDevnum } from '../links/shared-nodes.ts';
import type { Files } from '../system/files.ts';
import type { Reply, Worker } from '../system/programs.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import type { Details } from './device-info.ts';
import { findDeviceHolders, gatherEvidence, type NodeKind, nodePaths } from './evidence.ts';
import { explain, explainInUse, explainTimeout } from './explain.ts';
import { type Explanation, notUsable } from './explanation.ts';
import type { NodeRequest, ProbeAnswer, ProbeDepth, ProbeFailure, ProbeRequest } from './protocol.ts';

export interface ProbeOptions {
  readonly depth: ProbeDepth;
  readonly attach: boolean;
  readonly token?: string;
  /** For each step, in seconds. */
  readonly timeout: number;
}

interface ProbeContext {
  readonly files: Files;
  readonly root: Root;
  readonly peer: Worker;
}

/** Result of the probe of one device. */
export interface ProbeResult {
  /** Absent if no device has the requested name. */
  readonly device?: Device;
  /** The name as the user gave it. */
  readonly requested: string;
  readonly node?: string;
  readonly group?: string;
  readonly depth: ProbeDepth;
  readonly openable: boolean;
  readonly status: ExitStatus;
  /** The step that failed: a call, `holders`, or `find`. */
  readonly step?: string;
  readonly errno?: string;
  readonly cause?: string;
  readonly remedy?: string;
  readonly details?: Details;
}

/** Result for a device that could not be found. */
export function notFoundResult(requested: string, depth: ProbeDepth, error: VfioNamesError): ProbeResult {
  return {
    requested,
    depth,
    openable: false,
    status: error.status,
    step: 'find',
    cause: error.message,
    ...(error.hint !== undefined && { remedy: error.hint }),
  };
}

/**
 * Probes a device. If the probe would claim and reset it, checks first that no process has it open. Throws
 * VfioNamesError if the second process cannot make the calls at all (status 5).
 */
export async function probeDevice(
  machine: ProbeContext,
  device: Device,
  requested: string,
  options: ProbeOptions,
): Promise<ProbeResult> {
  const { files, root } = machine;
  const paths = nodePaths(files, root, device);
  const group = readFact(files, root, device, 'group');
  const known = {
    device,
    requested,
    depth: options.depth,
    ...(device.devnum !== undefined && { node: paths.node }),
    ...(group !== undefined && { group }),
  };
  const failed = (failure: ProbeFailure, explanation: Explanation): ProbeResult => ({
    ...known,
    openable: false,
    step: failure.step,
    ...(failure.errno !== undefined && { errno: failure.errno }),
    ...explanation,
  });
  if (options.depth !== 'open') {
    const { holders } = findDeviceHolders(files, root, device);
    if (holders.length > 0) return failed({ step: 'holders' }, explainInUse({ holders }));
  }
  const reply = await machine.peer.request(requestFor(machine, device, paths, options));
  if (reply.kind === 'timeout')
    return failed({ step: reply.step }, explainTimeout(reply.step, options.timeout));
  const answer = readReply(reply);
  if ('refused' in answer) {
    const { refused, message, hint } = answer;
    throw new VfioNamesError(refused, exitStatus.unsupported, message, { hint });
  }
  if ('failed' in answer) return failed({ step: 'second process' }, lostWorker(answer.failed));
  if (answer.openable)
    return {
      ...known,
      openable: true,
      status: exitStatus.ok,
      ...(answer.details && { details: answer.details }),
    };
  const evidence = gatherEvidence(files, root, device, paths, options.token !== undefined);
  return failed(answer, explain(answer, evidence));
}

type PeerAnswer =
  | ProbeAnswer
  | { readonly failed: string }
  | { readonly refused: string; readonly message: string; readonly hint?: string };

function readReply(reply: Exclude<Reply, { kind: 'timeout' }>): PeerAnswer {
  if (reply.kind === 'failed') return { failed: reply.message };
  const { value } = reply;
  const isAnswer = typeof value === 'object' && value !== null && ('openable' in value || 'refused' in value);
  return isAnswer ? (value as PeerAnswer) : { failed: 'it gave an answer of another kind' };
}

function lostWorker(message: string): Explanation {
  return notUsable(
    `the process that made the calls was lost: ${message}`,
    'try again; if it fails again, report it',
  );
}

function requestFor(
  { files, root }: ProbeContext,
  device: Device,
  paths: Readonly<Record<NodeKind, string>>,
  { depth, attach, token }: ProbeOptions,
): ProbeRequest {
  return {
    depth,
    name: device.name,
    ...(device.devnum !== undefined && {
      node: pathBelow(root, paths.node),
      devnum: device.devnum,
      devAttribute: pathBelow(root, `${device.syspath}/vfio-dev/${device.sysname}/dev`),
    }),
    iommu: nodeRequest(root, paths.iommu, readDevnum(files, root, iommuNode)),
    ...(paths.group !== '' && {
      group: nodeRequest(
        root,
        paths.group,
        readDevnum(files, root, { attribute: groupAttribute(paths.group) }),
      ),
    }),
    container: nodeRequest(
      root,
      paths.container,
      readDevnum(files, root, containerNode) ?? containerNode.fixedDevnum,
    ),
    attach,
    ...(token !== undefined && { token }),
  };
}

function nodeRequest(root: Root, path: string, devnum: string | undefined): NodeRequest {
  return { path: pathBelow(root, path), ...(devnum !== undefined && { devnum }) };
}

/** The number of a group node, `/dev/vfio/14` (drivers/vfio/group.c: a device of class vfio with the same name). */
function groupAttribute(path: string): string {
  return `/sys/class/vfio/${path.slice('/dev/vfio/'.length)}/dev`;
}

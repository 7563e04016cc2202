/** Runs a probe in the second process, which may block. */
import { CallError, type Calls } from '../system/calls.ts';
import { probeGroup } from './probe-group.ts';
import { bindNode, probeNode } from './probe-node.ts';
import type { Answer, Depth, ProbeRequest } from './request.ts';

const probes: Readonly<Record<Depth, (calls: Calls, request: ProbeRequest) => Answer>> = {
  open: probeNode,
  bind: bindNode,
  group: probeGroup,
};

/** Runs the probe of the requested depth. Returns a failed call as an answer; throws all other errors. */
export function runProbe(calls: Calls, request: ProbeRequest): Answer {
  try {
    return probes[request.depth](calls, request);
  } catch (error) {
    if (error instanceof CallError) return { openable: false, step: error.call, errno: error.code };
    throw error;
  }
}

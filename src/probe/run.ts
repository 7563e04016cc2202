/** One probe from request to answer, in the process that may block: a failed call is an answer, not an error. */
import { CallError, type Calls } from '../system/calls.ts';
import { probeGroup } from './probe-group.ts';
import { bindNode, probeNode } from './probe-node.ts';
import type { Answer, Depth, ProbeRequest } from './request.ts';

const acts: Readonly<Record<Depth, (calls: Calls, request: ProbeRequest) => Answer>> = {
  open: probeNode,
  bind: bindNode,
  group: probeGroup,
};

export function runProbe(calls: Calls, request: ProbeRequest): Answer {
  try {
    return acts[request.depth](calls, request);
  } catch (error) {
    if (error instanceof CallError) return { openable: false, step: error.call, errno: error.code };
    throw error;
  }
}

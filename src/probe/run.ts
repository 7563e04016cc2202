/** Runs a probe in the second process, which may block. */
import { CallError, type DeviceCalls } from '../system/calls.ts';
import { probeGroup } from './probe-group.ts';
import { probeBind, probeOpen } from './probe-node.ts';
import type { ProbeAnswer, ProbeDepth, ProbeRequest } from './request.ts';

const probes: Readonly<Record<ProbeDepth, (calls: DeviceCalls, request: ProbeRequest) => ProbeAnswer>> = {
  open: probeOpen,
  bind: probeBind,
  group: probeGroup,
};

/** Runs the probe of the requested depth. Returns a failed call as an answer; throws all other errors. */
export function runProbe(calls: DeviceCalls, request: ProbeRequest): ProbeAnswer {
  try {
    return probes[request.depth](calls, request);
  } catch (error) {
    if (error instanceof CallError) return { openable: false, step: error.call, errno: error.code };
    throw error;
  }
}

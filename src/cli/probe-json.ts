/** Formats probes as JSON; src/cli/schemas/probe.json is the schema. */
import type { ProbeResult } from '../probe/probe.ts';
import { jsonDocument } from './json.ts';
import { detailsJson } from './json-words.ts';

/** One document with all probes, in the order of the operands. */
export function probeDocument(probes: readonly ProbeResult[]): string {
  return jsonDocument({ probes: probes.map(probeJson) });
}

function probeJson({ device, details, ...probe }: ProbeResult): Record<string, unknown> {
  const { requested, node, group, depth, openable, status, step, errno, cause, remedy } = probe;
  return {
    asked: requested,
    bus: device?.bus,
    name: device?.name,
    syspath: device?.syspath,
    devnum: device?.devnum,
    // As in the fact `node`: `vfio3`, not its path.
    node: node === undefined ? undefined : device?.sysname,
    group,
    depth,
    openable,
    status,
    step,
    errno,
    cause,
    remedy,
    ...(details && detailsJson(details)),
  };
}

/** The JSON document that a command prints with --json. */

import type { Sibling } from '../devices/iommu-group.ts';
import type { Problem } from '../devices/types.ts';
import type { CheckResult } from '../doctor/result.ts';
import { withHint } from '../errors.ts';
import type { Entry } from '../graph/model.ts';
import type { Holder, Incomplete } from '../holders/types.ts';
import type { AccessOutcome } from '../links/access.ts';
import type { Finding } from '../links/finding.ts';
import type { Change, Outcome } from '../links/plan.ts';
import { linkRoot } from '../names/scheme.ts';
import type { Diagnostic } from '../policy/diagnostics.ts';
import type { Policy } from '../policy/policy.ts';
import type { Details } from '../probe/device-info.ts';
import type { WatchEvent } from '../watch/events.ts';

/** The document with `version` as its first key, indented by two spaces, with a final newline; `undefined` values are omitted. */
export function jsonDocument(content: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ version: 1, ...content }, undefined, 2)}\n`;
}

type Json = Readonly<Record<string, unknown>>;

export function changeJson(change: Change): Json {
  const path = `${linkRoot}/${change.link}`;
  if (change.action === 'remove-directory') return { action: change.action, directory: path };
  const { action, link: _link, ...rest } = change;
  // `isLink` is not published: `found` says it.
  return { action, link: path, ...('device' in rest ? withName(rest) : rest), isLink: undefined };
}

export function outcomeJson({ change, ...rest }: Outcome): Json {
  return { change: changeJson(change), ...rest };
}

export function accessJson({ path, ...rest }: AccessOutcome): Json {
  return { file: path, ...withName(rest) };
}

export function problemJson({ path, message }: Problem): Json {
  return { file: path, message };
}

export function diagnosticJson({ source, key, ...problem }: Diagnostic): Json {
  return { source, key, message: withHint(problem) };
}

export function findingJson({ code, path, ...rest }: Finding): Json {
  return { code, file: path, ...withName(rest) };
}

/** Renames `device` of a change, a finding or an event, which is the device's name, to `name`: the fact `device` is a PCI id. */
function withName({ device, ...rest }: { readonly device?: string }): Json {
  return device === undefined ? rest : { name: device, ...rest };
}

/** A holder as JSON, without its target. */
export function holderJson(holder: Holder & { readonly target?: unknown }): Json {
  const { target: _target, path, ...rest } = holder;
  return { ...rest, opened: path };
}

export function unseenJson({ reason, ...rest }: Incomplete): Json {
  return { obstacle: reason, ...rest };
}

export function siblingJson({ use, ...rest }: Sibling): Json {
  return { ...rest, sharing: use === 'host' ? 'blocking' : use };
}

/** A graph entry as JSON, with complete holders; the entry itself has only their names. */
export function entryJson({ state, holders: _names, ...rest }: Entry, holders: readonly Holder[]): Json {
  return { ...rest, usage: state, ...(holders.length > 0 && { holders: holders.map(holderJson) }) };
}

export function checkJson({ check, severity, ...rest }: CheckResult): Json {
  return { check, severity, ...rest };
}

/** The regions, irqs and other details of a bound device as JSON. */
export function detailsJson({ regions, irqs, ...rest }: Details): Json {
  return {
    ...rest,
    regions: regions.map(({ index, name, capabilities, ...region }) => ({
      ...{ index, region: name, ...region },
      capabilities: capabilities.map(({ id, version, name: capability, ...fields }) => ({
        ...{ capabilityId: id, capabilityVersion: version, capability, ...fields },
      })),
    })),
    irqs: irqs.map(({ index, name, ...irq }) => ({ index, irq: name, ...irq })),
  };
}

export function eventJson({ link, path, ...rest }: WatchEvent): Json {
  return {
    ...withName(rest),
    ...(link !== undefined && { link: `${linkRoot}/${link}` }),
    ...(path !== undefined && { file: path }),
  };
}

/** The parsed rules of a policy as JSON; keys that set a fact have the name of that fact. */
export function policyJson({ scheme, links, access, iommu, hash }: Policy): Json {
  const grantJson = ({ group, ...rest }: { readonly group?: string }): Json =>
    group === undefined ? rest : { ...rest, fileGroup: group };
  return {
    scheme,
    linkRules: links.map(({ match, name, ...rest }) => ({
      match,
      template: name.map((part) =>
        'apply' in part
          ? { ...part, apply: part.apply?.map(({ kind, ...fields }) => ({ transform: kind, ...fields })) }
          : part,
      ),
      ...rest,
    })),
    accessRules: access.map(grantJson),
    ...(iommu && { iommu: grantJson(iommu) }),
    hash,
  };
}

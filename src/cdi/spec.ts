/** Builds a CDI specification from devices and their nodes. */
import { containerNode, iommuNode } from '../links/shared-nodes.ts';
import { jsonText } from '../text/printable.ts';

/**
 * How devices are opened: device nodes and iommufd, or groups and a container. A document never mixes the two: a VMM
 * uses only one of them.
 */
export type Interface = 'cdev' | 'group';

export interface CdiDevice {
  readonly name: string;
  /** The paths of the nodes themselves, not of links: runtimes reject links. More than one for a whole group. */
  readonly nodes: readonly string[];
  readonly group: string | undefined;
  readonly numaNode: string | undefined;
}

interface DeviceNode {
  readonly path: string;
  readonly hostPath: string;
  readonly permissions: 'rw';
  readonly fileMode: number;
}

interface Edits {
  readonly deviceNodes: readonly DeviceNode[];
}

interface CdiSpec {
  readonly cdiVersion: '0.5.0' | '0.6.0';
  readonly kind: string;
  readonly containerEdits: Edits;
  readonly devices: readonly {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly containerEdits: Edits;
  }[];
}

/**
 * Builds the specification; `devices` must not be empty. 0.5.0 is the oldest version that allows names starting with a digit
 * and hostPath, and podman 4.3 reads it. Annotations need 0.6.0: runtimes reject a 0.5.0 document that has them.
 */
export function cdiSpec(
  kind: string,
  by: Interface,
  devices: readonly CdiDevice[],
  annotate: boolean,
): CdiSpec {
  const annotated = devices.map((device) => ({ ...device, annotations: annotationsOf(device) }));
  const hasAnnotations = annotate && annotated.some(({ annotations }) => Object.keys(annotations).length > 0);
  return {
    cdiVersion: hasAnnotations ? '0.6.0' : '0.5.0',
    kind,
    containerEdits: edits([sharedNodeOf(by).path]),
    devices: annotated.map(({ name, nodes, annotations }) => ({
      name,
      ...(hasAnnotations && Object.keys(annotations).length > 0 && { annotations }),
      containerEdits: edits(nodes),
    })),
  };
}

export function sharedNodeOf(by: Interface): typeof iommuNode {
  return by === 'cdev' ? iommuNode : containerNode;
}

/**
 * The path inside the container is the kernel's own path: QEMU and libvirt derive it from sysfs. Major and minor are omitted:
 * they change, and the runtime reads them from hostPath when it creates the container (the first one with this file, if the
 * runtime stays in memory: see newestNode() in cdi/devices.ts). fileMode is explicit: without it, podman creates the node with mode
 * 0666.
 */
function edits(paths: readonly string[]): Edits {
  return {
    deviceNodes: paths.map((path) => ({ path, hostPath: path, permissions: 'rw', fileMode: 0o660 })),
  };
}

function annotationsOf({ group, numaNode }: CdiDevice): Readonly<Record<string, string>> {
  return {
    ...(group !== undefined && { 'vfio-names.dev/iommu-group': group }),
    ...(numaNode !== undefined && { 'vfio-names.dev/numa-node': numaNode }),
  };
}

/** Serializes the specification as JSON. */
export function cdiText(spec: CdiSpec): string {
  return `${jsonText(spec, 2)}\n`;
}

/** Letters, digits and `_.:-`, with a letter or digit at both ends: `0000:01:00.0`, a UUID. */
export function isDeviceName(name: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?$/.test(name);
}

/**
 * `VENDOR/CLASS`: each starts with a letter and ends with a letter or digit. Only the vendor may contain dots; in the
 * class they need 0.6.0.
 */
export function isKind(kind: string): boolean {
  return /^[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?\/[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9])?$/.test(kind);
}

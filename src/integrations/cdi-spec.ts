/** A CDI specification of devices whose nodes are known. Pure. */
import { containerNode, iommuNode } from './shared-node.ts';

/** By device nodes and iommufd, or by groups and a container. The two are never in one document: a VMM takes one of them. */
export type Interface = 'cdev' | 'group';

export interface CdiDevice {
  readonly name: string;
  /** The real node's path, no link: runtimes refuse links. */
  readonly node: string;
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

export interface CdiSpec {
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
 * `devices` is not empty. 0.5.0 is the oldest version with names that begin with a digit and with hostPath, and what
 * podman 4.3 reads; annotations came with 0.6.0, and a document that says 0.5.0 and has them is refused.
 */
export function cdiSpec(
  kind: string,
  by: Interface,
  devices: readonly CdiDevice[],
  annotate: boolean,
): CdiSpec {
  const annotated = devices.map((device) => ({ ...device, annotations: annotationsOf(device) }));
  const withNotes = annotate && annotated.some(({ annotations }) => Object.keys(annotations).length > 0);
  return {
    cdiVersion: withNotes ? '0.6.0' : '0.5.0',
    kind,
    containerEdits: edits(sharedNodeOf(by).path),
    devices: annotated.map(({ name, node, annotations }) => ({
      name,
      ...(withNotes && Object.keys(annotations).length > 0 && { annotations }),
      containerEdits: edits(node),
    })),
  };
}

export function sharedNodeOf(by: Interface): typeof iommuNode {
  return by === 'cdev' ? iommuNode : containerNode;
}

/**
 * The kernel's own path inside, too: QEMU and libvirt go from sysfs to it. No major and minor: they change, and the runtime
 * takes them from hostPath when it makes the container. 0660 said aloud: without it, podman makes the node 0666.
 */
function edits(path: string): Edits {
  return { deviceNodes: [{ path, hostPath: path, permissions: 'rw', fileMode: 0o660 }] };
}

function annotationsOf({ group, numaNode }: CdiDevice): Readonly<Record<string, string>> {
  return {
    ...(group !== undefined && { 'vfio-names.dev/iommu-group': group }),
    ...(numaNode !== undefined && { 'vfio-names.dev/numa-node': numaNode }),
  };
}

/** The document's text. */
export function cdiText(spec: CdiSpec): string {
  return `${JSON.stringify(spec, undefined, 2)}\n`;
}

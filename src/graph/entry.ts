/** The entries of a graph: one per device, with any driver. */

/**
 * `used`: bound to VFIO, and a process has it open. `free`: bound to VFIO, not open. `no-node`: bound to
 * VFIO, without a node to link to. `host`: bound to another driver. `blocking`: bound to another driver that
 * makes its IOMMU group not viable. `idle`: no driver.
 */
export type EntryState = 'used' | 'free' | 'no-node' | 'host' | 'blocking' | 'idle';

export interface Entry {
  /** `/sys/devices/pci0000:00/0000:00:04.0`. All text is unescaped. */
  readonly syspath: string;
  readonly bus: string;
  readonly name: string;
  readonly state: EntryState;
  /** A PCI bridge: class 0x0604. */
  readonly bridge: boolean;
  readonly driver?: string;
  readonly group?: string;
  /** Vendor and product, if the system's hardware database has them. */
  readonly label?: string;
  /** PCI class, `0x030000`. */
  readonly class?: string;
  readonly numaNode?: string;
  readonly mdevType?: string;
  /** For a VF: the name of its physical function, and its index. */
  readonly pf?: string;
  readonly vf?: string;
  /** `vfio3`. */
  readonly node?: string;
  /** Links of the device, as absolute paths. */
  readonly links?: readonly string[];
  /** Whether all links are correct. */
  readonly linksCorrect?: boolean;
  /** Processes that have it open, each once: `qemu-system-x86 (pid 812)`. */
  readonly holders?: readonly string[];
}

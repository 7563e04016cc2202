/** What a graph is made of: one entry a device, whatever its driver. Types only. */

/**
 * `used`: a process has it open. `free`: bound to VFIO, and nobody does. `no-node`: bound to VFIO, without a node to name.
 * `host`: some other driver has it. `blocking`: that driver keeps its whole IOMMU group from VFIO. `idle`: no driver.
 */
export type EntryState = 'used' | 'free' | 'no-node' | 'host' | 'blocking' | 'idle';

export interface Entry {
  /** `/sys/devices/pci0000:00/0000:00:04.0`. All text is raw. */
  readonly syspath: string;
  readonly bus: string;
  readonly name: string;
  readonly state: EntryState;
  /** A PCI bridge: class 0x0604. */
  readonly bridge: boolean;
  readonly driver?: string;
  readonly group?: string;
  /** Vendor and product, where the system's list has them. */
  readonly label?: string;
  /** PCI class, `0x030000`. */
  readonly class?: string;
  readonly numaNode?: string;
  readonly mdevType?: string;
  /** Of a VF: the name of its physical function, and its index. */
  readonly pf?: string;
  readonly vf?: string;
  /** `vfio3`. */
  readonly node?: string;
  /** The device's names, whole paths. */
  readonly links?: readonly string[];
  /** Whether they are as they should be. */
  readonly named?: boolean;
  /** Who has it open, `qemu-system-x86 (pid 812)`, each once. */
  readonly holders?: readonly string[];
}

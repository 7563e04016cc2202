/** Types of the info that a bound device reports. */

/** A part of a region that can be mapped; offset and size in bytes, relative to the region. */
export interface Area {
  readonly offset: number;
  readonly size: number;
}

export interface Capability {
  readonly id: number;
  readonly version: number;
  /** `sparse-mmap`, `type`, `msix-mappable`; absent for an unknown capability. */
  readonly name?: string;
  readonly areas?: readonly Area[];
  readonly type?: number;
  readonly subtype?: number;
}

export interface Region {
  readonly index: number;
  /** `bar0`; only for devices with the PCI interface. */
  readonly name?: string;
  /** In bytes; 0 for a region that the device does not have. Exact below 2^53. */
  readonly size: number;
  readonly flags: readonly string[];
  readonly capabilities: readonly Capability[];
}

export interface Irq {
  readonly index: number;
  /** `msix`; only for devices with the PCI interface. */
  readonly name?: string;
  readonly count: number;
  readonly flags: readonly string[];
}

export interface Details {
  readonly flags: readonly string[];
  readonly regionCount: number;
  readonly irqCount: number;
  /** Sorted by index; regions for which the ioctl fails with EINVAL are skipped. */
  readonly regions: readonly Region[];
  readonly irqs: readonly Irq[];
  /** Set if the requested IOAS was attached. */
  readonly attached?: boolean;
}

/** The types of what a bound device says of itself. Types only. */

/** A part of a region that can be mapped; bytes from the region's start. */
export interface Area {
  readonly offset: number;
  readonly size: number;
}

export interface Capability {
  readonly id: number;
  readonly version: number;
  /** `sparse-mmap`, `type`, `msix-mappable`; absent for one that we do not know. */
  readonly name?: string;
  readonly areas?: readonly Area[];
  readonly type?: number;
  readonly subtype?: number;
}

export interface Region {
  readonly index: number;
  /** `bar0`, of devices with the PCI interface. */
  readonly name?: string;
  /** In bytes; 0 for a region that the device does not have. Exact below 2^53. */
  readonly size: number;
  readonly flags: readonly string[];
  readonly capabilities: readonly Capability[];
}

export interface Irq {
  readonly index: number;
  /** `msix`, of devices with the PCI interface. */
  readonly name?: string;
  readonly count: number;
  readonly flags: readonly string[];
}

export interface Details {
  readonly flags: readonly string[];
  readonly numRegions: number;
  readonly numIrqs: number;
  /** In the order of their index; one that the device refuses to tell of (EINVAL) is left out. */
  readonly regions: readonly Region[];
  readonly irqs: readonly Irq[];
  /** Whether the IOAS that was asked for was attached. */
  readonly attached?: boolean;
}

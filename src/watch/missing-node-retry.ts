/**
 * Retry schedule for devices whose node is missing, usually because they are being unbound.
 *
 * device_del() in the kernel's drivers/base/core.c removes the node before the sysfs attributes, and inotify reports only the
 * removal of the node.
 */

/** The delay before the first retry, in milliseconds; each further delay is twice as long. */
export const firstRetryMs = 20;
/**
 * How many retries are made, five seconds in all. After that, the device counts as one without a node, as in a
 * container, and only the rescan checks it.
 */
export const MAX_RETRIES = 8;

/** Counts the passes in which each node was missing. */
export class MissingNodeRetry {
  readonly #tries = new Map<string, number>();

  /**
   * Records a pass over `places` (everything if `undefined`) in which the nodes `missing` did not exist. Returns the places to
   * check again and the delay in milliseconds.
   */
  record(
    places: ReadonlySet<string> | undefined,
    missing: readonly string[],
  ): { readonly places: readonly string[]; readonly wait: number } {
    const stillMissing = new Set(missing);
    for (const place of places ?? [...this.#tries.keys()])
      if (!stillMissing.has(place)) this.#tries.delete(place);
    for (const place of missing) this.#tries.set(place, (this.#tries.get(place) ?? 0) + 1);
    // Missing nodes that this pass did not cover stay scheduled.
    const pending = [...this.#tries].filter(([, tries]) => tries <= MAX_RETRIES);
    const fewestTries = pending.reduce((least, [, tries]) => Math.min(least, tries), MAX_RETRIES);
    return {
      places: pending.map(([place]) => place),
      wait: pending.length === 0 ? 0 : firstRetryMs * 2 ** (fewestTries - 1),
    };
  }
}

/**
 * How often a device without its node is looked at again: most likely it is just leaving. Knows no files.
 *
 * device_del() in the kernel's drivers/base/core.c removes the node, of which inotify tells, before the attributes, of
 * which nothing tells.
 */

/** The first wait before another look, in milliseconds; each further one is twice as long. */
export const firstDoubt = 20;
/** After so many looks, five seconds in all, it is a device without a node, as in a container; the rescan sees to it. */
export const mostDoubts = 8;

/** How often each missing node was looked for. */
export class Doubts {
  readonly #looks = new Map<string, number>();

  /** After a look at `places` (all where `undefined`) that missed these nodes: which to look at again, in so many milliseconds. */
  after(
    places: ReadonlySet<string> | undefined,
    missing: readonly string[],
  ): { readonly places: readonly string[]; readonly wait: number } {
    const still = new Set(missing);
    for (const place of places ?? [...this.#looks.keys()]) if (!still.has(place)) this.#looks.delete(place);
    for (const place of missing) this.#looks.set(place, (this.#looks.get(place) ?? 0) + 1);
    // Those of an earlier look that this one did not include wait on.
    const open = [...this.#looks].filter(([, looks]) => looks <= mostDoubts);
    const fewest = Math.min(...open.map(([, looks]) => looks));
    return {
      places: open.map(([place]) => place),
      wait: open.length === 0 ? 0 : firstDoubt * 2 ** (fewest - 1),
    };
  }
}

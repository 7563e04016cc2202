/** Keeps what was read for the length of one run, so that it need not be read for each device. */

/** A value of a key and a Files object, until the code that is running now has ended; a service so reads it again in each pass. */
export class RunCache<T> {
  #entry: { readonly owner: object; readonly key: string; readonly value: T } | undefined;

  /** Returns the value, and computes it if it is not kept. */
  get(owner: object, key: string, compute: () => T): T {
    if (this.#entry?.owner !== owner || this.#entry.key !== key) {
      this.#entry = { owner, key, value: compute() };
      void Promise.resolve().then(() => {
        this.#entry = undefined;
      });
    }
    return this.#entry.value;
  }
}

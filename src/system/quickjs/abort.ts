/** AbortController for QuickJS, which has none: the parts that packaging/npm/portable.d.ts declares. */
class Signal {
  aborted = false;
  readonly #listeners = new Set<() => void>();

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    for (const listener of this.#listeners) listener();
  }
}

class Controller {
  readonly signal = new Signal();

  abort(): void {
    this.signal.abort();
  }
}

/** Adds what the portable code uses of an engine, and QuickJS lacks, to the global object. */
export function installGlobals(): void {
  Object.assign(globalThis, { AbortController: Controller });
}

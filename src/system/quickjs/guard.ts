/**
 * Functions that QuickJS's event loop calls. It would print an exception with its stack and go on; here the handler that the
 * entry sets ends the program.
 */
type OnFault = (error: unknown) => void;

let onFault: OnFault = (error) => {
  throw error;
};

export function setFaultHandler(handler: OnFault): void {
  onFault = handler;
}

export function guarded(fn: () => void): () => void {
  return () => {
    try {
      fn();
    } catch (error) {
      onFault(error);
    }
  };
}

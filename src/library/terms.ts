/** Replaces commands in hints and remedies by the functions of the library that do the same. */
import { VfioNamesError } from '../errors.ts';

/** Commands that are functions of the same name. */
const functions = /\bvfio-names (list|plan|sync|verify)\b/g;

/** `sync() ...` for `vfio-names sync ...`. Commands that the library does not have stay. */
export function libraryText(text: string): string {
  return text
    .replace(functions, '$1()')
    .replace(/\bvfio-names show(?: \S+)? (?=tells|shows|prints)/g, 'find() ')
    .replace(/\bsync\(\) --host-root DIR\b/g, 'sync() of open({ hostRoot })');
}

/** Runs `fn`, and replaces the commands in the hint of a VfioNamesError. */
export function inLibraryTerms<T>(fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    throw libraryError(error);
  }
}

/** As inLibraryTerms, for an asynchronous function. */
export async function inLibraryTermsAsync<T>(fn: () => Promise<T>): Promise<T> {
  try {
    return await fn();
  } catch (error) {
    throw libraryError(error);
  }
}

function libraryError(error: unknown): unknown {
  if (!(error instanceof VfioNamesError) || error.hint === undefined) return error;
  const { code, status, message, hint, path, device, cause } = error;
  return new VfioNamesError(code, status, message, {
    hint: libraryText(hint),
    ...(path !== undefined && { path }),
    ...(device !== undefined && { device }),
    cause,
  });
}

/**
 * Hides file names that are not valid UTF-8: Node and QuickJS decode such bytes differently, and no device has such a
 * name.
 */
import type { Files } from './files.ts';

/** Includes surrogates: QuickJS decodes some invalid bytes to surrogates, Node to U+FFFD. */
const notPlain = /[\ud800-\udfff\ufffd]/;

/** Whether Node and QuickJS decode the text to the same string. */
export function isWellFormed(text: string): boolean {
  return !notPlain.test(text);
}

/**
 * Wraps `files`: `readlink` fails with EILSEQ if the target is not plain text, `list` omits names that cannot be used
 * in a path.
 */
export function wellFormedFiles(files: Files): Files {
  // Entries are read one by one.
  const { eachLink: _, ...others } = files;
  return {
    ...others,
    readdir: (path) =>
      files.readdir(path).filter((name) => isWellFormed(name.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ''))),
    readlink: (path) => {
      const target = files.readlink(path);
      if (!isWellFormed(target)) throw Object.assign(new Error('EILSEQ'), { code: 'EILSEQ' });
      return target;
    },
  };
}

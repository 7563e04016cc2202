/** The file system without names that are no UTF-8: each engine reads such bytes in its own way, and no device has them. */
import type { Files } from '../system/files.ts';

/** Surrogates too: QuickJS makes them of bytes that Node takes for none. */
const notPlain = /[\ud800-\udfff\ufffd]/;

/** Whether the text is the same to every engine. */
export function isPlain(text: string): boolean {
  return !notPlain.test(text);
}

/** `readlink` fails with EILSEQ where the target is no such text; `list` leaves out names that no path can be made of. */
export function plainFiles(files: Files): Files {
  return {
    ...files,
    list: (path) =>
      files.list(path).filter((name) => isPlain(name.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ''))),
    readlink: (path) => {
      const target = files.readlink(path);
      if (!isPlain(target)) throw Object.assign(new Error('EILSEQ'), { code: 'EILSEQ' });
      return target;
    },
  };
}

/** What another program may put at a path in the middle of a run, and whether it is still there. */
import * as fs from 'node:fs';

/** A file, a link to something else, and a directory with a file. */
export const arrivals: Readonly<Record<string, (path: string) => void>> = {
  file: (path) => fs.writeFileSync(path, 'precious'),
  link: (path) => fs.symlinkSync('/precious', path),
  directory: (path) => {
    fs.mkdirSync(path);
    fs.writeFileSync(`${path}/file`, 'precious');
  },
};

export function isThere(kind: string, path: string): boolean {
  const status = fs.lstatSync(path, { throwIfNoEntry: false });
  if (kind === 'file') return status?.isFile() === true && fs.readFileSync(path, 'utf8') === 'precious';
  if (kind === 'link') return status?.isSymbolicLink() === true && fs.readlinkSync(path) === '/precious';
  return fs.existsSync(`${path}/file`);
}

/** Paths as text: nothing here looks at the file system. */

/** Returns what follows the last slash. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Returns the directory of a path, `.` for a name without a slash. */
export function dirName(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : path.slice(0, slash).replace(/\/+$/, '') || '/';
}

/** Returns the path that `target` means in `directory`, which is absolute, without `.` and `..`; links are not followed. */
export function resolvePath(directory: string, target: string): string {
  const parts: string[] = [];
  for (const part of (target.startsWith('/') ? target : `${directory}/${target}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

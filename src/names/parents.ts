/** Returns the parent directories of a link, the outermost first: `by-sriov` and `by-sriov/0000:01:00.0`. */
export function parentDirectories(link: string): string[] {
  const parts = link.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

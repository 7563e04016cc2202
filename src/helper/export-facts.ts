/** The lines that vfio_id prints for IMPORT{program}. Pure. */

/** udevd reads no more than this of a program's output (spawn_exec in systemd's src/udev/udev-spawn.c: 16384). */
const longestOutput = 16000;

/** The property of a fact: `ID_VFIO_MDEV_TYPE` for `mdevType`. */
export function propertyOf(fact: string): string {
  return `ID_VFIO_${fact.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}

/**
 * Whether udev reads `KEY=value` back as it is (get_property_from_string in systemd's src/udev/udev-rules.c): no control
 * character, which could begin a second key; no quote at either end, no blank there, not empty; and text, since udev
 * refuses what is no UTF-8.
 */
export function isExportable(value: string): boolean {
  return (
    value !== '' &&
    !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]/.test(value) &&
    !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value) &&
    !/^[\s"']|[\s"'\\]$/.test(value)
  );
}

/** The lines, each with its newline; a value that udev would misread, or that no longer fits, is left out. */
export function exportLines(properties: readonly (readonly [string, string])[]): string {
  let text = '';
  let bytes = 0;
  for (const [key, value] of properties) {
    const line = `${key}=${value}\n`;
    const more = line.length * (/^[\u0000-\u007f]*$/.test(line) ? 1 : 3);
    if (!isExportable(value) || bytes + more > longestOutput) continue;
    text += line;
    bytes += more;
  }
  return text;
}

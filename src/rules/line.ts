/** One line of udev rules as a list of keys: matches, then assignments. */
import { notExpressible } from './quote.ts';

/** Keys in udev's syntax (`KERNELS=="0000:*"`); all on one line, so that udev searches one parent that matches them all. */
export type UdevKeys = readonly string[];

/** udev reads lines of up to 16384 bytes (UDEV_LINE_SIZE in systemd's src/udev/udev-rules.h). */
const MAX_LINE_BYTES = 16000;

/** Joins the keys; udevadm verify expects a blank after each comma. Throws VfioNamesError if the line is too long. */
export function formatRule(keys: UdevKeys): string {
  const line = keys.join(', ');
  const bytes = new TextEncoder().encode(line).length;
  if (bytes > MAX_LINE_BYTES)
    throw notExpressible(
      'udev',
      `a rule of ${bytes} bytes in one line`,
      `make its list of patterns shorter than ${MAX_LINE_BYTES} bytes, or part the rule in two`,
    );
  return line;
}

/** One line of udev rules as data: what must hold, then what is done. Pure; knows nothing of policies. */
import { cannotExpress } from './quote.ts';

/** Keys in udev's syntax (`KERNELS=="0000:*"`), all on one line so that udev looks for one parent that fits them all. */
export type Keys = readonly string[];

/** udev reads lines of up to 16384 bytes (UDEV_LINE_SIZE in systemd's src/udev/udev-rules.h). */
const longestLine = 16000;

/** The line's text; udevadm verify wants a blank after each comma. */
export function lineText(keys: Keys): string {
  const line = keys.join(', ');
  const bytes = new TextEncoder().encode(line).length;
  if (bytes > longestLine)
    throw cannotExpress(
      'udev',
      `a rule of ${bytes} bytes in one line`,
      `make its list of patterns shorter than ${longestLine} bytes, or part the rule in two`,
    );
  return line;
}

/** Formats the details of an error that --verbose prints after the message. */
import type { VfioNamesError } from '../errors.ts';
import { printable } from '../text/printable.ts';

/** `code no-node; device 0000:01:00.0; path /dev/vfio/devices/vfio3; cause ENOENT: no such file...`; one line, printable. */
export function formatErrorDetails({ code, device, path, cause }: VfioNamesError): string {
  const causeText = cause instanceof Error ? cause.message : cause === undefined ? undefined : String(cause);
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['code', code],
    ['device', device],
    ['path', path],
    ['cause', causeText],
  ];
  return facts
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key} ${printable(value)}`]))
    .join('; ');
}

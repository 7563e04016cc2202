/** Formats an event of `watch` as one line of text or JSON. */
import { linkRoot } from '../names/scheme.ts';
import { printable } from '../text/printable.ts';
import type { Reason } from '../watch/loop.ts';
import type { WatchEvent } from '../watch/report.ts';
import { eventJson } from './json-words.ts';

/** `added /dev/vfio/pci/0000:01:00.0 -> ../devices/vfio3 (appeared)` */
export function formatEvent(event: WatchEvent): string {
  const where = printable(event.link === undefined ? (event.path ?? '') : `${linkRoot}/${event.link}`);
  const device = event.device === undefined ? '' : ` of ${printable(event.device)}`;
  const found = printable(event.found ?? '');
  switch (event.reason) {
    case 'name-taken':
      return `conflict ${where}: ${printable(event.device ?? '')} wants it too, ${found} has it; give one of them another name or priority in the policy`;
    case 'in-the-way':
      return `conflict ${where}${device}: found ${found}, which vfio-names did not make; look at it, and move it away`;
    case 'refused':
      return `failed ${where}${device}: ${found}`;
    case 'unreadable':
      return `failed ${where}: ${found}`;
    case 'unsettled':
      return `failed ${where}: the names kept changing while they were made; look for what else changes them`;
    case 'access':
      return `access ${where}${device}: ${event.to} (was ${event.from})`;
    default: {
      const target = event.target === undefined ? '' : ` -> ${printable(event.target)}`;
      const from = event.from === undefined ? '' : `, was ${printable(event.from)}`;
      return `${event.event} ${where}${target} (${event.reason}${from})`;
    }
  }
}

/** The event as one JSON document on one line; src/cli/schemas/watch.json is the schema. */
export function formatEventJson(event: WatchEvent, trigger: Reason, time: Date): string {
  return `${JSON.stringify({ version: 1, time: time.toISOString(), ...eventJson(event), trigger })}\n`;
}

/** The events of inotify(7) as bytes. */
import { decodeUtf8 } from '../../text/utf8.ts';
import { isLittleEndian } from '../byte-order.ts';

export interface InotifyEvent {
  readonly watch: number;
  readonly mask: number;
  /** The name of the entry; empty for the directory itself. */
  readonly name: string;
}

/** Parses the bytes that read(2) returned: an array of inotify_event (inotify(7)). */
export function parseEvents(bytes: Uint8Array): InotifyEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const events: InotifyEvent[] = [];
  for (let at = 0; at + 16 <= bytes.length; ) {
    const length = view.getUint32(at + 12, isLittleEndian);
    const padded = bytes.subarray(at + 16, at + 16 + length);
    const end = padded.indexOf(0);
    events.push({
      watch: view.getInt32(at, isLittleEndian),
      mask: view.getUint32(at + 4, isLittleEndian),
      name: decodeUtf8(end < 0 ? padded : padded.subarray(0, end)),
    });
    at += 16 + length;
  }
  return events;
}

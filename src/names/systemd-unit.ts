/** The name of a link's systemd device unit, for `BindsTo=` of a service. */
import { encodeUtf8 } from '../text/utf8.ts';

/** UNIT_NAME_MAX of systemd, src/basic/unit-def.h. */
const MAX_UNIT_NAME = 255;

/**
 * Returns `dev-vfio-pci-0000:01:00.0.device` for `/dev/vfio/pci/0000:01:00.0`, like `systemd-escape --path
 * --suffix=device` (systemd.unit(5), "String escaping for inclusion in unit names"). The path must be absolute, without
 * `.` or `..` parts. Returns `undefined` if the name is longer than 255 bytes: systemd then uses a hash.
 */
export function deviceUnit(path: string): string | undefined {
  const bytes = encodeUtf8(path.replace(/^\/+|\/+$/g, '').replace(/\/+/g, '/'));
  const name = `${[...bytes].map(escapeByte).join('')}.device`;
  return name.length > MAX_UNIT_NAME ? undefined : name;
}

function escapeByte(byte: number, index: number): string {
  const character = String.fromCharCode(byte);
  if (character === '/') return '-';
  // A unit's name must not begin with a dot.
  if (/[A-Za-z0-9:_.]/.test(character) && !(index === 0 && character === '.')) return character;
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

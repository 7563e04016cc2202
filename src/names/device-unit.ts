/** The name by which systemd knows a link: the unit that a service is bound to. Pure; asks no systemd. */

/** UNIT_NAME_MAX of systemd, src/basic/unit-def.h. */
const longestName = 255;

/**
 * `dev-vfio-pci-0000:01:00.0.device` for `/dev/vfio/pci/0000:01:00.0`, as `systemd-escape --path --suffix=device` gives
 * it (systemd.unit(5), "String escaping for inclusion in unit names"). The path is absolute, without `.` or `..` parts.
 * `undefined` where the name is longer than 255 bytes: systemd takes a hash instead.
 */
export function deviceUnit(path: string): string | undefined {
  const bytes = new TextEncoder().encode(path.replace(/^\/+|\/+$/g, '').replace(/\/+/g, '/'));
  const name = `${[...bytes].map(escapeByte).join('')}.device`;
  return name.length > longestName ? undefined : name;
}

function escapeByte(byte: number, index: number): string {
  const character = String.fromCharCode(byte);
  if (character === '/') return '-';
  // A unit's name begins with no dot.
  if (/[A-Za-z0-9:_.]/.test(character) && !(index === 0 && character === '.')) return character;
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

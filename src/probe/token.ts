/** A VF token (a UUID) in its two forms. Pure. */

const form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isToken(text: string): boolean {
  return form.test(text);
}

/** The 16 bytes in the order in which they are written, which is the kernel's uuid_t. */
export function tokenBytes(token: string | undefined): Buffer | undefined {
  if (token === undefined) return undefined;
  // Buffer.alloc never takes from the shared pool: the kernel gets this address.
  const bytes = Buffer.alloc(16);
  bytes.write(token.replaceAll('-', ''), 'hex');
  return bytes;
}

/** Checks and encodes VF tokens, which are UUIDs. */

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether `text` is a UUID with dashes, in any case. */
export function isToken(text: string): boolean {
  return uuid.test(text);
}

/** Returns the 16 bytes of the UUID in written order, the layout of the kernel's uuid_t. */
export function tokenBytes(token: string | undefined): Buffer | undefined {
  if (token === undefined) return undefined;
  // Buffer.alloc does not use Buffer's shared pool: the kernel reads from this address.
  const bytes = Buffer.alloc(16);
  bytes.write(token.replaceAll('-', ''), 'hex');
  return bytes;
}

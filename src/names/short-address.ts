/** Converts PCI addresses and UUIDs to the kernel's notation; also accepts patterns. */

/**
 * Converts `01:00.0` to `0000:01:00.0`, `01:00.*` to `0000:01:00.*`, and upper case to lower case; returns other text
 * unchanged. A PCI domain has at least four digits (PCI_DEVID in the kernel's setup of names: `%04x:%02x:%02x.%d`), so
 * two characters before the first colon are the bus.
 */
export function completeAddress(text: string): string {
  const lower = text.toLowerCase();
  if (!/^[0-9a-f?*[\]!-]+:[0-9a-f?*[\]!:.-]+$/.test(lower)) return text;
  return /^[0-9a-f?]{2}:[^:]*$/.test(lower) ? `0000:${lower}` : lower;
}

/** Whether the text is a complete PCI address in the kernel's notation. */
export function isAddress(text: string): boolean {
  return /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(text);
}

/** Converts a UUID to lower case, as the kernel prints it (%pUl); returns other text unchanged. */
export function completeUuid(text: string): string {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : text;
}

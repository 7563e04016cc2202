/** The short forms in which people write PCI addresses and UUIDs, made the kernel's. Pure; works on patterns too. */

/**
 * `01:00.0` becomes `0000:01:00.0`, `01:00.*` becomes `0000:01:00.*`, capitals become small letters; every other text
 * stays. A PCI domain has four digits or more (PCI_DEVID in the kernel's setup of names: `%04x:%02x:%02x.%d`), so two
 * characters before the first colon are the bus.
 */
export function completeAddress(text: string): string {
  const lower = text.toLowerCase();
  if (!/^[0-9a-f?*[\]!-]+:[0-9a-f?*[\]!:.-]+$/.test(lower)) return text;
  return /^[0-9a-f?]{2}:[^:]*$/.test(lower) ? `0000:${lower}` : lower;
}

/** Whether the text is a complete PCI address as the kernel writes it. */
export function isAddress(text: string): boolean {
  return /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(text);
}

/** A UUID in small letters, as the kernel prints it (%pUl); every other text stays. */
export function completeUuid(text: string): string {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : text;
}

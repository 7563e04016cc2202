/** The grammar of names in CDI 0.5.0 (container-device-interface, pkg/parser: ValidateVendorName and related functions). */

/** Letters, digits and `_.:-`, with a letter or digit at both ends: `0000:01:00.0`, a UUID. */
export function isDeviceName(name: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?$/.test(name);
}

/**
 * `VENDOR/CLASS`: each starts with a letter and ends with a letter or digit. Only the vendor may contain dots; in the
 * class they need 0.6.0.
 */
export function isKind(kind: string): boolean {
  return /^[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?\/[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9])?$/.test(kind);
}

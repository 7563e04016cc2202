/** The grammar of names in CDI 0.5.0 (container-device-interface, pkg/parser: ValidateVendorName and the others). Pure. */

/** A letter or digit, then those and `_.:-`, one of the first at the end: `0000:01:00.0`, a UUID. */
export function isDeviceName(name: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?$/.test(name);
}

/** `VENDOR/CLASS`: a letter first, a letter or digit last; dots in the vendor only, since those in the class need 0.6.0. */
export function isKind(kind: string): boolean {
  return /^[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?\/[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9])?$/.test(kind);
}

/** `vfio_id link add`: creates the links of one device. */
import type { Device } from '../devices/device.ts';
import { scanDevice } from '../devices/scan.ts';
import { resolveClaims } from '../names/desire.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';
import { claimLink, type LinkFailure } from './claim-link.ts';
import { claimsOfDevice } from './links-for.ts';
import { removeStale } from './remove-links.ts';
import type { LinkSpec } from './request.ts';

/**
 * Creates the links of `device`, except those that another device has a better claim to (the same decision as in sync),
 * and returns the links that could not be created. Reads sysfs again after the last change: if the device was removed
 * in the meantime, its links are removed too, whatever the order of this run and the one for its removal.
 */
export function addLinks(
  files: Files,
  root: Root,
  device: Device,
  requested: readonly LinkSpec[],
  token: string,
): LinkFailure[] {
  const claims = claimsOfDevice(files, root, device, requested);
  const { winners } = resolveClaims(claims);
  const failures = claims
    .filter(({ link }) => winners.has(link))
    .flatMap((claim) => claimLink(files, root, claim, requested, token) ?? []);
  const current = scanDevice(files, root, device.sysname);
  if (current?.syspath === device.syspath) return failures;
  return removeStale(
    files,
    root,
    device.sysname,
    claims.map(({ link }) => link),
    current ? claimsOfDevice(files, root, current, requested) : [],
    token,
  );
}

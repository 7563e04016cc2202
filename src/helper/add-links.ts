/** `vfio_id link add`: creates the links of one device. */
import type { Device } from '../devices/device.ts';
import { scanOne } from '../devices/scan.ts';
import { desire } from '../names/desire.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';
import { claimLink, type Failure } from './claim-link.ts';
import { claimsFor } from './links-for.ts';
import { removeStale } from './remove-links.ts';
import type { AskedLink } from './request.ts';

/**
 * Creates the links of `device`, except those that another device has a better claim to (the same decision as in sync),
 * and returns the links that could not be created. Reads sysfs again after the last change: if the device was removed
 * in the meantime, its links are removed too, whatever the order of this run and the one for its removal.
 */
export function addLinks(
  files: Files,
  root: Root,
  device: Device,
  requested: readonly AskedLink[],
  token: string,
): Failure[] {
  const claims = claimsFor(files, root, device, requested);
  const { wanted } = desire(claims);
  const failures = claims
    .filter(({ link }) => wanted.has(link))
    .flatMap((claim) => claimLink(files, root, claim, requested, token) ?? []);
  const current = scanOne(files, root, device.sysname);
  if (current?.syspath === device.syspath) return failures;
  return removeStale(
    files,
    root,
    device.sysname,
    claims.map(({ link }) => link),
    current ? claimsFor(files, root, current, requested) : [],
    token,
  );
}

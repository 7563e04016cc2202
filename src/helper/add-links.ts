/** `vfio_id link add`: makes the links of one device. */
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
 * Makes the links of `device` that no other device has a better claim to, as sync decides; gives those that could not be
 * made. The last look follows the last change: a device that went away meanwhile keeps no link, however its own removal and
 * this run fell together.
 */
export function addLinks(
  files: Files,
  root: Root,
  device: Device,
  asked: readonly AskedLink[],
  token: string,
): Failure[] {
  const claims = claimsFor(files, root, device, asked);
  const { wanted } = desire(claims);
  const failures = claims
    .filter(({ link }) => wanted.has(link))
    .flatMap((claim) => claimLink(files, root, claim, asked, token) ?? []);
  const now = scanOne(files, root, device.sysname);
  if (now?.syspath === device.syspath) return failures;
  return removeStale(
    files,
    root,
    device.sysname,
    claims.map(({ link }) => link),
    now ? claimsFor(files, root, now, asked) : [],
    token,
  );
}

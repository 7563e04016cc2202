/** Whether the user of --user may open the nodes itself, for a CMD that gets no descriptors. */
import { exitStatus, VfioNamesError } from '../errors.ts';
import { mayOpen } from '../probe/rights.ts';
import type { Files } from '../system/files.ts';
import { printable } from '../text/printable.ts';
import { formatMode } from '../text/prose.ts';
import type { UserIds } from './drop-privileges.ts';

/**
 * Throws VfioNamesError `not-permitted` (status 4) if owner and mode of one of the open nodes do not let the user open it. `fds` are
 * descriptors of this process.
 */
export function checkUserAccess(files: Files, login: UserIds, fds: readonly number[]): void {
  for (const fd of fds) {
    const descriptor = `/proc/self/fd/${fd}`;
    const status = files.stat(descriptor);
    if (mayOpen({ uid: login.uid, gids: login.groups, overridesMode: false }, status)) continue;
    const path = files.readlink(descriptor);
    throw new VfioNamesError(
      'not-permitted',
      exitStatus.notPermitted,
      printable(
        `expected nodes that ${login.name} may open, found ${path} of ${status.uid}:${status.gid}, mode ${formatMode(status.mode)}`,
      ),
      { hint: 'give it to a group of that user with an [[access]] rule in the policy', path },
    );
  }
}

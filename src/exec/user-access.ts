/** Whether the user of --user may open the nodes itself, for a CMD that gets no descriptors. */
import { exitStatus, VfioNamesError } from '../errors.ts';
import { mayOpen } from '../probe/rights.ts';
import type { Files } from '../system/files.ts';
import { printable } from '../text/printable.ts';
import { formatMode } from '../text/prose.ts';
import type { UserIds } from './drop-privileges.ts';

/**
 * Throws VfioNamesError `not-permitted` (status 4) if owner and mode of one of the open nodes do not let the user open it. `fds` are
 * descriptors of this process. The group bits of a file with an ACL are the mask of the ACL (acl(5)): where they permit it, an
 * ACL may let the user open the node, so `warn` gets a line in place of the error.
 */
export function checkUserAccess(
  files: Files,
  login: UserIds,
  fds: readonly number[],
  warn: (line: string) => void,
): void {
  for (const fd of fds) {
    const descriptor = `/proc/self/fd/${fd}`;
    const status = files.stat(descriptor);
    if (mayOpen({ uid: login.uid, gids: login.groups, overridesMode: false }, status)) continue;
    const path = files.readlink(descriptor);
    const found = printable(`${path} of ${status.uid}:${status.gid}, mode ${formatMode(status.mode)}`);
    const user = printable(login.name);
    if ((status.mode & 0o060) === 0o060 && status.uid !== login.uid && !login.groups.includes(status.gid)) {
      warn(`${user} can open ${found}, only by an access control list: it is not in that group`);
      continue;
    }
    throw new VfioNamesError(
      'not-permitted',
      exitStatus.notPermitted,
      `expected nodes that ${user} may open, found ${found}`,
      { hint: 'give it to a group of that user with an [[access]] rule in the policy', path },
    );
  }
}

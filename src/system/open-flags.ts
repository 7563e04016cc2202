/** How a device node is opened. The numbers differ between machines, so they are Node's. */
import { constants } from 'node:fs';

/**
 * For reading and writing, never through a link, never waiting, never as a controlling terminal.
 * O_CLOEXEC is not here because libuv always adds it (uv__fs_open).
 */
export const deviceOpenFlags =
  constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

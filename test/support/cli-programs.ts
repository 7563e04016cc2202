/** The builds of vfio-names. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dist, isForTarget, nativeBuild, nativeDirectory, nativeRequired, type Program } from './programs.ts';

export const nodeCli: Program = {
  name: 'vfio-names on Node',
  command: [process.execPath, dist('vfio-names.cjs')],
};

export const nativeCli = nativeBuild('vfio-names');

/**
 * What the native program is compared with: the build for Node, or, for the program of another target, the native program of this
 * machine, which is compared with the build for Node itself and starts in a tenth of the time.
 */
export const referenceCli: Program = isForTarget
  ? { name: 'reference', command: [join(nativeDirectory, 'reference')] }
  : nodeCli;

/** The same with syscalls.c under AddressSanitizer, which makes leaks of a process that ends anyway no error. */
export const sanitizedCli: Program | undefined =
  !isForTarget && existsSync(dist('native/vfio-names-sanitized'))
    ? { name: 'native/vfio-names-sanitized', command: [dist('native/vfio-names-sanitized')] }
    : undefined;

if (nativeRequired && !isForTarget && !sanitizedCli)
  throw new Error('expected dist/native/vfio-names-sanitized, found none; npm run test:native builds it');

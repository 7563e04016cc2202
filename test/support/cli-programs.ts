/** The builds of vfio-names. */
import { dist, nativeBuild, type Program } from './programs.ts';

export const nodeCli: Program = {
  name: 'vfio-names on Node',
  command: [process.execPath, dist('vfio-names.cjs')],
};

export const nativeCli = nativeBuild('vfio-names');

/** The builds of vfio_id, which udev runs without a shell in an empty environment. */
import { dist, nativeBuild, type Program } from './programs.ts';

/**
 * The options of Node in udevd's sandbox, which requires --jitless. Up to Node 22, --no-expose-wasm suppresses a warning about
 * it; Node 24 has no such option, and prints no warning.
 */
export const jitless =
  Number.parseInt(process.versions.node, 10) < 24 ? ['--jitless', '--no-expose-wasm'] : ['--jitless'];

export const nodeProgram: Program = {
  name: 'vfio_id on Node',
  command: [process.execPath, ...jitless, dist('vfio_id.cjs')],
};

export const nativeProgram = nativeBuild('vfio_id');

export const programs: readonly Program[] = nativeProgram ? [nodeProgram, nativeProgram] : [nodeProgram];

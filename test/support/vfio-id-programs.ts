/** The builds of vfio_id, which udev runs without a shell in an empty environment. */
import { dist, nativeBuild, type Program } from './programs.ts';

/** udevd's sandbox requires --jitless; --no-expose-wasm suppresses a warning about it. */
export const nodeProgram: Program = {
  name: 'vfio_id on Node',
  command: [process.execPath, '--jitless', '--no-expose-wasm', dist('vfio_id.cjs')],
};

export const nativeProgram = nativeBuild('vfio_id');

export const programs: readonly Program[] = nativeProgram ? [nodeProgram, nativeProgram] : [nodeProgram];

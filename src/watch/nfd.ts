/** Keeps the features file of `watch --nfd` up to date, and reports changes and errors. */
import { affectsNodes } from '../cdi/keep.ts';
import { boundDevices } from '../devices/not-bound.ts';
import { scanDevices } from '../devices/scan.ts';
import { readFeatures, writeFeatures } from '../nfd/file.ts';
import type { SystemFiles } from '../system/files.ts';
import type { Root } from '../system/root-path.ts';
import type { CdiReporter } from './cdi.ts';
import { type FileKeeper, reportOnce } from './file-keeper.ts';

export function createNfdKeeper(
  files: SystemFiles,
  root: Root,
  path: string,
  token: string,
  { emit, onError }: Pick<CdiReporter, 'emit' | 'onError'>,
): FileKeeper {
  const guarded = reportOnce('the features file', path, onError);
  return {
    update: ({ paths }, why) => {
      if (!affectsNodes(paths)) return;
      guarded(() => {
        const text = readFeatures(files, root, boundDevices(files, root, scanDevices(files, root).devices));
        if (writeFeatures(files, path, text, token) === 'written')
          emit({ event: 'nfd', reason: 'written', file: path }, why);
      });
    },
    remove: () => guarded(() => void writeFeatures(files, path, undefined, token)),
  };
}

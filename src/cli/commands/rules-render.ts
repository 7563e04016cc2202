/** `rules render`: prints the policy's rules for udev, mdev or mdevd. */
import { loadPolicy } from '../../config/load.ts';
import { exitStatus, VfioNamesError } from '../../errors.ts';
import { type RuleTarget, renderRules } from '../../rules/render.ts';
import type { LinkMode } from '../../rules/via.ts';
import { nodeFiles } from '../../system/node-files.ts';
import type { RunCommand } from '../command.ts';
import { jsonDocument } from '../json.ts';

export const run: RunCommand = async ({ root, values, json }, io) => {
  const policy = await loadPolicy(io.files ?? nodeFiles, root, values['policy']);
  const target = (values['target'] ?? 'udev') as RuleTarget;
  const via = (values['via'] ?? 'native') as LinkMode;
  if (target !== 'udev' && values['via'] !== undefined)
    throw new VfioNamesError(
      'usage',
      exitStatus.usage,
      `expected --via with the rules of udev alone, found --target ${target}; leave it out`,
    );
  const text = renderRules(target, policy, undefined, via);
  io.out(json ? jsonDocument({ manager: target, text }) : text);
  return exitStatus.ok;
};

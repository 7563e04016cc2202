/** `config show`: prints the effective policy and the file that sets each part of it. */
import { formatPolicy } from '../../config/format.ts';
import { build, policyTexts } from '../../config/load.ts';
import { policyError } from '../../config/mistake.ts';
import { defaultPolicy } from '../../config/policy.ts';
import { exitStatus } from '../../errors.ts';
import { nodeFiles } from '../../system/node-files.ts';
import type { Run } from '../command.ts';
import { jsonDocument } from '../json.ts';
import { policyJson } from '../json-words.ts';

export const run: Run = async (invocation, io) => {
  const file = invocation.values['policy'];
  const texts = policyTexts(io.files ?? nodeFiles, invocation.root, file === undefined ? [] : [file]);
  const { policy, settings, mistakes } =
    texts.length === 0 ? { policy: defaultPolicy, settings: [], mistakes: [] } : await build(texts);
  if (mistakes.length > 0) throw policyError(mistakes);
  const files = texts.map((text) => text.file);
  io.out(
    invocation.json
      ? jsonDocument({ files, settings, policy: policyJson(policy) })
      : formatPolicy({ policy, settings }),
  );
  return exitStatus.fine;
};

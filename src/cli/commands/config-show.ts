/** `config show`: prints the effective policy and the file that sets each part of it. */
import { formatPolicy } from '../../config/format.ts';
import { buildTexts, readPolicyTexts } from '../../config/load.ts';
import { policyError } from '../../config/mistake.ts';
import { defaultPolicy } from '../../config/policy.ts';
import { exitStatus } from '../../errors.ts';
import { nodeFiles } from '../../system/node-files.ts';
import type { RunCommand } from '../command.ts';
import { jsonDocument } from '../json.ts';
import { policyJson } from '../json-words.ts';

export const run: RunCommand = async (invocation, io) => {
  const file = invocation.values['policy'];
  const texts = readPolicyTexts(io.files ?? nodeFiles, invocation.root, file === undefined ? [] : [file]);
  const { policy, settings, errors } =
    texts.length === 0 ? { policy: defaultPolicy, settings: [], errors: [] } : await buildTexts(texts);
  if (errors.length > 0) throw policyError(errors);
  const files = texts.map((text) => text.file);
  io.out(
    invocation.json
      ? jsonDocument({ files, settings, policy: policyJson(policy) })
      : formatPolicy({ policy, settings }),
  );
  return exitStatus.ok;
};

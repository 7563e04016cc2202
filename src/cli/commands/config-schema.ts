/** `config schema`: prints the JSON Schema of a policy file, for editors. */
import schema from '../../config/policy.schema.json' with { type: 'json' };
import { exitStatus } from '../../errors.ts';
import type { RunCommand } from '../command.ts';

export const run: RunCommand = (_invocation, io) => {
  io.out(`${JSON.stringify(schema, undefined, 2)}\n`);
  return exitStatus.ok;
};

/** `config schema`: prints the JSON Schema of a policy file, for editors. */
import schema from '../../config/policy.schema.json' with { type: 'json' };
import { exitStatus } from '../../errors.ts';
import type { Run } from '../command.ts';

export const run: Run = (_invocation, io) => {
  io.out(`${JSON.stringify(schema, undefined, 2)}\n`);
  return exitStatus.fine;
};

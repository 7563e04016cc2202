/** Checks the options of `probe` and adds their defaults. */
import { exitStatus, VfioNamesError } from '../errors.ts';
import type { ProbeOptions } from '../probe/probe.ts';
import { isToken } from '../probe/token.ts';
import { printable } from '../text/printable.ts';
import type { Invocation } from './command.ts';

/** In seconds; the limit is one hour. */
const timeouts = { usual: 5, longest: 3600 } as const;

type Args = Pick<Invocation, 'operands' | 'flags' | 'values'>;

/** Throws VfioNamesError `usage` (status 2) for options that cannot be combined or have an invalid value. */
export function probeOptions({ operands, flags, values }: Args): ProbeOptions {
  const [bind, group, all] = [flags['bind'] ?? false, flags['group'] ?? false, flags['all'] ?? false];
  const attach = flags['attach'] ?? false;
  const token = values['vf-token'];
  if (bind && group) throw usage('expected --bind or --group, found both; probe twice');
  if (attach && !bind) throw usage('expected --bind with --attach, found --attach alone; add --bind');
  if (token !== undefined && !bind && !group)
    throw usage('expected --bind or --group with --vf-token, found neither; add one of them');
  if (token !== undefined && !isToken(token))
    throw usage(
      `expected a UUID after --vf-token, found ${printable(token)}; give it as bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3`,
    );
  if (all && operands.length > 0) throw usage('expected NAME... or --all, found both; leave one away');
  if (!all && operands.length === 0) throw usage('expected NAME... or --all, found neither');
  return {
    depth: bind ? 'bind' : group ? 'group' : 'open',
    attach,
    ...(token !== undefined && { token }),
    timeout: seconds(values['timeout']),
  };
}

function seconds(text: string | undefined): number {
  if (text === undefined) return timeouts.usual;
  const value = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (value > 0 && value <= timeouts.longest) return value;
  throw usage(
    `expected seconds after --timeout, found ${printable(text)}; give a number above 0 and up to ${timeouts.longest}`,
  );
}

function usage(message: string): VfioNamesError {
  return new VfioNamesError('usage', exitStatus.usage, `${message}; see vfio-names probe --help`);
}

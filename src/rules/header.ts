/** The first line of every file that the compiler makes: how a file is known as ours. Pure. */
import { defaultPolicy, type Policy } from '../config/policy.ts';

/** What the first line says. */
export interface Header {
  readonly scheme: number;
  /** The SHA-256 of the policy in hex, or `default`. */
  readonly policy: string;
}

/** Reads the first line of a file's text; `undefined` for a file that is not ours. */
export function readHeader(text: string): Header | undefined {
  const match = /^# vfio-names scheme=(\d{1,4}) policy=([0-9a-f]{64}|default)\n/.exec(text);
  return match?.[1] && match[2] ? { scheme: Number(match[1]), policy: match[2] } : undefined;
}

/** What the header calls a policy. */
export function policyId(policy: Policy): string {
  return policy.hash === '' || policy.hash === defaultPolicy.hash ? 'default' : policy.hash;
}

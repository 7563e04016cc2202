/** The first line of every generated rules file, by which vfio-names recognizes its own files. */
import { defaultPolicy, type Policy } from '../config/policy.ts';

/** The content of the first line. */
export interface RulesHeader {
  readonly scheme: number;
  /** The SHA-256 of the policy in hex, or `default`. */
  readonly policy: string;
}

/** Parses the first line of a file's text; `undefined` if vfio-names did not generate the file. */
export function readHeader(text: string): RulesHeader | undefined {
  const match = /^# vfio-names scheme=(\d{1,4}) policy=([0-9a-f]{64}|default)\n/.exec(text);
  return match?.[1] && match[2] ? { scheme: Number(match[1]), policy: match[2] } : undefined;
}

/** Returns the identifier of a policy in the header: its hash, or `default`. */
export function policyId(policy: Policy): string {
  return policy.hash === '' || policy.hash === defaultPolicy.hash ? 'default' : policy.hash;
}

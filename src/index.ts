/** The public API of the package. */

export { readFact, readFacts } from './devices/facts.ts';
export { findByWholeName as quickFind, findDevice } from './devices/find.ts';
export { scanDevices } from './devices/scan.ts';
export type { Device, FactName, Facts, Problem, Scan } from './devices/types.ts';
export { type ExitStatus, exitStatus, VfioNamesError } from './errors.ts';
export { apply } from './links/apply.ts';
export type { Finding, FindingCode } from './links/finding.ts';
export { type Machine, type Observation, observe } from './links/observe.ts';
export type { Change, Outcome } from './links/plan.ts';
export { plan } from './links/plan.ts';
export { type Resolution, resolveDevice } from './links/resolve.ts';
export { type SyncResult, sync } from './links/sync.ts';
export { type Verification, verify } from './links/verify.ts';
export {
  type Assignment as Desired,
  type Claim,
  type Conflict,
  resolveClaims as desire,
} from './names/claims.ts';
export { sanitizePathPart as sanitizePart } from './names/sanitize.ts';
export { linkTarget, schemeLink, schemeNumber } from './names/scheme.ts';
export type { FileStatus as Status, Files, SystemFiles } from './system/files.ts';
export { nodeFiles } from './system/node/files.ts';
export { type Root, rootFrom } from './system/root-path.ts';

/** The public API of the package. */
export type { Device, FactName, Facts, Problem, Scan } from './devices/device.ts';
export { readFact, readFacts } from './devices/facts.ts';
export { findDevice } from './devices/find.ts';
export { findByWholeName as quickFind } from './devices/quick-find.ts';
export { scanDevices } from './devices/scan.ts';
export { type ExitStatus, exitStatus, VfioNamesError } from './errors.ts';
export { apply } from './links/apply.ts';
export type { Change, Outcome } from './links/change.ts';
export type { Finding, FindingCode } from './links/finding.ts';
export { type Machine, type Observation, observe } from './links/observe.ts';
export { plan } from './links/plan.ts';
export { type Resolution, resolveDevice } from './links/resolve.ts';
export { type SyncResult, sync } from './links/sync.ts';
export { type Verification, verify } from './links/verify.ts';
export {
  type Assignment as Desired,
  type Claim,
  type Conflict,
  resolveClaims as desire,
} from './names/desire.ts';
export { sanitizePathPart as sanitizePart } from './names/sanitize.ts';
export { linkTarget, schemeLink, schemeNumber } from './names/scheme.ts';
export type { FileStatus as Status, Files } from './system/files.ts';
export { nodeFiles } from './system/node-files.ts';
export { type Root, rootFrom } from './system/root.ts';

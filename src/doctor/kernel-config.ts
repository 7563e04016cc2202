/** Reads the configuration that the running kernel was built with. */
import { tryOrUndefined } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import type { System } from '../system/system.ts';

export interface KernelConfig {
  /** The file that was read. */
  readonly source: string;
  /** `y`, `m` or `n`. An option that is missing from the file is `n` too: one of its dependencies is off. */
  readonly option: (name: string) => 'y' | 'm' | 'n';
}

/** In bytes; real configurations have 300 KB or less. A file that unpacks to more is ignored. */
const MAX_CONFIG_SIZE = 4 << 20;

export interface ConfigSystem {
  readonly files: Files;
  readonly gunzip: System['gunzip'];
}

/**
 * Reads /proc/config.gz, or else the file that distributions install for `release`. Returns `undefined`
 * without either.
 */
export function readKernelConfig(
  { files, gunzip }: ConfigSystem,
  root: Root,
  release: string | undefined,
): KernelConfig | undefined {
  const packed = tryOrUndefined(() => files.readBytes(pathBelow(root, '/proc/config.gz'), MAX_CONFIG_SIZE));
  const text = packed && unpack(gunzip, packed);
  if (text !== undefined) return parseKernelConfig('/proc/config.gz', text);
  if (release === undefined || release.includes('/')) return undefined;
  // Debian, Fedora, Arch and derivatives; the last one is part of a complete module tree (Fedora, NixOS,
  // Talos).
  for (const path of [
    `/boot/config-${release}`,
    `/usr/lib/modules/${release}/config`,
    `/lib/modules/${release}/config`,
  ]) {
    const found = tryOrUndefined(() => files.read(pathBelow(root, path), MAX_CONFIG_SIZE));
    if (found !== undefined && /^(?:# )?CONFIG_/m.test(found)) return parseKernelConfig(path, found);
  }
  return undefined;
}

function unpack(gunzip: System['gunzip'], packed: Uint8Array): string | undefined {
  try {
    return gunzip(packed, MAX_CONFIG_SIZE);
  } catch {
    // Not gzip, or truncated: ignore it.
    return undefined;
  }
}

/** Parses lines like `CONFIG_X=y` and `CONFIG_X=m`; all other options are off. */
export function parseKernelConfig(source: string, text: string): KernelConfig {
  const options = new Map<string, 'y' | 'm'>();
  for (const match of text.matchAll(/^CONFIG_(\w+)=([ym])$/gm))
    options.set(match[1] ?? '', match[2] === 'm' ? 'm' : 'y');
  return { source, option: (name) => options.get(name) ?? 'n' };
}

/** The options that this kernel was built with, where the system keeps them. Knows no option's meaning. */
import { gunzipSync } from 'node:zlib';
import { tolerant } from '../holders/tolerant.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';

export interface KernelConfig {
  /** The file that told. */
  readonly source: string;
  /** `y`, `m` or `n`; an option that the file does not name at all is `n` too: what it depends on is off. */
  readonly option: (name: string) => 'y' | 'm' | 'n';
}

/** A configuration is 300 KB or less; a file that unpacks to more is none. */
const longest = 4 << 20;

/** Reads /proc/config.gz, else the text file of this release that distributions install. `undefined` where there is neither. */
export function readKernelConfig(
  files: Files,
  root: Root,
  release: string | undefined,
): KernelConfig | undefined {
  const packed = tolerant(() => files.bytes(at(root, '/proc/config.gz'), longest));
  const text = packed && unpack(packed);
  if (text !== undefined) return parseKernelConfig('/proc/config.gz', text);
  if (release === undefined || release.includes('/')) return undefined;
  // Debian, Fedora, Arch and their kin; the last is where a module tree is complete (Fedora, NixOS, Talos).
  for (const path of [
    `/boot/config-${release}`,
    `/usr/lib/modules/${release}/config`,
    `/lib/modules/${release}/config`,
  ]) {
    const found = tolerant(() => files.read(at(root, path), longest));
    if (found !== undefined && /^(?:# )?CONFIG_/m.test(found)) return parseKernelConfig(path, found);
  }
  return undefined;
}

function unpack(packed: Uint8Array): string | undefined {
  try {
    return gunzipSync(packed, { maxOutputLength: longest }).toString('utf8');
  } catch {
    // Not gzip, or cut off: as good as not there.
    return undefined;
  }
}

/** `CONFIG_X=y`; everything else is off. */
export function parseKernelConfig(source: string, text: string): KernelConfig {
  const options = new Map<string, 'y' | 'm'>();
  for (const match of text.matchAll(/^CONFIG_(\w+)=([ym])$/gm))
    options.set(match[1] ?? '', match[2] === 'm' ? 'm' : 'y');
  return { source, option: (name) => options.get(name) ?? 'n' };
}

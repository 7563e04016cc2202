/**
 * Renders the rules that `run` tests with udev: of the default policy, of the policies in this directory, and of random
 * policies with hostile strings. Usage: render.ts DIRECTORY
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { VfioNamesError } from '../../../src/errors.ts';
import { loadPolicy } from '../../../src/policy/load.ts';
import { defaultPolicy } from '../../../src/policy/policy.ts';
import { nodeFiles } from '../../../src/system/node/files.ts';
import { renderRules } from '../../../src/udev/render.ts';
import { hostilePolicy } from '../../support/hostile-policies.ts';

const directory = process.argv[2] ?? '.';
const here = import.meta.dirname;

const write = (name: string, text: string): void => writeFileSync(join(directory, `${name}.rules`), text);

write('checked-in', readFileSync(join(here, '../../../rules/70-vfio-names.rules'), 'utf8'));
// The rules of [[bind]]; the VM tests check their effect.
write('bind', readFileSync(join(here, '../../golden/rules/bind.udev'), 'utf8'));
write('default', renderRules('udev', defaultPolicy));
for (const file of readdirSync(join(here, 'policies')).filter((name) => name.endsWith('.toml')))
  write(
    file.slice(0, -'.toml'.length),
    renderRules('udev', await loadPolicy(nodeFiles, '', join(here, 'policies', file))),
  );

// The other two values of --via are only checked for syntax here; the VM tests check their effect.
for (const via of ['import', 'run'] as const) {
  const policy = await loadPolicy(nodeFiles, '', join(here, 'policies', 'helper.toml'));
  write(`helper-${via}`, renderRules('udev', policy, undefined, via));
}

let number = 0;
for (const policy of fc.sample(hostilePolicy, { seed: 1, numRuns: 400 })) {
  try {
    write(`hostile-${number}`, renderRules('udev', policy));
    number++;
  } catch (error) {
    if (!(error instanceof VfioNamesError)) throw error;
  }
}
if (number < 100)
  throw new Error(`expected 100 hostile policies or more that udev can express, found ${number}`);

/** `npm run fuzz -- [--seconds N] [--seed S] [--calls N]`: runs every fuzzer in turn with these options. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const fuzzers = ['vfio-id', 'commands'];
let failed = 0;
for (const name of fuzzers) {
  const args = ['--import', 'tsx', join(import.meta.dirname, `${name}.ts`), ...process.argv.slice(2)];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  console.log(`${status === 0 ? 'ok' : 'not ok'} - fuzz ${name}`);
  if (status !== 0) failed++;
}
console.log(`${fuzzers.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

/** `npm run fuzz -- [--seconds N] [--seed S] [--calls N]`: every fuzzer in turn, each with these words. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const fuzzers = ['vfio-id', 'commands'];
let failed = 0;
for (const name of fuzzers) {
  const words = ['--import', 'tsx', join(import.meta.dirname, `${name}.ts`), ...process.argv.slice(2)];
  const { status } = spawnSync(process.execPath, words, { stdio: 'inherit' });
  console.log(`${status === 0 ? 'ok' : 'not ok'} - fuzz ${name}`);
  if (status !== 0) failed++;
}
console.log(`${fuzzers.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

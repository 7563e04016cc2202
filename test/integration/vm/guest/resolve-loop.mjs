// Resolves devices by name COUNT times and writes each answer with the times before and after the call to the file ANSWERS:
// resolve-loop.mjs COUNT ANSWERS ADDRESS...
import { writeFileSync } from 'node:fs';
import { open, VfioNamesError } from '../../../../dist/index.js';

const [count = '0', path = '', ...addresses] = process.argv.slice(2);
const machine = await open();
const lines = [];
const errorCounts = new Map();
for (let turn = 0; turn < Number(count); turn++) {
  const address = addresses[turn % addresses.length];
  const from = process.hrtime.bigint();
  try {
    const { device, devnum } = machine.resolve(address);
    lines.push(`${from} ${process.hrtime.bigint()} ${device.name} ${device.sysname} ${devnum}
`);
  } catch (error) {
    if (!(error instanceof VfioNamesError)) throw error;
    errorCounts.set(error.code, (errorCounts.get(error.code) ?? 0) + 1);
  }
}
writeFileSync(path, lines.join(''));
console.log(
  `${lines.length} answers; errors: ${[...errorCounts].map(([code, times]) => `${code} ${times}`).join(', ') || 'none'}`,
);
// While a device is being unbound, its directory has no number for a moment, as on a kernel without nodes.
const unknown = [...errorCounts.keys()].filter(
  (code) => !['no-device', 'not-bound', 'device-changed', 'node-missing', 'no-cdev'].includes(code),
);
process.exitCode = lines.length >= 100 && unknown.length === 0 ? 0 : 1;

// Exchanges DIR/pci for a link to ELSEWHERE and back, as fast as it can, until it is killed: swap.cjs DIR ELSEWHERE
const { mkdirSync, renameSync, symlinkSync, unlinkSync } = require('node:fs');

const [, , directory, elsewhere] = process.argv;
const [place, aside] = [`${directory}/pci`, `${directory}/aside`];
const attempt = (act) => {
  try {
    act();
  } catch (error) {
    if (!error.code) throw error;
  }
};
process.stdout.write('ready\n');
for (;;) {
  attempt(() => renameSync(place, aside));
  attempt(() => symlinkSync(elsewhere, place));
  attempt(() => unlinkSync(place));
  attempt(() => mkdirSync(aside));
  attempt(() => renameSync(aside, place));
}

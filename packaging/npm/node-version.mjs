// The check that opens each built program: under a Node older than package.json's engines it prints one line and exits with 2.
// Plain ES5, which every Node reads; process.exit in `finally` also where standard error cannot be written.
export function nodeVersionCheck(engines) {
  const [, major, minor] = /^>=(\d+)\.(\d+)$/.exec(engines) ?? [];
  if (!minor) throw new Error(`expected engines.node like ">=20.19" in package.json, found "${engines}"`);
  return [
    '"use strict";',
    '(function (found) {',
    `  if (found[0] > ${major} || (found[0] == ${major} && found[1] >= ${minor})) return;`,
    '  try {',
    '    process.stderr.write(require("path").basename(__filename, ".cjs") +',
    `      ": expected Node ${major}.${minor} or later, found " + found.join(".") + " at " + process.execPath +`,
    '      "; install a later Node, or run this program with one\\n");',
    '  } finally {',
    '    process.exit(2);',
    '  }',
    '})(process.versions.node.split("."));',
  ].join('\n');
}

/** Runs the program from its source: node test/support/main.cjs ARGS */
require('./require-typescript.cjs');
require('../../src/main.ts');

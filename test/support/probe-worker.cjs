/** Runs the second process of probe from its source. */
require('./require-typescript.cjs');
require('../../src/probe/worker-main.ts');

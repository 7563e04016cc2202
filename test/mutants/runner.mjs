/**
 * A test runner for Stryker that stays in one process: each test file is bundled once with all mutants in it, and the
 * bundle is evaluated anew for each mutant, so that tables at the top of a file are mutated too. For pure code only.
 */
import { commonTokens, declareFactoryPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin';
import { DryRunStatus, MutantRunStatus, TestStatus } from '@stryker-mutator/api/test-runner';
import { bundle, evaluate, testFiles } from './bundle.mjs';

function createRunner(options) {
  /** What the mutants look at: which of them is on, and which test runs (INSTRUMENTER_CONSTANTS of Stryker's API). */
  globalThis.__stryker__ ??= {};
  const space = globalThis.__stryker__;
  const bundles = [];
  return {
    capabilities: () => ({ reloadEnvironment: true }),
    async init() {
      evaluate(await bundle('test/helpers/seed.ts'));
      for (const file of testFiles(options.inProcess.tests)) bundles.push(await bundle(file));
    },
    async dryRun() {
      const results = [];
      for (const one of bundles) {
        space.currentTestId = undefined;
        for (const test of evaluate(one)) results.push(await tryTest(space, test));
      }
      return { status: DryRunStatus.Complete, tests: results, mutantCoverage: space.mutantCoverage };
    },
    async mutantRun({ activeMutant, testFilter, hitLimit }) {
      const hitCount = hitLimit === undefined ? undefined : 0;
      Object.assign(space, { activeMutant: activeMutant.id, currentTestId: undefined, hitLimit, hitCount });
      const result = await firstFailure(bundles, testFilter && new Set(testFilter));
      space.activeMutant = undefined;
      return hitLimit !== undefined && space.hitCount > hitLimit
        ? { status: MutantRunStatus.Timeout, reason: 'too many steps' }
        : result;
    },
  };
}
createRunner.inject = tokens(commonTokens.options);

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'in-process', createRunner)];

/** One test without a mutant, with the mutants that it comes by. */
async function tryTest(space, { id, name, run }) {
  space.currentTestId = id;
  const begin = performance.now();
  const failureMessage = await failureOf(run);
  const timeSpentMs = performance.now() - begin;
  return failureMessage === undefined
    ? { id, name, timeSpentMs, status: TestStatus.Success }
    : { id, name, timeSpentMs, status: TestStatus.Failed, failureMessage };
}

/** The tests that come by the mutant, until one fails; all tests where `asked` is not given. */
async function firstFailure(bundles, asked) {
  let nrOfTests = 0;
  const killed = (by, failureMessage) => ({
    status: MutantRunStatus.Killed,
    killedBy: [by],
    failureMessage,
    nrOfTests,
  });
  for (const one of bundles) {
    if (asked && !one.ids.some((id) => asked.has(id))) continue;
    let tests = [];
    const broken = await failureOf(() => {
      tests = evaluate(one);
    });
    if (broken !== undefined) return killed(one.ids[0], broken);
    for (const { id, run } of tests) {
      if (asked && !asked.has(id)) continue;
      nrOfTests++;
      const failure = await failureOf(run);
      if (failure !== undefined) return killed(id, failure);
    }
  }
  return { status: MutantRunStatus.Survived, nrOfTests };
}

async function failureOf(run) {
  try {
    await run();
    return undefined;
  } catch (error) {
    return String(error?.message ?? error);
  }
}

/**
 * A test runner for Stryker that uses one process: it bundles each test file once with all mutants and evaluates the
 * bundle again for each mutant, so that mutants in module-level tables take effect, too. For pure code only.
 */
import { commonTokens, declareFactoryPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin';
import { DryRunStatus, MutantRunStatus, TestStatus } from '@stryker-mutator/api/test-runner';
import { bundle, evaluate, testFiles } from './bundle.mjs';

function createRunner(options) {
  /** The object that mutants read: the active mutant and the current test (INSTRUMENTER_CONSTANTS of Stryker's API). */
  globalThis.__stryker__ ??= {};
  const space = globalThis.__stryker__;
  const bundles = [];
  return {
    capabilities: () => ({ reloadEnvironment: true }),
    async init() {
      evaluate(await bundle('test/support/seed.ts'));
      for (const file of testFiles(options.inProcess.tests)) bundles.push(await bundle(file));
    },
    async dryRun() {
      const results = [];
      for (const testBundle of bundles) {
        space.currentTestId = undefined;
        for (const test of evaluate(testBundle)) results.push(await dryRunTest(space, test));
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

/** Runs one test without a mutant; Stryker's instrumentation records the mutants that it covers. */
async function dryRunTest(space, { id, name, run }) {
  space.currentTestId = id;
  const begin = performance.now();
  const failureMessage = await failureOf(run);
  const timeSpentMs = performance.now() - begin;
  return failureMessage === undefined
    ? { id, name, timeSpentMs, status: TestStatus.Success }
    : { id, name, timeSpentMs, status: TestStatus.Failed, failureMessage };
}

/** Runs the tests with the ids in `filter`, or all tests without it, until one fails. */
async function firstFailure(bundles, filter) {
  let nrOfTests = 0;
  const killed = (by, failureMessage) => ({
    status: MutantRunStatus.Killed,
    killedBy: [by],
    failureMessage,
    nrOfTests,
  });
  for (const testBundle of bundles) {
    if (filter && !testBundle.ids.some((id) => filter.has(id))) continue;
    let tests = [];
    const broken = await failureOf(() => {
      tests = evaluate(testBundle);
    });
    if (broken !== undefined) return killed(testBundle.ids[0], broken);
    for (const { id, run } of tests) {
      if (filter && !filter.has(id)) continue;
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

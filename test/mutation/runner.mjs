/**
 * A test runner for Stryker that uses one process: it bundles each test file once with all mutants and evaluates the
 * bundle again for each mutant, so that mutants in module-level tables take effect, too. For pure code only.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { commonTokens, declareFactoryPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin';
import { DryRunStatus, MutantRunStatus, TestStatus } from '@stryker-mutator/api/test-runner';
import fc from 'fast-check';
import { bundle, evaluate, testFiles } from './bundle.mjs';

/** The milliseconds that each test took in the first run, by its id: Stryker starts other processes after that run. */
const timesFile = 'test-times.json';

function createRunner(options) {
  /** The object that mutants read: the active mutant and the current test (INSTRUMENTER_CONSTANTS of Stryker's API). */
  globalThis.__stryker__ ??= {};
  const space = globalThis.__stryker__;
  const bundles = [];
  /** The test that killed the last mutant of a source: it often kills the next one, too. */
  const lastKillers = new Map();
  let times = new Map();
  return {
    capabilities: () => ({ reloadEnvironment: true }),
    async init() {
      evaluate(await bundle('test/support/seed.ts'));
      // The first counterexample of a property kills a mutant; a smaller one would not be printed.
      fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
      const { tests, skippedForSize, propertyRuns } = options.inProcess;
      for (const file of testFiles(tests)) bundles.push(await bundle(file, skippedForSize, propertyRuns));
      if (existsSync(timesFile)) times = new Map(JSON.parse(readFileSync(timesFile, 'utf8')));
    },
    async dryRun() {
      const results = [];
      for (const testBundle of bundles) {
        space.currentTestId = undefined;
        for (const test of evaluate(testBundle)) results.push(await dryRunTest(space, test));
      }
      times = new Map(results.map(({ id, timeSpentMs }) => [id, timeSpentMs]));
      writeFileSync(timesFile, JSON.stringify([...times]));
      return { status: DryRunStatus.Complete, tests: results, mutantCoverage: space.mutantCoverage };
    },
    async mutantRun({ activeMutant, sandboxFileName, testFilter, hitLimit: hundredfold }) {
      // Stryker allows a hundred times the steps of all tests, which take seconds; ten times are an endless loop, too.
      const hitLimit = hundredfold && hundredfold / 10;
      const hitCount = hitLimit === undefined ? undefined : 0;
      Object.assign(space, { activeMutant: activeMutant.id, currentTestId: undefined, hitLimit, hitCount });
      const source = relative(process.cwd(), sandboxFileName);
      const concerned = bundles.filter(({ sources }) => sources.has(source));
      const filter = testFilter && new Set(testFilter);
      const known = lastKillers.get(source);
      let result;
      if (known !== undefined && (filter === undefined || filter.has(known)))
        result = await firstFailure(
          concerned.filter(({ ids }) => ids.includes(known)),
          new Set([known]),
          times,
        );
      if (result?.status !== MutantRunStatus.Killed) result = await firstFailure(concerned, filter, times);
      if (result.status === MutantRunStatus.Killed) lastKillers.set(source, result.killedBy[0]);
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

/** Runs the tests with the ids in `filter`, or all tests without it, the fastest first, until one fails. */
async function firstFailure(bundles, filter, times) {
  const killed = (by, failureMessage, nrOfTests) => ({
    status: MutantRunStatus.Killed,
    killedBy: [by],
    failureMessage,
    nrOfTests,
  });
  const tests = [];
  for (const testBundle of bundles) {
    if (filter && !testBundle.ids.some((id) => filter.has(id))) continue;
    const broken = await failureOf(() => {
      tests.push(...evaluate(testBundle).filter(({ id }) => !filter || filter.has(id)));
    });
    if (broken !== undefined) return killed(testBundle.ids[0], broken, 0);
  }
  tests.sort((a, b) => (times.get(a.id) ?? 0) - (times.get(b.id) ?? 0));
  for (const [index, { id, run }] of tests.entries()) {
    const failure = await failureOf(run);
    if (failure !== undefined) return killed(id, failure, index + 1);
  }
  return { status: MutantRunStatus.Survived, nrOfTests: tests.length };
}

async function failureOf(run) {
  try {
    await run();
    return undefined;
  } catch (error) {
    return String(error?.message ?? error);
  }
}

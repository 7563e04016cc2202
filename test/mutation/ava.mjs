/**
 * A stand-in for ava in one process, for tests of pure code. The assertions are ava's own class, which ava does not
 * export; ava.test.ts checks that the tests use nothing else. A failed assertion throws.
 */
const { Assertions } = await import(new URL('../lib/assert.js', import.meta.resolve('ava')).href);

/** Returns a `test` function like ava's and the list to which it adds the tests. */
export function gather() {
  const tests = [];
  const test = (...args) => {
    const [title, body, ...values] = typeof args[0] === 'string' ? args : [undefined, ...args];
    const run = () => runTest(body.exec ?? body, values);
    tests.push({ title: body.title?.(title, ...values) ?? title, run });
  };
  return { test: Object.assign(test, { serial: test, macro: (body) => body, skip: () => undefined }), tests };
}

/** The object that a test gets as `t`. */
export class Context extends Assertions {
  pending = [];
  failures = [];
  teardowns = [];

  constructor() {
    super({
      pass: () => true,
      fail: (error) => error,
      pending: () => undefined,
      failPending: (error) => error,
    });
    this.throwsAsync = this.remember(this.throwsAsync);
    this.notThrowsAsync = this.remember(this.notThrowsAsync);
  }

  /** Returns the assertion, whose failure counts although the test does not await it. */
  remember(assertion) {
    return (...args) => {
      const result = assertion(...args);
      this.pending.push(result.catch((error) => this.failures.push(error)));
      return result;
    };
  }

  log = () => undefined;
  timeout = () => undefined;
  teardown = (fn) => this.teardowns.push(fn);
}

async function runTest(run, values) {
  const t = new Context();
  try {
    await run(t, ...values);
    await Promise.all(t.pending);
    if (t.failures.length > 0) throw t.failures[0];
  } finally {
    for (const fn of t.teardowns.reverse()) await fn();
  }
}

/** The part of ava's API that tests of pure code use, in one process: a failed assertion throws. */
import assert from 'node:assert';
import { isDeepStrictEqual } from 'node:util';

/** Returns a `test` function like ava's and the list to which it adds the tests. */
export function gather() {
  const tests = [];
  const test = (...args) => {
    const [title, body, ...values] = typeof args[0] === 'string' ? args : [undefined, ...args];
    const run = () => withTeardowns(body.exec ?? body, values);
    tests.push({ title: body.title?.(title, ...values) ?? title, run });
  };
  return { test: Object.assign(test, { macro: (body) => body, skip: () => undefined }), tests };
}

async function withTeardowns(run, values) {
  const teardowns = [];
  try {
    await run({ ...assertions, teardown: (fn) => teardowns.push(fn) }, ...values);
  } finally {
    for (const fn of teardowns.reverse()) await fn();
  }
}

const ok = (condition, message = 'not as expected') => assert.ok(condition, message);

const assertions = {
  is: (found, expected, message) => ok(Object.is(found, expected), message),
  deepEqual: (found, expected, message) => ok(isDeepStrictEqual(found, expected), message),
  true: (found, message) => ok(found === true, message),
  false: (found, message) => ok(found === false, message),
  regex: (text, expression, message) => ok(expression.test(text), message),
  notRegex: (text, expression, message) => ok(!expression.test(text), message),
  pass: () => undefined,
  throws(fn, { code, message, instanceOf } = {}) {
    const error = thrownBy(fn);
    ok(error instanceof (instanceOf ?? Error), 'nothing was thrown, or something else');
    ok(code === undefined || error.code === code);
    ok(message === undefined || (message.test?.(error.message) ?? message === error.message));
    return error;
  },
};

function thrownBy(fn) {
  try {
    fn();
    return undefined;
  } catch (error) {
    return error;
  }
}

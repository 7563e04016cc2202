/** As much of ava as tests of pure code use, without its processes: a failed assertion throws. */
import assert from 'node:assert';
import { isDeepStrictEqual } from 'node:util';

/** A `test` function like ava's, and the list that it fills. */
export function gather() {
  const tests = [];
  const test = (...given) => {
    const [title, body, ...values] = typeof given[0] === 'string' ? given : [undefined, ...given];
    const run = () => withTeardowns(body.exec ?? body, values);
    tests.push({ title: body.title?.(title, ...values) ?? title, run });
  };
  return { test: Object.assign(test, { macro: (body) => body, skip: () => undefined }), tests };
}

async function withTeardowns(run, values) {
  const teardowns = [];
  try {
    await run({ ...assertions, teardown: (act) => teardowns.push(act) }, ...values);
  } finally {
    for (const act of teardowns.reverse()) await act();
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
  throws(act, { code, message, instanceOf } = {}) {
    const error = thrownBy(act);
    ok(error instanceof (instanceOf ?? Error), 'nothing was thrown, or something else');
    ok(code === undefined || error.code === code);
    ok(message === undefined || (message.test?.(error.message) ?? message === error.message));
    return error;
  },
};

function thrownBy(act) {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}

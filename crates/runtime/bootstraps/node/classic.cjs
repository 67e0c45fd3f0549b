// Contract 22: callbacks, `context.succeed`, and `null` from whoever says nothing until the event loop is empty.
'use strict';

const contextOf = require('./context.cjs').classic;

const TWICE =
  'Invocation has already been reported as done. Cannot call complete more than once per invocation.';

module.exports = (handler, { logError, setInvocation }) => {
  const { serialize } = require('./errors.cjs')(false);
  return (invocation, given, text) => {
    setInvocation(given, () => runOne(invocation, given, text));
  };

  async function runOne(invocation, given, text) {
    invocation.letLoopEnd();
    const answer = ways(invocation);
    // From here on the stack begins with the handler, not with how its event came.
    await undefined;
    invocation.onEmptyLoop(answer.nothing);
    try {
      const event = JSON.parse(text);
      const context = contextOf(given, answer);
      const result = handler(event, context, answer.callback);
      if (result && typeof result.then === 'function') {
        const settled = result.then(context.succeed, context.fail);
        if (settled && typeof settled.catch === 'function') settled.catch(context.fail);
      }
    } catch (error) {
      answer.callback(error);
    }
  }

  /** The ways to answer one event, of which the first counts. */
  function ways(invocation) {
    let completed = false;
    let finished = false;
    const waiting = { wanted: true };
    const respond = (value) => {
      if (completed) return console.error(TWICE);
      completed = true;
      invocation.respond(serialize(value));
    };
    const failed = (error) => {
      logError('Invoke Error', error);
      invocation.fail(error);
    };
    const first = (act) => (...values) => {
      if (finished) return;
      act(...values);
      // What throws has not answered.
      finished = true;
    };
    const done = (error, value) => {
      invocation.onEmptyLoop(null);
      if (error !== undefined && error !== null) failed(error);
      else respond(value);
    };
    const callback = (error, value) => {
      if (!waiting.wanted || (error !== undefined && error !== null)) return done(error, value);
      invocation.onEmptyLoop(() => setImmediate(() => respond(value)));
    };
    return {
      waiting,
      callback: first(callback),
      succeed: first((value) => done(null, value)),
      fail: first((error) => done(error === undefined || error === null ? 'handled' : error)),
      done: first(done),
      nothing: () => {
        completed = true;
        invocation.respond('null');
      },
    };
  }
};

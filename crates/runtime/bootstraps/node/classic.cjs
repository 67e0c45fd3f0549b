// Contract 22: callbacks, `context.succeed`, and `null` from whoever says nothing until the event loop is empty.
'use strict';

const { ofEnvironment, ofInvocation } = require('./context.cjs');

const TWICE =
  'Invocation has already been reported as done. Cannot call complete more than once per invocation.';

module.exports = (handler, { logError, setInvocation }) => {
  const { serialize } = require('./errors.cjs')(false);
  return (invocation, given, text) => {
    setInvocation(given, () => runOne(invocation, given, text));
  };

  async function runOne(invocation, given, text) {
    invocation.letLoopEnd();
    const { callback, context, saysNothing } = ways(invocation);
    // From here on the stack begins with the handler, not with how its event came.
    await undefined;
    invocation.onEmptyLoop(saysNothing);
    try {
      const event = JSON.parse(text);
      const result = handler(event, Object.assign(context, ofEnvironment(), ofInvocation(given)), callback);
      if (result && typeof result.then === 'function') {
        const settled = result.then(context.succeed, context.fail);
        if (settled && typeof settled.catch === 'function') settled.catch(context.fail);
      }
    } catch (error) {
      callback(error);
    }
  }

  /** The ways to answer one event, of which the first counts. */
  function ways(invocation) {
    let completed = false;
    let finished = false;
    let waits = true;
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
      if (!waits || (error !== undefined && error !== null)) return done(error, value);
      invocation.onEmptyLoop(() => setImmediate(() => respond(value)));
    };
    const context = {
      get callbackWaitsForEmptyEventLoop() {
        return waits;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        waits = value;
      },
      succeed: first((value) => done(null, value)),
      fail: first((error) => done(error === undefined || error === null ? 'handled' : error)),
      done: first(done),
    };
    const saysNothing = () => {
      completed = true;
      invocation.respond('null');
    };
    return { callback: first(callback), context, saysNothing };
  }
};

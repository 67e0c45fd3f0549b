// Contract 24: what the handler returns or throws is the answer, and a process whose event loop is empty ends.
'use strict';

const contextOf = require('./context.cjs').modern;

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

module.exports = (handler, { logError, setInvocation }) => {
  const { serialize } = require('./errors.cjs')(true);
  return (invocation, given, text) => {
    // What these throw ends the process.
    const context = contextOf(given);
    const event = JSON.parse(text);
    invocation.letLoopEnd();
    setInvocation(given, () => runOne(invocation, context, event));
  };

  async function runOne(invocation, context, event) {
    // From here on the stack begins with the handler, not with how its event came.
    await undefined;
    try {
      const result = await handler(event, context);
      // A rejection that nobody handles ends the process before the answer is given.
      await nextTurn();
      invocation.respond(serialize(result));
    } catch (error) {
      await nextTurn();
      logError('Invoke Error', error);
      invocation.fail(error);
    }
  }
};

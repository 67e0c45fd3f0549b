// Errors: the runtime's own, and the JSON of any.
'use strict';

const DELETE = /\x7F/g;
const escaped = (text) => text?.replace(DELETE, '%7F');

/** An error of the runtime's own. Contract 24 shows its name among what it carries, 22 has it from its class. */
function runtimeError(modern, name, message, more = {}) {
  const type = `Runtime.${name}`;
  if (modern) return Object.assign(new Error(message), { name: type }, more);
  class RuntimeError extends Error {}
  RuntimeError.prototype.name = type;
  return Object.assign(new RuntimeError(message), more);
}

const looksLikeError = (error) =>
  error && ['name', 'message', 'stack'].every((key) => error[key] && typeof error[key] === 'string');

module.exports = (modern) => {
  const isError = modern
    ? (error) => error instanceof Error
    : (error) => require('util').types.isNativeError(error) || looksLikeError(error);

  /** What the caller sees of an error. */
  function describe(error) {
    try {
      if (!isError(error)) {
        return { errorType: typeof error, errorMessage: modern ? String(error) : error.toString(), trace: [] };
      }
      const trace = modern ? escaped(error.stack)?.split('\n') || [] : escaped(error.stack).split('\n');
      return { errorType: escaped(error.name), errorMessage: escaped(error.message), trace };
    } catch {
      const errorMessage =
        'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack';
      return { errorType: 'handled', errorMessage, ...(modern ? { trace: [] } : {}) };
    }
  }

  const make = (name, message, more) => runtimeError(modern, name, message, more);
  const unhandled = (reason, promise) => make('UnhandledPromiseRejection', String(reason), { reason, promise });

  /** The text of an answer. */
  function serialize(value) {
    try {
      const text = JSON.stringify(value === undefined ? null : value);
      // A function or a symbol has no text.
      return text === undefined ? 'null' : text;
    } catch {
      const message = 'Unable to stringify response body';
      throw modern ? make('JSONStringifyError', message) : new Error(message);
    }
  }

  return { describe, make, serialize, unhandled };
};

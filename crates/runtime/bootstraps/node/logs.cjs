// The console: its lines carry time, request and level, as text or as JSON, to the standard output or in frames.
'use strict';

const fs = require('fs');
const format = (...values) => require('util').format(...values);

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const [TEXT_FRAME, JSON_FRAME] = [0xa55a0003, 0xa55a0002];
const IDS = ['requestId', 'tenantId'].map((name) => Symbol.for(`aws.lambda.runtime.${name}`));

/** Writes all of it: a pipe that is full is waited for. */
function writeAll(fd, bytes) {
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(fs.writeSync(fd, bytes));
    } catch (error) {
      if (error.code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

const toStdout = (text) => writeAll(1, Buffer.from(text.replace(/\n/g, '\r') + '\n'));

/** Type and length (`u32`), microseconds since the epoch (`u64`), the event. */
function toFrames(fd, type) {
  return (text, time, level) => {
    const content = Buffer.from(text);
    const head = Buffer.allocUnsafe(16);
    head.writeUInt32BE((type | ((LEVELS.indexOf(level) + 1) << 2)) >>> 0, 0);
    head.writeUInt32BE(content.length, 4);
    head.writeBigInt64BE(BigInt(time.valueOf()) * 1000n, 8);
    writeAll(fd, Buffer.concat([head, content]));
  };
}

const classOf = (error) => error?.constructor?.name ?? 'UnknownError';
const linesOf = (stack, otherwise) => (typeof stack === 'string' ? stack.split('\n') : otherwise);

function withErrors(_, value) {
  if (!(value instanceof Error)) return value;
  const shown = { errorType: classOf(value), errorMessage: value.message, stackTrace: linesOf(value.stack, value.stack) };
  return Object.assign(shown, value);
}

/** One line of JSON. */
function jsonLine(time, ids, level, values, modern) {
  const line = { timestamp: time.toISOString(), level, requestId: ids.requestId };
  if (ids.tenantId) line.tenantId = ids.tenantId;
  if (values.length === 1) {
    line.message = values[0];
    try {
      return JSON.stringify(line, withErrors);
    } catch {
      line.message = format(line.message);
      return JSON.stringify(line);
    }
  }
  line.message = format(...values);
  const error = values.slice(modern ? 1 : 0).find((value) => value instanceof Error);
  if (error) {
    Object.assign(line, { errorType: classOf(error), errorMessage: error.message, stackTrace: linesOf(error.stack, []) });
  }
  return JSON.stringify(line);
}

/** An error with all that it carries, for a line of text. */
function detailed(_, error) {
  if (!(error instanceof Error)) return error;
  const shown = Object.assign({ errorType: error.name, errorMessage: error.message, code: error.code }, error);
  if (typeof error.stack === 'string') shown.stack = error.stack.split('\n');
  return shown;
}

module.exports = (modern) => {
  const { describe } = require('./errors.cjs')(modern);
  const json = process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === 'JSON';
  const least = Math.max(LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase()), 0);
  const fd = Number(process.env._LAMBDA_TELEMETRY_LOG_FD || NaN);
  delete process.env._LAMBDA_TELEMETRY_LOG_FD;
  const framed = Number.isInteger(fd);
  const write = framed ? toFrames(fd, json ? JSON_FRAME : TEXT_FRAME) : toStdout;
  const { contextOf, store } = modern ? require('./store.cjs') : {};
  const ids = modern
    ? () => ({ requestId: store.getRequestId(), tenantId: store.getTenantId() })
    : () => ({ requestId: globalThis[IDS[0]], tenantId: globalThis[IDS[1]] });

  const log = (level) => (message, ...more) => {
    const time = new Date();
    if (json) return write(jsonLine(time, ids(), level, [message, ...more], modern), time, level);
    const text = `${time.toISOString()}\t${ids().requestId}\t${level}\t${format(message, ...more)}`;
    write(framed ? text + '\n' : text, time, level);
  };
  LEVELS.forEach((level, at) => {
    // Contract 22 writes what is fatal whatever the level.
    const shown = at >= least || (level === 'FATAL' && !modern);
    console[level.toLowerCase()] = shown ? log(level) : () => {};
  });
  console.log = console.info;

  function logError(title, failure) {
    const error = failure instanceof Error ? failure : new Error(modern ? String(failure) : failure);
    if (json) return console.error(error);
    let text;
    try {
      text = JSON.stringify(error, detailed);
    } catch {
      text = JSON.stringify(describe(error));
    }
    console.error(title, '\t' + text);
  }

  /** Says whose lines follow; runs `act` as part of the invocation. */
  function setInvocation(given, act) {
    if (modern) return store.run(contextOf(given), act);
    [globalThis[IDS[0]], globalThis[IDS[1]]] = [given.requestId, given.tenantId];
    return act();
  }

  return { logError, setInvocation };
};

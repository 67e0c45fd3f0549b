// Runs a Lambda handler: reads events from an inherited socket and writes answers to it. The frames are described in
// `frames.rs` of the runtime. `WEFT_NODE_CONTRACT` says which of Lambda's two contracts holds: 22 (callbacks, answers at
// an empty event loop) or 24 (neither).
'use strict';

const fs = require('fs');
const net = require('net');
const path = require('path');

const MODERN = Number(process.env.WEFT_NODE_CONTRACT) >= 24;
const FD = Number(process.env.WEFT_FRAMES_FD);
delete process.env.WEFT_FRAMES_FD;
delete process.env.WEFT_NODE_CONTRACT;
const JSON_LOGS = (process.env.AWS_LAMBDA_LOG_FORMAT || '').toUpperCase() === 'JSON';
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const [INVOKE, READY, INIT_ERROR, RESPONSE, ERROR, BEGIN, CHUNK, END] = [1, 16, 17, 18, 19, 21, 22, 23];
const CHUNK_BYTES_MAX = 64 << 10;

const socket = new net.Socket({ fd: FD, readable: true, writable: true });
let requestId;
let handler;
/** What answers at an empty event loop, where something does. */
let atEmptyLoop = null;
let finishInvocation = null;

// ---- frames

function send(kind, content, done, number = Buffer.alloc(0)) {
  const head = Buffer.allocUnsafe(5 + number.length);
  head.writeUInt32BE(number.length + content.length + 1, 0);
  head[4] = kind;
  number.copy(head, 5);
  socket.cork();
  socket.write(head);
  socket.write(content, done);
  socket.uncork();
}

let pending = [];
let pendingLength = 0;

function onData(chunk) {
  pending.push(chunk);
  pendingLength += chunk.length;
  if (pendingLength < 5) return;
  let data = pending[0];
  if (data.length < 4) {
    data = Buffer.concat(pending, pendingLength);
    pending = [data];
  }
  const length = data.readUInt32BE(0) + 4;
  if (pendingLength < length) return;
  if (pending.length > 1) data = Buffer.concat(pending, pendingLength);
  pending = data.length > length ? [data.subarray(length)] : [];
  pendingLength = data.length - length;
  if (data[4] === INVOKE) onInvoke(data.subarray(5, length));
}

function onInvoke(data) {
  // The number goes back as it came, with what this very event's handler answers.
  const number = Buffer.from(data.subarray(0, 8));
  const deadlineMs = Number(data.readBigInt64BE(8));
  let at = 16;
  const texts = [];
  for (let i = 0; i < 5; i++) {
    const end = at + 4 + data.readUInt32BE(at);
    texts.push(data.toString('utf8', at + 4, end));
    at = end;
  }
  const [id, arn, traceId, clientContext, identity] = texts;
  requestId = id;
  if (traceId) process.env._X_AMZN_TRACE_ID = traceId;
  else delete process.env._X_AMZN_TRACE_ID;
  let event;
  try {
    event = JSON.parse(data.toString('utf8', at));
  } catch (error) {
    return sendError(number, error);
  }
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: clientContext ? JSON.parse(clientContext) : undefined,
    identity: identity ? JSON.parse(identity) : undefined,
    invokedFunctionArn: arn,
    awsRequestId: id,
    tenantId: undefined,
    getRemainingTimeInMillis: () => Math.max(deadlineMs - Date.now(), 0),
  };
  if (handler[STREAMING]) return runStreaming(number, event, context);
  // From here on only the handler's own doings keep the loop going.
  socket.unref();
  if (MODERN) runModern(number, event, context);
  else runClassic(number, event, context);
}

// ---- answers

function serialize(value) {
  try {
    const text = JSON.stringify(value === undefined ? null : value);
    return Buffer.from(text === undefined ? 'null' : text);
  } catch {
    throw new Error('Unable to stringify response body');
  }
}

function sendResponse(number, value) {
  let body;
  try {
    body = serialize(value);
  } catch (error) {
    return sendError(number, error);
  }
  finish(number, RESPONSE, body);
}

function sendError(number, error, done) {
  logFailure('Invoke Error', error);
  finish(number, ERROR, Buffer.from(JSON.stringify(describe(error))), done);
}

function finish(number, kind, body, done) {
  atEmptyLoop = null;
  finishInvocation = null;
  socket.ref();
  send(kind, body, done, number);
}

function describe(error) {
  if (error instanceof Error || (error && error.name && error.message && error.stack)) {
    return { errorType: error.name, errorMessage: error.message, trace: String(error.stack || '').split('\n') };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

// ---- the two contracts

function runModern(number, event, context) {
  delete context.callbackWaitsForEmptyEventLoop;
  new Promise((resolve) => resolve(handler(event, context))).then(
    (value) => sendResponse(number, value),
    (error) => sendError(number, error),
  );
}

function runClassic(number, event, context) {
  let over = false;
  const once = (act) => (...values) => {
    if (over) return;
    over = true;
    atEmptyLoop = null;
    act(...values);
  };
  const now = once((error, value) => {
    if (error !== undefined && error !== null) sendError(number, error);
    else sendResponse(number, value);
  });
  context.succeed = (value) => now(null, value);
  context.fail = (error) => now(error === undefined || error === null ? 'handled' : error);
  context.done = now;
  const callback = once((error, value) => {
    if (error !== undefined && error !== null) return sendError(number, error);
    if (context.callbackWaitsForEmptyEventLoop) atEmptyLoop = () => sendResponse(number, value);
    else setImmediate(() => sendResponse(number, value));
  });
  atEmptyLoop = once(() => sendResponse(number, null));
  finishInvocation = once((error, done) => sendError(number, error, done));
  try {
    const result = handler(event, context, callback);
    if (result && typeof result.then === 'function') {
      result.then(context.succeed, context.fail);
    }
  } catch (error) {
    now(error);
  }
}

process.on('beforeExit', () => {
  const act = atEmptyLoop;
  atEmptyLoop = null;
  if (act) act();
});

// ---- streamed answers

function runStreaming(number, event, context) {
  const { Writable } = require('stream');
  let begun = false;
  let over = false;
  const begin = () => {
    if (begun) return;
    begun = true;
    send(BEGIN, Buffer.from(stream.contentType), undefined, number);
  };
  const stream = new Writable({
    // The socket calls back when it has taken a chunk: until then the handler is told to wait.
    write(chunk, encoding, done) {
      if (over) return done();
      const bytes = Buffer.from(chunk, encoding);
      begin();
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES_MAX) {
        const last = at + CHUNK_BYTES_MAX >= bytes.length;
        send(CHUNK, bytes.subarray(at, at + CHUNK_BYTES_MAX), last ? () => done() : undefined, number);
      }
      if (bytes.length === 0) done();
    },
    final(done) {
      done();
      conclude();
    },
  });
  stream.contentType = 'application/octet-stream';
  stream.setContentType = (type) => {
    stream.contentType = String(type);
  };
  const conclude = (error) => {
    if (over) return;
    over = true;
    if (error !== undefined) return sendError(number, error);
    begin();
    finish(number, END, Buffer.alloc(0));
  };
  stream.on('error', conclude);
  finishInvocation = (error, done) => {
    over = true;
    sendError(number, error, done);
  };
  const failed = (error) => conclude(error === undefined ? 'undefined' : error);
  try {
    Promise.resolve(handler(event, stream, context)).catch(failed);
  } catch (error) {
    failed(error);
  }
}

function provideStreaming() {
  if (process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA === '1') return;
  const given = globalThis.awslambda || {};
  globalThis.awslambda = given;
  given.streamifyResponse = (streamed) => {
    streamed[STREAMING] = 'response';
    return streamed;
  };
  given.HttpResponseStream = class {
    static from(stream, prelude) {
      stream.setContentType('application/vnd.awslambda.http-integration-response');
      stream.write(Buffer.concat([Buffer.from(JSON.stringify(prelude)), Buffer.alloc(8)]));
      return stream;
    }
  };
}

// ---- logs

const LEVELS = { TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 };
const LEVEL_MIN = LEVELS[(process.env.AWS_LAMBDA_LOG_LEVEL || '').toUpperCase()] || 1;

function writeLine(text) {
  let rest = Buffer.from(text + '\n');
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(1, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

function log(level, values) {
  if (LEVELS[level] < LEVEL_MIN) return;
  const time = new Date().toISOString();
  if (!JSON_LOGS) {
    const text = require('util').format(...values);
    return writeLine(`${time}\t${requestId}\t${level}\t${text.replace(/\n/g, '\r')}`);
  }
  const line = { timestamp: time, level, requestId };
  const [first] = values;
  if (values.length === 1 && first instanceof Error) {
    const { errorType, errorMessage, trace } = describe(first);
    line.message = { errorType, errorMessage, stackTrace: trace };
  } else if (values.length === 1 && first !== null && typeof first === 'object') {
    line.message = first;
  } else {
    line.message = require('util').format(...values);
  }
  try {
    writeLine(JSON.stringify(line));
  } catch {
    writeLine(JSON.stringify({ ...line, message: require('util').format(...values) }));
  }
}

function logFailure(title, error) {
  if (JSON_LOGS) return log('ERROR', [error]);
  const { errorType, errorMessage, trace } = describe(error);
  const extra = error && typeof error === 'object' ? error : {};
  const text = JSON.stringify({ errorType, errorMessage, ...extra, stack: trace }, safely());
  log('ERROR', [`${title} \t${text}`]);
}

/** Leaves out what would make a cycle. */
function safely() {
  const seen = new WeakSet();
  return (key, value) => {
    if (typeof value === 'bigint') return String(value);
    if (value === null || typeof value !== 'object') return value;
    if (seen.has(value)) return undefined;
    seen.add(value);
    return value;
  };
}

function takeConsole() {
  const levels = { log: 'INFO', debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR', trace: 'TRACE', fatal: 'FATAL' };
  for (const [name, level] of Object.entries(levels)) console[name] = (...values) => log(level, values);
}

// ---- the handler

function runtimeError(type, message) {
  const error = message instanceof Error ? new Error(String(message)) : new Error(message);
  if (message instanceof Error) error.stack = message.stack;
  error.name = 'Runtime.' + type;
  return error;
}

async function findModule(root, folder, name) {
  const file = path.resolve(root, folder, name);
  const load = MODERN ? loadModern : loadClassic;
  const loaded = await load(file);
  if (loaded) return loaded;
  const resolved = require.resolve(name, { paths: [root, path.resolve(root, folder)] });
  return MODERN ? importFile(resolved) : require(resolved);
}

async function loadClassic(file) {
  if (isFile(file)) return require(file);
  if (isFile(file + '.js')) return isEsm(file) ? importFile(file + '.js') : require(file + '.js');
  if (isFile(file + '.mjs')) return importFile(file + '.mjs');
  return isFile(file + '.cjs') ? require(file + '.cjs') : null;
}

async function loadModern(file) {
  for (const extension of ['', '.js', '.mjs', '.cjs']) {
    if (!isFile(file + extension)) continue;
    // An import of CommonJS would go through the slower loader for the same result.
    const common = extension === '.cjs' || (extension === '.js' && isCommonJs(file));
    return common ? require(file + extension) : importFile(file + extension);
  }
  return null;
}

const importFile = (file) => import(require('url').pathToFileURL(file).href);

function isFile(file) {
  try {
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The `type` of the nearest package.json. */
function packageType(file) {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    try {
      return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).type || 'unset';
    } catch {
      if (folder === path.dirname(folder)) return null;
    }
  }
}

const isEsm = (file) => packageType(file) === 'module';
const isCommonJs = (file) => packageType(file) === 'commonjs';

async function loadHandler(root, name) {
  if (name.includes('..')) {
    throw runtimeError('MalformedHandlerName', `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  }
  const base = path.basename(name);
  const folder = name.slice(0, name.length - base.length);
  const match = /^([^.]*)\.(.*)$/.exec(base);
  if (!match) throw runtimeError('MalformedHandlerName', 'Bad handler');
  let module;
  try {
    module = await findModule(root, folder, match[1]);
  } catch (error) {
    if (error instanceof SyntaxError) throw runtimeError('UserCodeSyntaxError', error);
    if (error && (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_MODULE_NOT_FOUND')) {
      throw runtimeError('ImportModuleError', error);
    }
    throw error;
  }
  const nested = (from) => match[2].split('.').reduce((at, key) => (at === undefined || at === null ? at : at[key]), from);
  let found = nested(module);
  if (found === undefined && MODERN && module.default) found = nested(module.default);
  if (found === undefined || found === null) {
    throw runtimeError('HandlerNotFound', `${name} is undefined or not exported`);
  }
  if (typeof found !== 'function') throw runtimeError('HandlerNotFound', `${name} is not a function`);
  if (MODERN && found.length >= 3 && !found[STREAMING]) {
    throw runtimeError('CallbackHandlerDeprecated', 'Callback-based function handlers are not supported from Node.js 24 on. Use an async handler instead.');
  }
  return found;
}

function initFailed(error) {
  logFailure('Uncaught Exception', error);
  socket.ref();
  send(INIT_ERROR, Buffer.from(JSON.stringify(describe(error))), () => process.exit(1));
}

function watchUncaught() {
  const fail = (title, code) => (error) => {
    if (title === 'Unhandled Promise Rejection') {
      const reason = error;
      error = runtimeError('UnhandledPromiseRejection', reason instanceof Error ? reason : String(reason));
    }
    if (!handler) return initFailed(error);
    if (finishInvocation) {
      const act = finishInvocation;
      finishInvocation = null;
      return act(error, () => process.exit(code));
    }
    logFailure(title, error);
    process.exit(code);
  };
  process.on('uncaughtException', fail('Uncaught Exception', 129));
  process.on('unhandledRejection', fail('Unhandled Promise Rejection', 128));
}

async function main() {
  takeConsole();
  provideStreaming();
  if (!MODERN) watchUncaught();
  const root = process.env.LAMBDA_TASK_ROOT || '/var/task';
  try {
    handler = await loadHandler(root, process.env._HANDLER || '');
  } catch (error) {
    return initFailed(error);
  }
  socket.on('data', onData);
  socket.on('end', () => process.exit(0));
  socket.on('error', () => process.exit(0));
  send(READY, Buffer.alloc(0));
}

main();

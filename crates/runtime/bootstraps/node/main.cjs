// Runs a Lambda handler: reads events from an inherited socket and writes answers to it. The frames are described in
// `frames.rs` of the runtime. `WEFT_NODE_CONTRACT` says which of Lambda's two contracts holds: 22 (callbacks, answers at an
// empty event loop) or 24 (neither). What is long lies beside this file: logs, errors, the loader, and the three ways to run
// a handler.
'use strict';

const net = require('net');

const MODERN = Number(process.env.WEFT_NODE_CONTRACT) >= 24;
const FD = Number(process.env.WEFT_FRAMES_FD);
delete process.env.WEFT_FRAMES_FD;
delete process.env.WEFT_NODE_CONTRACT;
const [INVOKE, READY, INIT_ERROR, RESPONSE, ERROR] = [1, 16, 17, 18, 19];
const NOTHING = Buffer.alloc(0);

const { describe, unhandled } = require('./errors.cjs')(MODERN);
const socket = new net.Socket({ fd: FD, readable: true, writable: true });
let run;
/** The number of the event under way; each is answered once. */
let current = null;
/** What is done at an empty event loop, where something is. */
let atEmptyLoop = null;

// ---- frames

function send(kind, content, done, number = NOTHING) {
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

// ---- invocations

function onInvoke(data) {
  // The number goes back as it came, with what this very event's handler answers.
  const number = Buffer.from(data.subarray(0, 8));
  const deadlineMs = Number(data.readBigInt64BE(8));
  let at = 16;
  const texts = [];
  for (let i = 0; i < 6; i++) {
    const end = at + 4 + data.readUInt32BE(at);
    texts.push(data.toString('utf8', at + 4, end));
    at = end;
  }
  const [requestId, arn, traceId, clientContext, identity, tenant] = texts;
  const given = { requestId, arn, traceId, clientContext, identity, tenantId: tenant || undefined, deadlineMs };
  if (traceId) process.env._X_AMZN_TRACE_ID = traceId;
  else delete process.env._X_AMZN_TRACE_ID;
  current = number;
  run(invocation(number), given, data.toString('utf8', at));
}

/** How the answer to one event is given. */
function invocation(number) {
  const finish = (kind, body, done) => {
    atEmptyLoop = null;
    if (current !== number) {
      // Answered already: whatever comes later reaches nobody.
      if (done) done();
      return;
    }
    current = null;
    socket.ref();
    send(kind, body, done, number);
  };
  return {
    respond: (text) => finish(RESPONSE, Buffer.from(text)),
    fail: (error, done) => finish(ERROR, Buffer.from(JSON.stringify(describe(error))), done),
    /** A frame of an answer that comes in pieces. */
    piece: (kind, content, done) => send(kind, content, done, number),
    end: (kind) => finish(kind, NOTHING),
    /** From here on only the handler's own doings keep the loop going. */
    letLoopEnd: () => socket.unref(),
    onEmptyLoop: (act) => {
      atEmptyLoop = act;
    },
  };
}

process.on('beforeExit', () => {
  const act = atEmptyLoop;
  atEmptyLoop = null;
  if (act) act();
});

/** Contract 22: what nobody caught is the answer to the event under way. */
function watchUncaught(logError) {
  const fail = (error, code) => {
    const exit = () => process.exit(code);
    if (!run) sendInitError(error, exit);
    else if (current) invocation(current).fail(error, exit);
    else exit();
  };
  process.on('uncaughtException', (error) => {
    logError('Uncaught Exception', error);
    fail(error, 129);
  });
  process.on('unhandledRejection', (reason, promise) => {
    const error = unhandled(reason, promise);
    logError('Unhandled Promise Rejection', error);
    fail(error, 128);
  });
}

function sendInitError(error, done) {
  socket.ref();
  send(INIT_ERROR, Buffer.from(JSON.stringify(describe(error))), done);
}

async function main() {
  const { logError, setInvocation } = require('./logs.cjs')(MODERN);
  const { loadHandler, provideGlobals, STREAMING } = require('./loader.cjs')(MODERN);
  provideGlobals();
  if (!MODERN) watchUncaught(logError);
  let runner;
  try {
    const handler = await loadHandler(process.env.LAMBDA_TASK_ROOT || '/var/task', process.env._HANDLER || '');
    const kind = handler[STREAMING] ? 'streaming' : MODERN ? 'modern' : 'classic';
    runner = require(`./${kind}.cjs`)(handler, { logError, setInvocation, modern: MODERN });
  } catch (error) {
    logError(MODERN ? 'Init Error' : 'Uncaught Exception', error);
    return sendInitError(error, () => process.exit(MODERN ? 1 : 129));
  }
  run = runner;
  socket.on('data', onData);
  socket.on('end', () => process.exit(0));
  socket.on('error', () => process.exit(0));
  send(READY, NOTHING);
}

main();

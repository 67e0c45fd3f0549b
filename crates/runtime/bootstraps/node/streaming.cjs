// Handlers that stream their answers, of both contracts.
'use strict';

const { Writable } = require('stream');
const { classic, modern: modernContext } = require('./context.cjs');

const [BEGIN, CHUNK, END] = [21, 22, 23];
const CHUNK_BYTES_MAX = 64 << 10;
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');

/** The stream that a handler writes to. */
class ResponseStream extends Writable {
  #invocation;
  #make;
  #contentType = 'application/octet-stream';
  #touched = false;
  #begun = false;

  constructor(invocation, make, highWaterMark) {
    super({ highWaterMark, decodeStrings: true });
    this.#invocation = invocation;
    this.#make = make;
  }

  setContentType(type) {
    if (this.#touched) throw this.#make('InvalidStreamingOperation', 'Cannot set content-type, too late.');
    this.#contentType = String(type);
  }

  write(chunk, encoding, done) {
    this.#touch();
    const fits = typeof chunk === 'string' || chunk instanceof Uint8Array;
    return super.write(fits ? chunk : JSON.stringify(chunk), encoding, done);
  }

  /** Before the first bytes comes what `HttpResponseStream.from` has to say. */
  #touch() {
    if (this.#touched) return;
    this.#touched = true;
    if (typeof this._onBeforeFirstWrite === 'function') this._onBeforeFirstWrite((chunk) => super.write(chunk));
  }

  end(chunk, encoding, done) {
    if (typeof chunk === 'function' || chunk === undefined || chunk === null) {
      if (!this.writableEnded) this.#touch();
      return super.end(typeof chunk === 'function' ? chunk : encoding);
    }
    this.write(chunk, typeof encoding === 'string' ? encoding : undefined);
    return super.end(typeof encoding === 'function' ? encoding : done);
  }

  #begin() {
    if (this.#begun) return;
    this.#begun = true;
    this.#invocation.piece(BEGIN, Buffer.from(this.#contentType));
  }

  // The socket calls back when it has taken a chunk: until then the handler is told to wait.
  _write(bytes, _, done) {
    this.#begin();
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES_MAX) {
      const last = at + CHUNK_BYTES_MAX >= bytes.length;
      this.#invocation.piece(CHUNK, bytes.subarray(at, at + CHUNK_BYTES_MAX), last ? () => done() : undefined);
    }
    if (bytes.length === 0) done();
  }

  _final(done) {
    this.#begin();
    done();
  }
}

module.exports = (handler, { logError, setInvocation, modern }) => {
  const { make } = require('./errors.cjs')(modern);
  const mark = parseInt(handler[HIGH_WATER_MARK], 10);
  const wrong = (text) => (modern ? new Error(text) : text);
  return (invocation, given, text) => {
    setInvocation(given, () => runOne(invocation, given, text));
  };

  async function runOne(invocation, given, text) {
    const stream = new ResponseStream(invocation, make, Number.isNaN(mark) ? undefined : mark);
    const written = new Promise((resolve, reject) => {
      stream.on('finish', resolve);
      stream.on('error', reject);
      stream.on('close', () => reject(wrong('Response stream is not finished.')));
    });
    written.catch(() => {});
    await undefined;
    try {
      const result = handler(JSON.parse(text), stream, contextOf(given));
      if (typeof result?.then !== 'function') throw wrong('Streaming does not support non-async handlers.');
      if ((await result) !== undefined) console.warn('Streaming handlers ignore return values.');
      // Who never ends it waits here until its time is over.
      await written;
      invocation.end(END);
    } catch (error) {
      logError('Invoke Error', error);
      if (!stream.writableEnded) return invocation.fail(error);
      // All of the answer is on its way already: it stands.
      written.then(
        () => invocation.end(END),
        () => invocation.fail(error),
      );
    }
  }

  function contextOf(given) {
    if (modern) return modernContext(given);
    const { succeed, fail, done, ...context } = classic(given, { waiting: { wanted: true } });
    return context;
  }
};

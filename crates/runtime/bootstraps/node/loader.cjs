// Finds the handler that `_HANDLER` names, in the order of each contract, and provides `globalThis.awslambda` before.
'use strict';

const fs = require('fs');
const path = require('path');

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');
const DEPRECATED =
  'ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this ' +
  'function to use a supported handler signature to use Node.js 24 or later. For more information see ' +
  'https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.';

/** What only a module may hold; a false alarm costs time, nothing else. */
const MODULE_SYNTAX = /^\s*(?:import|export|await)\b|\bimport\.meta\b|=\s*await\b/m;

const importFile = (file) => import(require('url').pathToFileURL(file).href);

// ---- contract 22

async function loadClassic(root, folder, name) {
  const file = path.resolve(root, folder, name);
  const tried = (extension, load) => (fs.existsSync(file + extension) ? load(file + extension) : undefined);
  const bare = tried('', require);
  if (bare) return bare;
  const isModule = fs.existsSync(file + '.js') && packageType(path.dirname(file), true) === 'module';
  const found =
    (await tried('.js', isModule ? importFile : require)) || (await tried('.mjs', importFile)) || tried('.cjs', require);
  return found || require(require.resolve(name, { paths: [root, path.resolve(root, folder)] }));
}

/** The `type` of the nearest package.json: `unset` where it names none; nothing where there is none to be read. */
function packageType(folder, warn) {
  if (folder.endsWith('/node_modules')) return undefined;
  const file = path.join(folder, 'package.json');
  if (fs.existsSync(file)) {
    try {
      return JSON.parse(fs.readFileSync(file, 'utf8'))?.type ?? 'unset';
    } catch (error) {
      if (warn) console.warn(`${file} cannot be read, it will be ignored for ES module detection purposes.`, error);
      return 'broken';
    }
  }
  const above = path.dirname(folder);
  return above === folder ? 'unset' : packageType(above, warn);
}

// ---- contract 24

async function loadModern(root, folder, name) {
  const file = path.resolve(root, folder, name);
  for (const extension of ['', '.js', '.mjs', '.cjs']) {
    if (!fs.existsSync(file + extension)) continue;
    const module = (isCommon(file, extension) && requireFast(file + extension)) || (await importFile(file + extension));
    if (module) return module;
  }
  return require(require.resolve(name, { paths: [root, path.resolve(root, folder)] }));
}

/** Whether a file is CommonJS, for which `import()` would take the slower way to the same result. */
function isCommon(file, extension) {
  if (extension === '.cjs') return true;
  if (extension !== '.js') return false;
  const type = packageType(path.dirname(file), false);
  if (type === 'commonjs') return true;
  return type === 'unset' && !MODULE_SYNTAX.test(fs.readFileSync(file + extension, 'utf8'));
}

/** A module of CommonJS as `import()` would show it; nothing where it could not even be parsed. */
function requireFast(file) {
  try {
    // Without a parent, as for `import()`.
    const exported = require('module')._load(file, undefined, false);
    const names = exported && ['object', 'function'].includes(typeof exported) ? exported : {};
    return { __proto__: null, ...names, default: exported };
  } catch (error) {
    // Nothing of it has run: let `import()` say what it is.
    if (error instanceof SyntaxError && String(error.stack).startsWith(`${file}:`)) return undefined;
    throw error;
  }
}

module.exports = (modern) => {
  const { make } = require('./errors.cjs')(modern);
  const nested = modern
    ? (from, keys) => keys.reduce((at, key) => (at && typeof at === 'object' ? at[key] : undefined), from)
    : (from, keys) => keys.reduce((at, key) => at && at[key], from);

  async function load(root, folder, name) {
    try {
      return await (modern ? loadModern : loadClassic)(root, folder, name);
    } catch (error) {
      if (error instanceof SyntaxError) {
        const told = make('UserCodeSyntaxError', String(error));
        if (modern) told.stack = error.stack;
        throw told;
      }
      if (error?.code === 'MODULE_NOT_FOUND') throw make('ImportModuleError', String(error));
      throw error;
    }
  }

  function check(handler, name) {
    if (!handler) throw make('HandlerNotFound', `${name} is undefined or not exported`);
    if (typeof handler !== 'function') throw make('HandlerNotFound', `${name} is not a function`);
    if (handler[STREAMING] && handler[STREAMING] !== 'response') {
      throw make('MalformedStreamingHandler', 'Only response streaming is supported.');
    }
    if (modern && handler.length >= 3 && !handler[STREAMING]) throw make('CallbackHandlerDeprecated', DEPRECATED);
    return handler;
  }

  async function loadHandler(root, name) {
    if (name.includes('..')) {
      const rule = 'Use absolute paths when specifying root directories in handler names.';
      throw make('MalformedHandlerName', `'${name}' is not a valid handler name. ${rule}`);
    }
    const base = path.basename(name);
    const match = /^([^.]*)\.(.*)$/.exec(base);
    if (!match) throw make('MalformedHandlerName', 'Bad handler');
    const module = await load(root, name.slice(0, name.indexOf(base)), match[1]);
    const keys = match[2].split('.');
    let handler = nested(module, keys);
    if (!handler && modern && module && typeof module === 'object' && 'default' in module) {
      handler = nested(module.default, keys);
    }
    return check(handler, name);
  }

  return { loadHandler, provideGlobals: () => provideGlobals(modern), STREAMING };
};

/** What streaming handlers and their libraries look for. */
function provideGlobals(modern) {
  if (['1', 'true'].includes(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) return;
  globalThis.awslambda = {
    ...(modern ? { ...globalThis.awslambda, InvokeStore: require('./store.cjs').store } : {}),
    streamifyResponse: (handler, options) => {
      handler[STREAMING] = 'response';
      if (typeof options?.highWaterMark === 'number') handler[HIGH_WATER_MARK] = parseInt(options.highWaterMark, 10);
      return handler;
    },
    HttpResponseStream: class HttpResponseStream {
      static from(stream, prelude) {
        stream.setContentType('application/vnd.awslambda.http-integration-response');
        const text = JSON.stringify(prelude);
        stream._onBeforeFirstWrite = (write) => {
          write(text);
          write(new Uint8Array(8));
        };
        return stream;
      }
    },
  };
}

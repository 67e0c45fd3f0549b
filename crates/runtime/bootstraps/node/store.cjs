// `awslambda.InvokeStore` of contract 24: what belongs to the invocation under way.
'use strict';

const KEYS = {
  REQUEST_ID: Symbol.for('_AWS_LAMBDA_REQUEST_ID'),
  X_RAY_TRACE_ID: Symbol.for('_AWS_LAMBDA_X_RAY_TRACE_ID'),
  TENANT_ID: Symbol.for('_AWS_LAMBDA_TENANT_ID'),
};

class InvokeStore {
  static PROTECTED_KEYS = KEYS;
  currentContext;

  getContext() {
    return this.currentContext;
  }

  hasContext() {
    return this.currentContext !== undefined;
  }

  get(key) {
    return this.currentContext?.[key];
  }

  set(key, value) {
    if (Object.values(KEYS).includes(key)) {
      throw new Error(`Cannot modify protected Lambda context field: ${String(key)}`);
    }
    this.currentContext = this.currentContext || {};
    this.currentContext[key] = value;
  }

  run(context, act) {
    this.currentContext = context;
    return act();
  }

  getRequestId() {
    return this.get(KEYS.REQUEST_ID) ?? '-';
  }

  getXRayTraceId() {
    return this.get(KEYS.X_RAY_TRACE_ID);
  }

  getTenantId() {
    return this.get(KEYS.TENANT_ID);
  }
}

/** The context of an invocation. */
const contextOf = ({ requestId, traceId, tenantId }) => ({
  [KEYS.REQUEST_ID]: requestId,
  [KEYS.X_RAY_TRACE_ID]: traceId || undefined,
  [KEYS.TENANT_ID]: tenantId,
});

/** One that was there before, from a library that was loaded first, is what everybody uses. */
const store = globalThis.awslambda?.InvokeStore ?? new InvokeStore();

module.exports = { contextOf, store };

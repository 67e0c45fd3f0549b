// What a handler is told about its invocation.
'use strict';

function parsed(text, name) {
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`Cannot parse ${name} as json: ${error.toString()}`);
  }
}

exports.ofEnvironment = () => ({
  functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
  functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
  memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
  logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
  logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
});

exports.ofInvocation = (given) => ({
  clientContext: parsed(given.clientContext, 'ClientContext'),
  identity: parsed(given.identity, 'CognitoIdentity'),
  invokedFunctionArn: given.arn,
  awsRequestId: given.requestId,
  tenantId: given.tenantId,
  getRemainingTimeInMillis: () => given.deadlineMs - Date.now(),
});

/** Contract 24 tells the trace as well, and all in another order. */
exports.modern = (given) => {
  const { getRemainingTimeInMillis, ...known } = exports.ofInvocation(given);
  const { functionName, ...own } = exports.ofEnvironment();
  return { ...known, xRayTraceId: given.traceId || undefined, getRemainingTimeInMillis, functionName, ...own };
};

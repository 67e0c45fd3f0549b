// What a handler is told about its invocation, in the order of each contract.
'use strict';

function parsed(text, name) {
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`Cannot parse ${name} as json: ${error.toString()}`);
  }
}

/** Contract 22: `ways` to answer come first. Object literals, because every event pays for this. */
exports.classic = ({ clientContext, identity, arn, requestId, tenantId, deadlineMs }, { succeed, fail, done, waiting }) => {
  const { env } = process;
  return {
    get callbackWaitsForEmptyEventLoop() {
      return waiting.wanted;
    },
    set callbackWaitsForEmptyEventLoop(value) {
      waiting.wanted = value;
    },
    succeed,
    fail,
    done,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed(clientContext, 'ClientContext'),
    identity: parsed(identity, 'CognitoIdentity'),
    invokedFunctionArn: arn,
    awsRequestId: requestId,
    tenantId,
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  };
};

/** Contract 24 tells the trace as well. */
exports.modern = ({ clientContext, identity, arn, requestId, tenantId, traceId, deadlineMs }) => {
  const { env } = process;
  return {
    clientContext: parsed(clientContext, 'ClientContext'),
    identity: parsed(identity, 'CognitoIdentity'),
    invokedFunctionArn: arn,
    awsRequestId: requestId,
    tenantId,
    xRayTraceId: traceId || undefined,
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
  };
};

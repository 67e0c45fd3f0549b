// A Lambda function in Node.js. An object without `statusCode` becomes a JSON answer.

export const handler = async () => ({ time: new Date().toISOString() });

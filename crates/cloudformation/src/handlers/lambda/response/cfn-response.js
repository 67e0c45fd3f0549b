// Tells CloudFormation how a custom resource went.
exports.SUCCESS = "SUCCESS";
exports.FAILED = "FAILED";

exports.send = function (event, context, responseStatus, responseData, physicalResourceId, noEcho, reason) {
  const body = JSON.stringify({
    Status: responseStatus,
    Reason: reason || "See the details in CloudWatch Log Stream: " + context.logStreamName,
    PhysicalResourceId: physicalResourceId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: responseData,
  });
  const url = new URL(event.ResponseURL);
  const http = require(url.protocol === "http:" ? "http" : "https");
  const headers = { "content-type": "", "content-length": Buffer.byteLength(body) };
  const finish = () => (typeof context.done === "function" ? context.done() : undefined);
  return new Promise((resolve) => {
    const request = http.request(url, { method: "PUT", headers }, (response) => {
      console.log("Status code: " + response.statusCode);
      response.resume();
      resolve(finish());
    });
    request.on("error", (error) => {
      console.log("The answer could not be sent: " + error);
      resolve(finish());
    });
    request.end(body);
  });
};

"""A Lambda function. Called over HTTP it gets the event of a function URL (payload format 2.0)."""


def handler(event, context):
    name = (event.get("queryStringParameters") or {}).get("name", "World")
    print("greeting", name)
    return {"statusCode": 200, "headers": {"content-type": "text/plain; charset=utf-8"}, "body": f"Hello, {name}!\n"}

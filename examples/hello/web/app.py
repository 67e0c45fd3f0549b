"""A page that asks the function `greet` for its words. Any workload of the app is reached by its name."""

import urllib.parse
import urllib.request

from flask import Flask, request

app = Flask(__name__)


@app.route("/")
def home():
    name = request.args.get("name", "World")
    query = urllib.parse.urlencode({"name": name})
    with urllib.request.urlopen(f"http://greet/?{query}") as answer:
        return answer.read().decode()


if __name__ == "__main__":
    app.run()

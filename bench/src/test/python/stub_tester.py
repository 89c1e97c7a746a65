"""Takes the load tester's arguments, puts no load on anything, and writes down the rate that the stub server says it has."""
import json
import os
import sys
import urllib.request

options = dict(zip(sys.argv[2::2], sys.argv[3::2]))  # the first says what to do
told = json.loads(urllib.request.urlopen(options["--url"], timeout=10).read())
result = {"meanRequestsPerSecond": told["rate"], "requests": 10, "warmUpRequestsPerSecond": [5], "errors": {}, "errorLatency": {},
          "time": "2026-01-02T03:04:05.123456789Z", "requestsPerSecond": [told["rate"]] * 3,
          "serverPid": told["pid"], "arguments": options, "commit": os.environ.get("COMMIT")}
with open(options["--out"], "w") as out:
    json.dump(result, out)

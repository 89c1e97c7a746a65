"""Takes the load tester's arguments, puts no load on anything, and writes down the rate that the stub server says it has."""
import json
import sys
import urllib.request

options = dict(zip(sys.argv[2::2], sys.argv[3::2]))  # the first says what to do
told = json.loads(urllib.request.urlopen(options["--url"], timeout=10).read())
result = {"meanRequestsPerSecond": told["rate"], "requests": 10, "warmUpRequestsPerSecond": [5], "errors": {}, "errorLatency": {},
          "serverPid": told["pid"], "arguments": options}
with open(options["--out"], "w") as out:
    json.dump(result, out)

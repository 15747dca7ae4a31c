"""The app of a user, played by pyotp, which knows nothing of Rollcall.

Argument: what the QR code says. Prints one JSON object: what the app took from it, and the codes of
an hour ago, of now, of the step after, and of an hour later.
"""

import json
import sys
import time

import pyotp

app, now = pyotp.parse_uri(sys.argv[1]), int(time.time())
after = [-3600, 0, app.interval, 3600]
print(
    json.dumps(
        {
            "issuer": app.issuer,
            "name": app.name,
            "form": [app.digits, app.interval, app.digest().name],
            "secret": app.secret,
            "codes": [app.at(now + seconds) for seconds in after],
        }
    )
)

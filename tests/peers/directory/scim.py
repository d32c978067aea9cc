"""scim2-tester judges a SCIM server on loopback that has the true name: one JSON object a check, worst first.

Arguments: the port on loopback, the file of the CA, the address of the interface. The token is in SCIM_TOKEN.
"""

import json
import os
import ssl
import sys

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server
from scim2_tester.utils import Status

port, ca, address = sys.argv[1:]
name = httpx2.URL(address).host


class Loopback(httpx2.HTTPTransport):
    """Connects to loopback, and names the server as its address does."""

    def handle_request(self, request):
        request.extensions["sni_hostname"] = name
        request.url = request.url.copy_with(host="127.0.0.1", port=int(port))
        return super().handle_request(request)


client = httpx2.Client(
    base_url=address,
    headers={"Authorization": "Bearer " + os.environ["SCIM_TOKEN"], "Host": name},
    transport=Loopback(verify=ssl.create_default_context(cafile=ca)),
    timeout=60,  # of httpx 5, which a busy machine can take
)
results = check_server(SyncSCIMClient(client))
for result in sorted(results, key=lambda one: one.status != Status.ERROR):
    print(json.dumps({"check": result.title, "status": result.status.name, "why": result.reason}))

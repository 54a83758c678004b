#!/usr/bin/env python3
"""The shortest program that ends with audio on the disk: it narrates a text into tides.opus.

It expects `lectern up` on this machine, at 127.0.0.1:7400 or at the address that is its argument
(`first.py HOST:PORT`), and gives up at the first thing that goes wrong;
narrate.py, beside it, is what to copy from for more. docs/guides/call-from-python.md says how to
run both.
"""

import sys

import grpc

# Made from the protos; see the guide.
from lectern.v1 import documents_pb2, documents_pb2_grpc, narrations_pb2, narrations_pb2_grpc

address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:7400"
channel = grpc.insecure_channel(address)
documents = documents_pb2_grpc.DocumentServiceStub(channel)
narrations = narrations_pb2_grpc.NarrationServiceStub(channel)

text = "# Tides\n\nThe sea rises and falls twice a day."
source = documents_pb2.CreateDocumentRequest(text=text, file_name="tides.md")
document = documents.CreateDocument(source).document

wanted = narrations_pb2.Narration(
    documents=[document.name], style=narrations_pb2.STYLE_NARRATION
)
order = narrations_pb2.CreateNarrationRequest(narration=wanted)
narration = narrations.CreateNarration(order).narration

# Its states, the last of which is terminal.
request = narrations_pb2.WatchNarrationRequest(name=narration.name)
for message in narrations.WatchNarration(request):
    if message.HasField("narration"):
        narration = message.narration
if narration.state != narrations_pb2.Narration.STATE_SUCCEEDED:
    sys.exit(narration.failure.message)

audio = narrations_pb2.DownloadArtifactRequest(name=f"{narration.name}/artifacts/audio.opus")
with open("tides.opus", "wb") as file:
    for part in narrations.DownloadArtifact(audio):
        file.write(part.data)
print(f"tides.opus, {narration.duration.ToMilliseconds() / 1000} s of audio")

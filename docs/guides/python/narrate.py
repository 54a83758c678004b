#!/usr/bin/env python3
"""Narrates a file over the gRPC API, with nothing but stock packages.

Hands the file in and goes on where a broken stream stopped, orders a narration, listens to it while
it is being made, watches it, reads its script, and fetches its files.
docs/guides/call-from-python.md says how to run it and why each part is there. The stubs are made
from the protos; those of google/api and google/rpc, which the protos import, come with the package
googleapis-common-protos.
"""

import argparse
import dataclasses
import hashlib
import json
import os
import pathlib
import random
import sys
import time
import uuid
import wave

import google_crc32c
import grpc
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2
from grpc_status import rpc_status

# Made from the protos; see the guide.
from lectern.v1 import documents_pb2, documents_pb2_grpc, narrations_pb2, narrations_pb2_grpc

CHUNK = 512 * 1024  # At most 1 MiB.
TRIES = 6  # Failures in a row without progress, after which it is given up.
SHORT = 30  # Seconds for a call that answers at once. Streams have no deadline, but keepalive.

OPTIONS = [
    # A connection that is lost without a word, as behind a NAT, is found out within 30 s. The
    # server asks as well, and answers these however often they come.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
]
CONFIG = pathlib.Path(__file__).resolve().parents[2] / "service-config.json"


class Refused(Exception):
    """What the server answers, with its `google.rpc` details."""

    def __init__(self, error):
        super().__init__(error.details())
        self.code = error.code()
        self.message = error.details()
        self.reason, self.metadata, self.fields, self.wait = "", {}, {}, None
        # None where the answer is not the server's: no connection, the own deadline, a proxy.
        status = rpc_status.from_call(error)
        for detail in status.details if status else []:
            info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
            retry = error_details_pb2.RetryInfo()
            if detail.Unpack(info) and info.domain == "lectern":
                self.reason, self.metadata = info.reason, dict(info.metadata)
            elif detail.Unpack(bad):
                self.fields = {wrong.field: wrong.description for wrong in bad.field_violations}
            elif detail.Unpack(retry):
                self.wait = retry.retry_delay.ToTimedelta().total_seconds()

    def passes(self):
        """Whether the same call may succeed later."""
        if self.code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            return True
        # Without a reason it is the connection that broke, whatever the library calls it.
        if self.code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN) and not self.reason:
            return True
        # Of what is over a limit, only that which has a time passes by waiting.
        return self.code == grpc.StatusCode.RESOURCE_EXHAUSTED and self.wait is not None

    def __str__(self):
        fields = "".join(f"\n  {field}: {why}" for field, why in self.fields.items())
        trace = f"\n  trace {self.metadata['trace_id']}" if "trace_id" in self.metadata else ""
        return f"{self.code.name} {self.reason}: {self.message}{fields}{trace}"


def reason(status):
    """The reason in a google.rpc.Status, such as a narration's failure."""
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        if detail.Unpack(info) and info.domain == "lectern":
            return info.reason
    return ""


class Patience:
    """Counts failures without progress, and waits longer after each."""

    def __init__(self):
        self.failures = 0

    def progress(self):
        self.failures = 0

    def failed(self, error, also=None):
        """Waits, or raises what does not pass; the reason `also` passes, too."""
        refused = Refused(error)
        self.failures += 1
        passes = refused.passes() or refused.reason == also
        if not passes or self.failures >= TRIES:
            raise refused from error
        backoff = min(0.5 * 2**self.failures, 10)
        pause = refused.wait if refused.wait is not None else random.uniform(backoff / 2, backoff)
        print(f"  {refused.code.name} {refused.reason}: again in {pause:.1f} s", file=sys.stderr)
        time.sleep(pause)


def call(method, request, timeout=SHORT):
    """A call that is safe to repeat, until it is answered."""
    patience = Patience()
    while True:
        try:
            return method(request, timeout=timeout)
        except grpc.RpcError as error:
            patience.failed(error)


@dataclasses.dataclass
class Details(grpc.ClientCallDetails):
    """A call as an interceptor passes it on."""

    method: str
    timeout: float | None
    metadata: list
    credentials: object
    wait_for_ready: bool | None
    compression: object


class WithKey(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
):
    """Sends the key with each call. `grpc.access_token_call_credentials` does it over TLS alone."""

    def __init__(self, key):
        self.header = ("authorization", f"Bearer {key}")

    def intercept(self, go_on, call, request):
        fields = {field.name: getattr(call, field.name) for field in dataclasses.fields(Details)}
        fields["metadata"] = [*(call.metadata or []), self.header]
        return go_on(Details(**fields), request)

    intercept_unary_unary = intercept_unary_stream = intercept_stream_unary = intercept


def connect(server, key, ca):
    config = json.loads(CONFIG.read_text())
    # Every order of this program carries a request id, so it is safe to repeat as well.
    create = {"service": "lectern.v1.NarrationService", "method": "CreateNarration"}
    config["methodConfig"][0]["name"].append(create)
    options = [*OPTIONS, ("grpc.service_config", json.dumps(config))]
    if ca:
        roots = pathlib.Path(ca).read_bytes()
        channel = grpc.secure_channel(server, grpc.ssl_channel_credentials(roots), options)
    else:
        channel = grpc.insecure_channel(server, options)
    return grpc.intercept_channel(channel, WithKey(key)) if key else channel


def upload(documents, path, upload_id):
    """Hands a file in; after a break it goes on with what the server does not have yet."""
    with path.open("rb") as source:
        whole = hashlib.file_digest(source, "sha256").hexdigest()
    size = path.stat().st_size

    def messages(offset):
        start = documents_pb2.UploadStart(
            upload=f"uploads/{upload_id}", file_name=path.name[-200:], size_bytes=size
        )
        yield documents_pb2.UploadDocumentRequest(start=start)
        with path.open("rb") as source:
            source.seek(offset)
            while data := source.read(CHUNK):
                crc32c = google_crc32c.value(data)
                chunk = documents_pb2.UploadChunk(offset=offset, data=data, crc32c=crc32c)
                yield documents_pb2.UploadDocumentRequest(chunk=chunk)
                offset += len(data)
        finish = documents_pb2.UploadFinish(sha256=whole)
        yield documents_pb2.UploadDocumentRequest(finish=finish)

    patience, reached = Patience(), 0
    while True:
        offset, name = safe(documents, upload_id)
        if name:
            return call(documents.GetDocument, documents_pb2.GetDocumentRequest(name=name)).document
        if offset > reached:
            patience.progress()
            reached = offset
        try:
            return documents.UploadDocument(messages(offset)).document
        except grpc.RpcError as error:
            # OFFSET_MISMATCH: the stream before had more on its way than was safe when it broke.
            patience.failed(error, also="OFFSET_MISMATCH")


def safe(documents, upload_id):
    """How many bytes of an upload the server has for good, and the document of a finished one."""
    try:
        request = documents_pb2.GetUploadRequest(name=f"uploads/{upload_id}")
        known = call(documents.GetUpload, request).upload
    except Refused as refused:
        if refused.reason == "RESOURCE_NOT_FOUND":
            return 0, ""
        raise
    return known.committed_bytes, known.document


def order(narrations, document, request_id, style, minutes, lane):
    wanted = narrations_pb2.Narration(
        documents=[document.name],
        style=style,
        # Where none is said it is the usual one: a tenant may be barred from the others.
        lane=narrations_pb2.Lane.Value(f"LANE_{lane.upper()}" if lane else "LANE_UNSPECIFIED"),
        time_limit=duration_pb2.Duration(seconds=6 * 3600),
    )
    if minutes:
        wanted.length.duration.FromSeconds(minutes * 60)
    request = narrations_pb2.CreateNarrationRequest(request_id=request_id, narration=wanted)
    return call(narrations.CreateNarration, request).narration


def watch(narrations, name):
    """The states of a narration, the last of which is terminal."""
    patience, token = Patience(), ""
    last = (
        narrations_pb2.Narration.STATE_SUCCEEDED,
        narrations_pb2.Narration.STATE_FAILED,
        narrations_pb2.Narration.STATE_CANCELLED,
    )
    while True:
        try:
            request = narrations_pb2.WatchNarrationRequest(name=name, resume_token=token)
            for message in narrations.WatchNarration(request):
                patience.progress()
                token = message.resume_token
                if message.HasField("narration"):
                    yield message.narration
                    if message.narration.state in last:
                        return
        except grpc.RpcError as error:
            patience.failed(error)


def listen(narrations, name, target):
    """Writes the audio into a WAV file while it is made; after a break, what is missing."""
    patience, section, sample, etag, frame = Patience(), 0, 0, "", 2
    with wave.open(str(target), "wb") as out:
        out.setsampwidth(2)
        while True:
            # Nothing is sent twice: the stream begins with the sample that comes next. The etag
            # says what the samples before it belong to.
            request = narrations_pb2.ListenNarrationRequest(
                name=name,
                first_section=section,
                first_sample=sample,
                section_etag=etag if sample else "",
            )
            try:
                # Each message is taken at once: a program that plays reads into a queue of its
                # own, and does not pause here.
                for message in narrations.ListenNarration(request):
                    part = message.WhichOneof("part")
                    if part == "format" and out.getnframes() == 0:
                        out.setframerate(message.format.sample_rate_hertz)
                        out.setnchannels(message.format.channel_count)
                        frame = 2 * message.format.channel_count
                    elif part == "section_start":
                        etag = message.section_start.etag
                    elif part == "audio":
                        out.writeframesraw(message.audio)
                        sample += len(message.audio) // frame
                        patience.progress()
                    elif part == "section_end":
                        if message.section_end.sample_count != sample:
                            sys.exit(f"section {section} came incomplete; go on with --job")
                        section, sample = section + 1, 0
                return out.getnframes()
            except grpc.RpcError as error:
                refused = Refused(error)
                # The break came between the last section and the end of the stream.
                if section and sample == 0 and "first_section" in refused.fields:
                    return out.getnframes()
                # A retry with another voice, say. A player drops what it has of the section and
                # asks for it again; what is in the file stays there, so this program begins anew.
                if refused.reason == "ETAG_MISMATCH":
                    sys.exit(f"section {section} was made anew meanwhile; go on with --job")
                patience.failed(error)


def script(narrations, name):
    """All sections; one that comes in several answers is put together."""
    sections, token = [], ""
    while True:
        request = narrations_pb2.GetScriptRequest(name=name, page_size=50, page_token=token)
        answer = call(narrations.GetScript, request)
        for section in answer.sections:
            if section.continued:
                sections[-1].utterances.extend(section.utterances)
                sections[-1].skipped.extend(section.skipped)
            else:
                sections.append(section)
        token = answer.next_page_token
        if not token:
            return sections


def download(narrations, artifact, folder):
    """Fetches a file; after a break, and after this program was ended, from where it stopped."""
    # The last part of an artifact's name is that of its file.
    file_name = artifact.name.rsplit("/", maxsplit=1)[-1]
    target, partial = folder / file_name, folder / f".{file_name}.part"
    patience = Patience()
    with partial.open("ab") as out:
        while out.tell() < artifact.size_bytes:
            request = narrations_pb2.DownloadArtifactRequest(
                name=artifact.name, offset=out.tell()
            )
            try:
                for message in narrations.DownloadArtifact(request):
                    damaged = google_crc32c.value(message.data) != message.crc32c
                    if damaged or message.offset != out.tell():
                        sys.exit(f"{file_name} arrived damaged; go on with --job")
                    out.write(message.data)
                    patience.progress()
            except grpc.RpcError as error:
                patience.failed(error)
    with partial.open("rb") as whole:
        found = hashlib.file_digest(whole, "sha256").hexdigest()
    if found != artifact.sha256:
        # What was there may have been part of another recording.
        partial.unlink()
        sys.exit(f"{file_name} arrived damaged; begin it again with --job")
    partial.rename(target)
    return target


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("-o", "--output", type=pathlib.Path, default=pathlib.Path("narration"))
    parser.add_argument("--server", default="127.0.0.1:7400", help="HOST:PORT")
    parser.add_argument("--ca", help="PEM file with the authority of the server's certificate: TLS")
    parser.add_argument("--briefing", type=int, metavar="MINUTES", help="a summary of this length")
    parser.add_argument("--lane", choices=["interactive", "standard", "bulk"], help="how urgent")
    parser.add_argument("--job", default="", help="repeat a run with its id to go on with it")
    arguments = parser.parse_args()

    # One id for the upload and the order: with the same one, a second run goes on with the first.
    job = arguments.job or uuid.uuid4().hex
    print(f"job {job}")
    arguments.output.mkdir(parents=True, exist_ok=True)
    # By the environment, since other users of a machine see arguments.
    channel = connect(arguments.server, os.environ.get("LECTERN_KEY"), arguments.ca)
    documents = documents_pb2_grpc.DocumentServiceStub(channel)
    narrations = narrations_pb2_grpc.NarrationServiceStub(channel)

    document = upload(documents, arguments.file, job)
    kind, words = document.mime_type, document.word_count
    print(f"{document.name}: {kind}, {words} words, {document.language_code}")
    for warning in document.warnings:
        print(f"  {warning}")

    style = narrations_pb2.STYLE_BRIEFING if arguments.briefing else narrations_pb2.STYLE_NARRATION
    narration = order(narrations, document, job, style, arguments.briefing, arguments.lane)
    print(f"{narration.name}, until {narration.deadline_time.ToJsonString()}")

    samples = listen(narrations, narration.name, arguments.output / "heard.wav")
    print(f"heard {samples} samples while it was made")
    for narration in watch(narrations, narration.name):
        state = narrations_pb2.Narration.State.Name(narration.state).removeprefix("STATE_")
        progress = narration.progress
        print(f"{state}: {progress.recorded_section_count} of {progress.section_count} sections")
    if narration.state != narrations_pb2.Narration.STATE_SUCCEEDED:
        sys.exit(f"{reason(narration.failure)}: {narration.failure.message}")

    sections = script(narrations, narration.name)
    utterances = sum(len(section.utterances) for section in sections)
    print(f"{len(sections)} sections, {utterances} utterances")
    for artifact in narration.artifacts:
        print(download(narrations, artifact, arguments.output))


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        sys.exit(str(refused))

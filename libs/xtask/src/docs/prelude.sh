# Before the commands of a page: what a reader has, and what is taken for a success.
set -euo pipefail

# A call that was understood and refused for the state of things, such as an etag that is not the
# newest, is a good example still; one that is malformed is not.
grpcurl() {
    local said status=0
    said=$(mktemp)
    command grpcurl -max-time 120 "$@" 2>"$said" || status=$?
    cat "$said" >&2
    if [ "$status" != 0 ] && grep -Eq 'Code: (NotFound|Aborted|FailedPrecondition|AlreadyExists|OutOfRange)' "$said"; then
        status=0
    fi
    rm -f "$said"
    return "$status"
}

# The tool that runs the commands, on the stack that it has started.
cargo() {
    [ "$1" = xtask ] || { echo "only cargo xtask is run here: cargo $*" >&2; return 1; }
    shift
    if [ "$1" = stack ]; then
        LECTERN_TOOLS_DIR=$TOOLS "$XTASK" "$@" --data "$STACK"
    else
        LECTERN_TOOLS_DIR=$TOOLS "$XTASK" "$@"
    fi
}

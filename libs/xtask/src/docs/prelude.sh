# Before the commands of a page: what a reader has, and what is taken for a success.
set -euo pipefail

# Runs a program; a failure is a success where what it says of it matches this pattern.
forgiving() {
    local pattern=$1 said status=0
    shift
    said=$(mktemp)
    command "$@" 2>"$said" || status=$?
    cat "$said" >&2
    if [ "$status" != 0 ] && grep -Eq "$pattern" "$said"; then
        status=0
    fi
    rm -f "$said"
    return "$status"
}

# A call that was understood and refused for the state of things, such as an etag that is not the
# newest, is a good example still; one that is malformed is not.
grpcurl() {
    forgiving 'Code: (NotFound|Aborted|FailedPrecondition|AlreadyExists|OutOfRange)' grpcurl -max-time 120 "$@"
}

# Likewise a name of the page that nobody has: no step has failed, so there is no dead letter.
lectern() {
    forgiving '\[RESOURCE_NOT_FOUND\]' lectern "$@"
}

# A command that stays until it is stopped: it must say something, and still run then.
stays() {
    local said process
    said=$(mktemp)
    bash -c "exec $1" >"$said" 2>&1 &
    process=$!
    while [ ! -s "$said" ] && kill -0 "$process" 2>/dev/null; do
        sleep 0.1
    done
    # What says something and ends has ended now.
    sleep 1
    cat "$said"
    rm -f "$said"
    kill "$process"
}

# There is no terminal to page at.
less() {
    cat "$@"
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

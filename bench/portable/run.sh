#!/bin/sh
# Runs the GPU script with the Node.js of this folder. ./run.sh --help lists the options; ./run.sh info says what is found.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
if [ "${1:-}" = info ]; then
  exec "$here/bin/node" "$here/lib/xla.js" "$@"
fi
exec "$here/bin/node" "$here/lib/gpu.js" "$@"

#!/bin/sh
# Secrets come as files: FILE__NAME=/path puts what stands in the file into the variable NAME.
set -eu
umask 077
for name in $(env | sed -n 's/^FILE__\([A-Za-z0-9_]*\)=.*/\1/p'); do
  eval "path=\$FILE__$name"
  if [ ! -r "$path" ]; then
    echo "hub-entrypoint: FILE__$name: cannot read $path" >&2
    exit 2
  fi
  export "$name=$(cat "$path")"
  unset "FILE__$name"
done
exec "$@"

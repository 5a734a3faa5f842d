#!/bin/sh
# Removes snapshots and logs that are no longer needed: zkCleanup.sh -n <count>

# Where this file is, whatever links lead to it.
case $0 in
  */*) script=$0 ;;
  *) script=./$0 ;;
esac
while [ -h "$script" ]; do
  target=$(readlink "$script")
  case $target in
    /*) script=$target ;;
    *) script=${script%/*}/$target ;;
  esac
done
ZOOBINDIR=$(CDPATH= cd -- "${script%/*}" && pwd)

. "$ZOOBINDIR/zkEnv.sh"

exec node "$TSKEEPER_MAIN" zkCleanup "$@"

#!/bin/sh
# Controls a server: zkServer.sh [--config <conf-dir>] {start|start-foreground|stop|version|restart|status|print-cmd} [config]

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

# The environment files are in the configuration directory, so that has to be known first.
if [ "${1:-}" = --config ] && [ -n "${2:-}" ]; then
  ZOOCFGDIR=$2
  shift 2
fi
. "$ZOOBINDIR/zkEnv.sh"

# A server in the foreground is this process itself, so that signals and the process id are the server's.
if [ -n "${ZOO_NOEXEC:-}" ]; then
  node $TSKEEPER_SERVER_FLAGS "$TSKEEPER_MAIN" zkServer "$0" "$@"
  exit $?
fi
exec node $TSKEEPER_SERVER_FLAGS "$TSKEEPER_MAIN" zkServer "$0" "$@"

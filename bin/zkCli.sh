#!/bin/sh
# The shell: zkCli.sh [-server host:port,...] [-timeout ms] [-r] [-waitforconnection] [-client-configuration file] [cmd args...]

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

exec node ${NODE_FLAGS:-} "$TSKEEPER_MAIN" zkCli "$@"

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

# ZK_CLIENT_HEAP is the largest heap in MB.
exec node ${NODE_FLAGS:-} ${ZK_CLIENT_HEAP:+--max-old-space-size=$ZK_CLIENT_HEAP} "$TSKEEPER_MAIN" zkCli "$@"

# Sourced by the other scripts, which set ZOOBINDIR, the directory that they are in, before.
# Finds the configuration directory, reads the environment files in it, and finds the program.
# Plain POSIX shell, and few processes: this runs before every start of a server.

if [ -z "${ZOOCFGDIR:-}" ]; then
  ZOOCFGDIR=$ZOOBINDIR/../conf
  [ -d "$ZOOCFGDIR" ] || ZOOCFGDIR=$ZOOBINDIR/../etc/zookeeper
fi

# What these files set is for the server, too, whether or not they say export.
for tskeeper_file in zookeeper-env.sh java.env; do
  if [ -f "$ZOOCFGDIR/$tskeeper_file" ]; then
    set -a
    . "$ZOOCFGDIR/$tskeeper_file"
    set +a
  fi
done

ZOO_LOG_DIR=${ZOO_LOG_DIR:-$ZOOBINDIR/../logs}
export ZOOBINDIR ZOOCFGDIR ZOO_LOG_DIR

# The name of the machine and the user are parts of file names; not every shell and service manager sets them.
if [ -z "${HOSTNAME:-}" ] && [ -r /proc/sys/kernel/hostname ]; then
  read -r HOSTNAME < /proc/sys/kernel/hostname
fi
[ -z "${HOSTNAME:-}" ] || export HOSTNAME

TSKEEPER_MAIN=$ZOOBINDIR/../packages/cli/dist/bundle/main.js
if [ ! -f "$TSKEEPER_MAIN" ]; then
  echo "$TSKEEPER_MAIN is missing: run npm ci first" >&2
  exit 1
fi
if ! command -v node > /dev/null; then
  echo "There is no node on the PATH: install Node.js 20 or newer" >&2
  exit 1
fi

# NODE_FLAGS are options of the runtime, parted by blanks. ZK_SERVER_HEAP is the largest heap in MB.
TSKEEPER_SERVER_FLAGS="${NODE_FLAGS:-} ${ZK_SERVER_HEAP:+--max-old-space-size=$ZK_SERVER_HEAP}"

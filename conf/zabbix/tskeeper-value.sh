#!/usr/bin/env bash
# Prints one value of a server's mntr, or without a key the answer to ruok, for agents that ask value by value.
#
#   tskeeper-value.sh HOST PORT [KEY]
#
# Exit code 0 with the value on stdout; 1 if the server does not answer, refuses the word or knows no such key; 2 for a wrong call.
set -u
if [ $# -lt 2 ] || [ $# -gt 3 ]; then
  echo "usage: ${0##*/} host port [key]" >&2
  exit 2
fi
word=ruok
[ $# -eq 3 ] && word=mntr

# Bash opens the connection itself, so neither nc nor anything else is needed; an agent's own limit is 3 seconds.
answer=$(
  exec 3<>"/dev/tcp/$1/$2" || exit 1
  printf %s "$word" >&3
  while IFS= read -r -t 3 line <&3 || [ -n "${line:-}" ]; do
    printf '%s\n' "$line"
    line=
  done
) 2>/dev/null || {
  echo "$1:$2 does not answer" >&2
  exit 1
}

if [ "$word" = ruok ]; then
  [ "$answer" = imok ] && echo imok && exit 0
  echo "$1:$2 answers ruok with: $answer" >&2
  exit 1
fi
while IFS=$'\t' read -r key value; do
  [ "$key" = "$3" ] && printf '%s\n' "$value" && exit 0
done <<<"$answer"
echo "$1:$2 tells no $3: ${answer%%$'\n'*}" >&2
exit 1

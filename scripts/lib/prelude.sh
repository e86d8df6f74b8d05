# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the scripts beside it: where the checkout is, who the files belong to, how long work is shown.
# Nothing here is printed unless something is wrong or takes long.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
JOBS=${MCPVIGIL_BUILD_JOBS:-$(nproc)}
LOGS=$ROOT/build/log
PROGRAM=$(basename "$0")

# Toolchains that installers put outside sudo's PATH, and sbin, where bpftool lives.
for dir in /usr/local/go/bin "$HOME/.cargo/bin" /usr/sbin /sbin; do
  case ":$PATH:" in *":$dir:"*) ;; *) [ ! -d "$dir" ] || PATH=$PATH:$dir ;; esac
done
export PATH

say() { printf '%s: %s\n' "$PROGRAM" "$*" >&2; }

# die CODE SENTENCE: exit codes are those of mcpvigil: 2 usage, 3 environment.
die() {
  local code=$1
  shift
  say "$*"
  exit "$code"
}

# Under sudo in somebody's checkout, what we build belongs to that person: as_owner runs a command as them.
# Everywhere else it runs the command as it is.
OWNER_PREFIX=()
if [ "$(id -u)" = 0 ] && [ "${SUDO_UID:-0}" != 0 ] && [ "$(stat -c %u "$ROOT")" = "$SUDO_UID" ] && command -v setpriv >/dev/null; then
  owner_home=$(getent passwd "$SUDO_UID" | cut -d: -f6)
  OWNER_PREFIX=(setpriv "--reuid=$SUDO_UID" "--regid=${SUDO_GID:-$SUDO_UID}" --init-groups env "HOME=${owner_home:-/}")
fi
as_owner() { "${OWNER_PREFIX[@]}" "$@"; }

# Makes build/ and build/log, and hands anything an earlier run left to root back to the owner.
prepare_build_dir() {
  as_owner mkdir -p "$ROOT/build"
  if [ ${#OWNER_PREFIX[@]} -gt 0 ]; then
    find "$ROOT/build" -not -user "$SUDO_UID" -exec chown -h "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" {} +
  fi
  as_owner mkdir -p "$LOGS"
}

# quietly NAME WORDS COMMAND...: runs COMMAND with its output in build/log/NAME.log; says "WORDS" at once, a line
# with the last step every 20 s, and on failure the end of the log. Returns the command's code.
quietly() {
  local words=$2 log=$LOGS/$1.log started=$SECONDS code=0 pid last beat=0
  shift 2
  as_owner mkdir -p "$LOGS"
  as_owner touch "$log"
  say "$words"
  # A process group of its own, ended as a whole on Ctrl-C: a background job would not notice it.
  set -m
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  set +m
  # shellcheck disable=SC2064  # this pid, now
  trap "kill -TERM -- -$pid 2>/dev/null; exit 130" INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    beat=$((beat + 1))
    if [ $((beat % 100)) = 0 ]; then
      last=$(tail -c 400 "$log" | tr '\r' '\n' | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c1-100) || last=
      say "${words%%:*}: $((SECONDS - started)) s${last:+ ($last)}"
    fi
  done
  wait "$pid" || code=$?
  trap - INT TERM
  if [ "$code" != 0 ]; then
    say "failed (exit code $code) after $((SECONDS - started)) s: $*"
    if ! { grep -nE -A12 '(error:|Error:|^E: )' "$log" | head -n 80; } >&2; then
      tail -n 30 "$log" >&2
    fi
    say "all of it is in $log"
  fi
  return "$code"
}

# configure_preset NAME [WORDS FOR CMAKE...]; build_preset NAME [TARGET...]: both work in build/NAME.
configure_preset() {
  local preset=$1
  shift
  quietly "configure-$preset" "configuring build/$preset" as_owner cmake -S "$ROOT" --preset "$preset" "$@"
}
build_preset() {
  local preset=$1 targets=()
  shift
  [ $# = 0 ] || targets=(--target "$@")
  quietly "build-$preset" "building build/$preset (jobs: $JOBS)" \
    as_owner cmake --build "$ROOT/build/$preset" --parallel "$JOBS" "${targets[@]}"
}

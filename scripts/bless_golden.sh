#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes expected/ of the golden cases anew from what the program says now, and shows the difference.
# The expected output is the specification: read every line of the difference before you commit it.
#
#   scripts/bless_golden.sh [BUILD_FOLDER [CASE...]]     default: build/dev, all cases
set -eu
cd "$(dirname "$0")/.."
build=${1:-build/dev}
[ $# -gt 0 ] && shift
[ -d "$build" ] || { echo "bless_golden: no build in $build: cmake --preset dev, or name another" >&2; exit 3; }
cmake --build "$build" --target golden_runner
if [ $# -eq 0 ]; then
  set -- tests/golden/*/input.scn
fi
failed=0
for case in "$@"; do
  case=$(basename "${case%/input.scn}")
  if ! "$build/tests/golden/golden_runner" --bless "tests/golden/$case"; then
    echo "bless_golden: $case not blessed" >&2
    failed=1
  fi
done
git --no-pager diff --stat -- tests/golden
git --no-pager diff -- tests/golden
new=$(git ls-files --others --exclude-standard -- tests/golden)
[ -z "$new" ] || printf 'new:\n%s\n' "$new"
exit $failed

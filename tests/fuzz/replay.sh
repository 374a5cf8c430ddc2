#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Replay every corpus through its target; run by `make check` in the build
# directory.
set -eu

corpora=$(cd "$(dirname "$0")/corpus" && pwd)
for folder in "$corpora"/*; do
	target=$(basename "$folder")
	if [ ! -x "tests/fuzz/replay_$target" ]; then
		printf '%s: not in this build\n' "$target"
		continue
	fi
	printf '%s: ' "$target"
	"tests/fuzz/replay_$target" "$folder"/*
done

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Replay every corpus through its target; run by `make check` in the build
# directory.
set -eu

corpora=$(cd "$(dirname "$0")/corpus" && pwd)
for folder in "$corpora"/*; do
	target=$(basename "$folder")
	printf '%s: ' "$target"
	"tests/fuzz/replay_$target" "$folder"/*
done

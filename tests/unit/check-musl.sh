#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Build common/ and its unit tests with musl-gcc and run them: what leans on
# glibc shows here. Needs no configure. One line per program; ends non-zero
# when one fails, 77 without musl-gcc.
#
# usage: check-musl.sh [output directory]
set -u

# What common/ consists of; tests of other folders need their libraries.
tests="buf conf deadline errmsg frame io json log proctitle result secret str
	wire"

top=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
if ! command -v musl-gcc >/dev/null; then
	echo "musl-gcc not found: package musl-tools"
	exit 77
fi

if [ $# -gt 0 ]; then
	out=$1
	mkdir -p "$out" || exit 1
else
	out=$(mktemp -d) || exit 1
	trap 'rm -rf "$out"' EXIT
	trap 'exit 1' HUP INT TERM
fi

cat >"$out/config.h" <<CONFIG
#define HAVE_EXPLICIT_BZERO 1
#define PACKAGE_VERSION "musl"
CONFIG

build() {
	# The folder with our cmocka.h comes first.
	musl-gcc -std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Werror \
		-I"$out" -I"$top/tests/unit/musl" -I"$top" "$@"
}

for source in "$top"/common/*.c "$top"/common/compat/*.c \
	"$top/tests/unit/freed.c"; do
	build -c -o "$out/$(basename "$source" .c).o" "$source" || exit 1
done

failed=0
for name in $tests; do
	program=test_$name
	if build -Wl,--wrap=free,--wrap=malloc -o "$out/$program" \
		"$top/tests/unit/$program.c" "$out"/*.o &&
		"$out/$program" >"$out/$program.out" 2>&1; then
		echo "ok     $program (musl)"
	else
		echo "FAILED $program (musl)"
		cat "$out/$program.out" 2>/dev/null
		failed=1
	fi
done
exit $failed

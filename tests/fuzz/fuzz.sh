#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Fuzz every target with libFuzzer, ASan and UBSan, SECONDS in all, starting
# from the corpora kept here. Needs clang and no configure. An input that
# fails is left in the current directory as crash-TARGET-*.
#
# usage: fuzz.sh SECONDS
set -eu

[ $# -eq 1 ] || { echo "usage: fuzz.sh SECONDS" >&2; exit 64; }
case $1 in
'' | *[!0-9]*) echo "fuzz.sh: not a number: $1" >&2; exit 64 ;;
esac
if ! command -v clang >/dev/null; then
	echo "clang not found: packages clang and llvm"
	exit 77
fi

top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
targets=$(cd "$top/tests/fuzz/corpus" && echo *)
count=$(echo "$targets" | wc -w)
each=$(($1 / count))
[ "$each" -gt 0 ] || each=1

cat >"$work/config.h" <<CONFIG
#define HAVE_EXPLICIT_BZERO 1
#define PACKAGE_VERSION "fuzz"
#define LOCALSTATEDIR "/var"
#define SASLDB2_PATH "/etc/sasldb2"
#define SASLDB2_LAYOUT USER_DB_LMDB
CONFIG

# What a target needs besides common/; the libraries are liblmdb and libcrypt.
user_db=$(find "$top/mechanisms" -name 'user_db*.c' \
	! -name '*berkeley*' ! -name '*gdbm*')

for target in $targets; do
	more=
	case $target in
	import) more="$top/tools/record_reader.c $top/tools/user_format*.c
		$user_db $top/mechanisms/treepage.c
		$top/mechanisms/passhash.c -llmdb -lcrypt" ;;
	hashfile) more="$top/mechanisms/user_db_hashfile.c
		$top/mechanisms/user_db_pages.c" ;;
	treefile) more="$top/mechanisms/user_db_treefile.c
		$top/mechanisms/treepage.c $top/mechanisms/user_db_pages.c" ;;
	radius) more="$top/mechanisms/rad_codec.c
		$top/mechanisms/rad_digest.c -lcrypto" ;;
	esac
	# $more is words, and a pattern.
	# shellcheck disable=SC2086
	clang -std=gnu11 -D_GNU_SOURCE -g -O1 \
		-fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -I"$work" -I"$top" \
		-o "$work/fuzz_$target" "$top/tests/fuzz/fuzz_$target.c" \
		"$top"/common/*.c "$top"/common/compat/*.c $more
	# What is found goes into the copy: the tree stays as it is.
	cp -r "$top/tests/fuzz/corpus/$target" "$work/corpus_$target"
	echo "$target: $each s"
	"$work/fuzz_$target" -max_total_time="$each" -max_len=70000 \
		-artifact_prefix="crash-$target-" -verbosity=0 \
		-print_final_stats=1 "$work/corpus_$target"
done

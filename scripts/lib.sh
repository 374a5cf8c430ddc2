# SPDX-License-Identifier: BSD-2-Clause
# Shell functions and names the scripts share. Read with `.`; needs $0.
# shellcheck shell=sh disable=SC2034

scripts=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$scripts")
build=${BUILD_DIR:-$top/build}
unpacked=$top/build/unpacked	# programs that cannot be installed

# None of them asks anything; a closed descriptor 0 would be given to the
# next file that is opened.
exec </dev/null

say() {
	printf '%s\n' "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

have() {
	command -v "$1" >/dev/null 2>&1
}

# A Python 3 that has pytest. The first one in PATH may be a foreign one, so
# the system's comes first.
python_with_pytest() {
	for candidate in /usr/bin/python3 python3; do
		if "$candidate" -c 'import pytest' >/dev/null 2>&1; then
			say "$candidate"
			return 0
		fi
	done
	return 1
}

processors() {
	nproc 2>/dev/null || say 1
}

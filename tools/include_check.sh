#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Includes point one way: cli -> {workloads, collectors} -> engine -> lib. An include is written from the project's
# root, so its first folder says where it points. Tests and benchmarks may include anything but cli's main.
#
#	tools/include_check.sh [ROOT]
#
# Prints each include that points the wrong way as file:line, and exits 1 if there is one.
set -eu
cd "${1:-.}"

# folder: folders that its files may include
allowed() {
	case $1 in
	lib) echo "lib" ;;
	engine) echo "lib engine" ;;
	preload) echo "lib engine preload" ;;
	workloads | collectors) echo "lib engine workloads collectors" ;;
	cli | tests | bench) echo "lib engine workloads collectors cli tests bench" ;;
	esac
}

bad=0
for dir in lib engine preload workloads collectors cli tests bench; do
	[ -d "$dir" ] || continue
	files=$(find "$dir" -name '*.[ch]' -o -name '*.def' | sort)
	[ -n "$files" ] || continue
	may=" $(allowed "$dir") "
	# shellcheck disable=SC2086
	lines=$(grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' /dev/null $files || true)
	[ -n "$lines" ] || continue
	while IFS= read -r line; do
		where=${line%%:*}
		rest=${line#*:}
		what=${rest#*\"}
		what=${what%%\"*}
		to=${what%%/*}
		why=
		case $what in
		*..*) why="goes up with '..'" ;;
		*/*) case $may in *" $to "*) ;; *) why="$dir may include only:$may" ;; esac ;;
		*) why="is not written from the project's root" ;;
		esac
		case $dir:$to in cli:tests | cli:bench) why="the program may not include its tests" ;; esac
		if [ -n "$why" ]; then
			echo "$where:${rest%%:*}: include of \"$what\": $why" >&2
			bad=1
		fi
	done <<-END
		$lines
	END
done
exit $bad

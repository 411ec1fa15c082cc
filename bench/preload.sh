#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs with the C library's malloc, with jemalloc where it is installed, and with libslabscope-malloc.so: all three in
# each round, in an order that turns. To results/bench/preload.csv
# (program,allocator,version,rounds,wall_ms,cpu_ms,rss_kib,wall_ratio,cpu_ratio,rss_ratio): medians over the rounds, and of
# the ratios to glibc within a round. A table on the terminal.
#
#	bench/preload.sh [PROGRAM...]		BUILD and VARIANT as for make, ROUNDS (7)
#
# redis-server, which Debian links with jemalloc, gets glibc's malloc by preloading libc.so.6.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top" || exit 1
out=$top/${BUILD:-build}/${VARIANT:-release}
lib=$out/libslabscope-malloc.so
launch=$out/bench_launch
rounds=${ROUNDS:-7}
csv=$top/results/bench/preload.csv
[ -f "$lib" ] && [ -x "$launch" ] || { echo "preload: no $lib or $launch: run 'make all benches' first" >&2; exit 1; }
work=$(mktemp -d "${TMPDIR:-/tmp}/slabscope-bench.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
unset SLABSCOPE_MALLOC

library() { ldconfig -p | sed -n "s|^[[:space:]]*$1 .*=> ||p" | head -n 1; }
jemalloc=$(library 'libjemalloc\.so\.2')
libc=$(library 'libc\.so\.6')
allocators="glibc${jemalloc:+ jemalloc} slab"

version() {
	case $1 in
	glibc) getconf GNU_LIBC_VERSION | cut -d' ' -f2 ;;
	jemalloc) strings "$jemalloc" 2>/dev/null | sed -n 's/^\([0-9]\.[0-9.]*\)-[0-9]*-g.*/\1/p' | head -n 1 ;;
	slab) "$out/slabscope" --version | awk 'NR == 1 { print $2 }' ;;
	esac
}

# ---- programs: prepare_NAME once, 1 if it cannot be had; run_NAME FILE with LAUNCH_PRELOAD set ----

have() { command -v "$1" >/dev/null || { echo "preload: no $1: left out" >&2; return 1; }; }

prepare_start() { :; }
run_start() { "$launch" "$1" sh -c 'i=0; while [ $i -lt 100 ]; do /bin/true; i=$((i + 1)); done'; }

# not a script that looks for one
prepare_python3() { have python3 && python=$(python3 -c 'import sys; print(sys.executable)'); }
run_python3() {
	"$launch" "$1" "$python" -c '
import json, random
random.seed(1)
d = {str(i): {"a": [random.random() for _ in range(i % 20)], "b": "x" * (i % 90)} for i in range(20000)}
for _ in range(3):
    d = json.loads(json.dumps(d))
words = [str(random.random()) for _ in range(200000)]
words.sort()
print(len(" ".join(words)), sum(len(set(w)) for w in words))' >/dev/null
}

prepare_gcc() { have "${CC:-gcc}"; }
run_gcc() {
	"$launch" "$1" sh -c "for f in engine/geometry.c engine/alloc.c engine/list3.c lib/opt.c; do
		${CC:-gcc} -std=gnu11 -O2 -I. -D_GNU_SOURCE -c -o '$work/o.o' \$f || exit 1; done"
}

prepare_git() {
	have git || return
	git init -q "$work/repo" && cp -r "$top"/[a-ln-pt-z]*/ "$work/repo" 2>/dev/null
	rm -rf "$work/repo/build" "$work/repo/results"
	git -C "$work/repo" add -A && git -C "$work/repo" -c user.name=n -c user.email=e commit -qm one
}
run_git() { "$launch" "$1" git -C "$work/repo" -c pack.threads=1 repack -adfq --window=30; }

prepare_sqlite3() {
	have sqlite3 && awk 'BEGIN { srand(1); for (i = 0; i < 100000; i++) printf "%d,%d,%x\n", i, rand() * 1e9, rand() * 1e15 }' \
		>"$work/in.csv"
}
run_sqlite3() {
	"$launch" "$1" sqlite3 :memory: 'create table t(a integer, b integer, c text)' '.mode csv' ".import $work/in.csv t" \
		'create index i on t(b)' 'create index j on t(c)' 'select count(distinct b % 1000), max(c) from t' >/dev/null
}

prepare_redis() { have redis-check-rdb && have redis-benchmark; }
# the server's cost; its client has no preload
run_redis() {
	rm -f "$work/r.sock"
	[ -n "$LAUNCH_PRELOAD" ] || LAUNCH_PRELOAD=$libc
	"$launch" "$1" bash -c "exec -a redis-server redis-check-rdb --port 0 --unixsocket '$work/r.sock' --save '' \
		--dir '$work'" >"$work/redis.log" 2>&1 &
	for _ in $(seq 100); do
		[ -S "$work/r.sock" ] && break
		sleep 0.05
	done
	redis-benchmark -s "$work/r.sock" -q -n 40000 -c 20 -P 16 -r 20000 -d 200 -t set,get,lpush,lpop,sadd,hset,zadd >/dev/null 2>&1
	redis-cli -s "$work/r.sock" shutdown nosave >/dev/null 2>&1
	wait $!
}

# ---- rounds ----

preload_of() {
	case $1 in
	slab) echo "$lib" ;;
	jemalloc) echo "$jemalloc" ;;
	esac
}

# Lines program,allocator,round,wall,cpu,rss to $work/raw
measure() {
	local program=$1 r i a
	# shellcheck disable=SC2086
	set -- $allocators
	for r in $(seq 0 "$rounds"); do # round 0 warms up
		for i in $(seq $#); do
			a=${*:$(((r + i) % $# + 1)):1}
			LAUNCH_PRELOAD=$(preload_of "$a")
			export LAUNCH_PRELOAD
			"run_$program" "$work/line" || { echo "preload: $program with $a failed: left out" >&2; return 1; }
			[ "$r" = 0 ] || echo "$program,$a,$r,$(cat "$work/line")" >>"$work/raw"
		done
	done
}

# ---- results ----

summary() {
	awk -F, -v versions="$1" '
	function median(list,   v, n, i, j, t) {
		n = split(list, v, " ")
		for (i = 2; i <= n; i++)
			for (j = i; j > 1 && v[j] + 0 < v[j - 1] + 0; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
		return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
	}
	{
		key = $1 "," $2
		if (!(key in n)) order[++keys] = key
		n[key]++
		for (k = 4; k <= 6; k++) { all[key, k] = all[key, k] " " $k; one[key, $3, k] = $k }
		rounds[$3] = 1
	}
	END {
		m = split(versions, w, " ")
		for (i = 1; i <= m; i++) { split(w[i], x, "="); version[x[1]] = x[2] }
		for (i = 1; i <= keys; i++) {
			split(order[i], x, ",")
			printf "%s,%s,%d", order[i], version[x[2]], n[order[i]]
			for (k = 4; k <= 6; k++) printf ",%.1f", median(all[order[i], k])
			for (k = 4; k <= 6; k++) {
				list = ""
				for (r in rounds) if ((order[i], r, k) in one) list = list " " one[order[i], r, k] / one[x[1] ",glibc", r, k]
				printf ",%.3f", median(list)
			}
			print ""
		}
	}' "$work/raw"
}

: >"$work/raw"
[ $# -gt 0 ] || set -- start python3 gcc git sqlite3 redis
for program; do
	"prepare_$program" && measure "$program"
done
[ -s "$work/raw" ] || exit 1
versions=
for a in $allocators; do
	versions="$versions $a=$(version "$a")"
done
mkdir -p "${csv%/*}"
{
	echo program,allocator,version,rounds,wall_ms,cpu_ms,rss_kib,wall_ratio,cpu_ratio,rss_ratio
	summary "$versions"
} >"$csv.new" && mv "$csv.new" "$csv"
awk -F, '{ printf "%-10s %-9s %-8s %6s %9s %9s %9s %10s %9s %9s\n", $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 }' "$csv"
echo "written: results/bench/preload.csv"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that know nothing of libslabscope-malloc.so do with it what they do without. With SLABSCOPE_TEST_LONG=1 (make
# check-long) at length. What is not installed is left out, and said: exit 77 then, if the rest is right.
#
#	apt-get install git sqlite3 redis-tools libpython3.11-testsuite	(Debian 12; other releases: their python's number)
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

out=$top/${SLABSCOPE_OUT:-build/release}
lib=$out/libslabscope-malloc.so
[ -f "$lib" ] || { echo "no $lib in this build"; exit 77; }
long=${SLABSCOPE_TEST_LONG:-}
absent=

# have PROGRAM PACKAGE
have() {
	command -v "$1" >/dev/null && return
	absent="$absent $1 (package $2)"
	return 1
}

# on SETTINGS COMMAND...: runs it on the engine, leaves out, err and got
on() {
	local settings=$1
	shift
	SLABSCOPE_MALLOC=$settings LD_PRELOAD=$lib timeout 2400 "$@" >out 2>err </dev/null
	got=$?
}

# same SETTINGS COMMAND...: exit code and output are those without the engine
same() {
	timeout 2400 "${@:2}" >want 2>/dev/null </dev/null
	local code=$?
	on "$@"
	[ $got = $code ] || fail "${*:2}: exit $got, expected $code: $(head -n 3 err)"
	cmp -s want out || fail "${*:2}: another output"
	[ ! -s err ] || fail "${*:2} says: $(head -n 3 err)"
}

# fine COMMAND...: ends well on the engine
fine() {
	on "" "$@"
	[ $got = 0 ] || fail "$*: exit $got: $(tail -n 3 err)"
}

shell_tools() {
	same "" /bin/ls -l /usr
	# shellcheck disable=SC2016
	same "" sh -c 'seq 20000 | sort -R --random-source=/bin/sh | sort -n | awk "{ s += \$1; a[\$1] = s } END { print s, length(a) }"'
}

python() {
	have python3 python3 || return
	same "" python3 -c '
import json, subprocess, threading
def work(n, out):
    d = {str(i): ["x" * (i % 50), i] for i in range(n)}
    out.append(len(json.dumps(d)))
out = []
t = [threading.Thread(target=work, args=(2000, out)) for _ in range(4)]
[x.start() for x in t]
print([subprocess.check_output(["echo", str(i)]) for i in range(3)])
[x.join() for x in t]
print(sorted(out), bytes(bytearray(5000000))[:3])'
	[ -n "$long" ] || return
	# not test_threading: on a busy machine two of its threads may set a trace function at once, which ends one of them
	local suite="test_list test_dict test_set test_json test_bytes test_thread test_queue"
	if ! python3 -c 'import test.test_list' 2>/dev/null; then
		absent="$absent python's test modules (package libpython3.N-testsuite)"
		return
	fi
	# shellcheck disable=SC2086
	on "" python3 -m test $suite
	[ $got = 0 ] && return
	# its tests may fail for reasons of their own
	cp out engine.out
	# shellcheck disable=SC2086
	if python3 -m test $suite >plain.out 2>&1; then
		fail "python3 -m test: exit $got: $(tail -n 5 engine.out)"
	else
		echo "python3 -m test fails without the engine too: $(tail -n 3 plain.out)"
	fi
}

with_git() {
	have git git || return
	git init -q repo && echo one >repo/file && git -C repo add file
	git -C repo -c user.name=n -c user.email=e commit -qm first
	echo two >>repo/file
	same "" git -C repo status --short
	same "" git -C repo log -p
	fine git -C repo -c user.name=n -c user.email=e commit -qam second
	git -C repo fsck >/dev/null 2>&1 || fail "git fsck"
	[ -n "$long" ] && git -C "$top" rev-parse -q --verify HEAD >/dev/null 2>&1 || return
	fine git clone -q --no-local "$top" clone
	fine git -C clone gc -q --prune=now
	fine git -C clone -c pack.threads=4 repack -adfq --window=20
	fine git -C clone fsck --full
	git -C clone fsck --full >/dev/null 2>&1 || fail "git fsck of what was cloned and packed on the engine"
	same "" git -C clone log --stat -p
}

compiler() {
	local flags="-std=gnu11 -O1 -I. -D_GNU_SOURCE" files=engine/geometry.c cc=${CC:-cc} f
	have "${cc%% *}" gcc || return
	[ -z "$long" ] || files="$(cd "$top" && echo engine/[a-g]*.c)"
	for f in $files; do
		# shellcheck disable=SC2086
		(cd "$top" && $cc $flags -S -o "$work/plain.s" "$f") || continue
		# shellcheck disable=SC2086
		(cd "$top" && LD_PRELOAD=$lib $cc $flags -S -o "$work/engine.s" "$f") || fail "$cc $f"
		cmp -s plain.s engine.s || fail "$cc $f: other code"
	done
	[ -n "$long" ] || return
	fine ${MAKE:-make} -C "$top" -j2 BUILD="$work/build" DEPS=off all
	fine "$work/build/release/slabscope" list profiles
}

with_sqlite() {
	have sqlite3 sqlite3 || return
	local rows=5000
	[ -z "$long" ] || rows=300000
	same colour=off sqlite3 :memory: \
		"create table t(a, b); with recursive n(i) as (select 1 union all select i + 1 from n where i < $rows)
		insert into t select i, hex(i * 7919) from n; create index i on t(b); select count(*), max(b), sum(a) from t;"
	[ -n "$long" ] || return
	awk -v n="$rows" 'BEGIN { srand(1); for (i = 0; i < n; i++) printf "%d,%d,%x\n", i, rand() * 1e9, rand() * 1e15 }' >in.csv
	same "" sqlite3 "$work/t.db" 'drop table if exists t' 'create table t(a integer, b integer, c text)' '.mode csv' \
		".import $work/in.csv t" 'create index i on t(b)' 'create index j on t(c)' 'delete from t where a % 7 = 0' vacuum \
		'pragma integrity_check' 'select count(*), sum(a), sum(b), max(c) from t'
	says out '^ok'
}

# redis: what a server holds. Asked of one on the engine, and of one without that reads what the first has written.
redis_state() {
	redis-cli -s r.sock dbsize
	# shellcheck disable=SC2016
	redis-cli -s r.sock eval \
		'local s = "" for i = 1, 20000, 7 do s = redis.sha1hex(s .. (redis.call("get", "k" .. i) or "-")) end return s' 0
}

redis_up() {
	# the server is the program redis-check-rdb by another name: its package starts no service
	(exec -a redis-server "$(command -v redis-check-rdb)" --port 0 --unixsocket "$work/r.sock" --save "" --dir "$work" \
		--dbfilename d.rdb --enable-debug-command local) >redis.log 2>&1 </dev/null &
	server=$!
	for _ in $(seq 100); do
		[ "$(redis-cli -s r.sock ping 2>/dev/null)" = PONG ] && return
		sleep 0.1
	done
	fail "redis-server does not answer: $(tail -n 3 redis.log)"
	kill $server
	return 1
}

redis_down() {
	redis-cli -s r.sock shutdown nosave >/dev/null 2>&1
	wait $server || fail "redis-server: exit $?: $(tail -n 3 redis.log)"
}

with_redis() {
	[ -n "$long" ] || return
	have redis-check-rdb redis-tools && have redis-benchmark redis-tools || return
	export SLABSCOPE_MALLOC=
	LD_PRELOAD=$lib redis_up || return
	grep -q libslabscope-malloc "/proc/$server/maps" || fail "redis-server is not on the engine"
	awk 'BEGIN { for (i = 1; i <= 20000; i++) printf "SET k%d %0*d\n", i, i % 700 + 1, i }' | redis-cli -s r.sock --pipe >/dev/null
	redis-cli -s r.sock bgsave >/dev/null # a fork, and work while the child writes
	LD_PRELOAD=$lib redis-benchmark -s r.sock -q -n 20000 -c 20 -P 8 -d 300 -r 5000 \
		-t set,get,lpush,lpop,sadd,hset,spop,zadd,mset >bench.log 2>&1 || fail "redis-benchmark: $(tail -n 2 bench.log)"
	redis-cli -s r.sock save >/dev/null
	redis_state >want
	redis_down
	redis_up || return
	redis_state >out
	cmp -s want out || fail "redis-server on the engine wrote what another does not read: $(cat want out)"
	redis_down
}

shell_tools
python
with_git
compiler
with_sqlite
with_redis
[ $failed = 0 ] && [ -n "$absent" ] && { echo "left out:$absent; the rest is right"; exit 77; }
exit $failed

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# libslabscope-malloc.so: programs that know nothing of it do with it what they do without.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

out=$top/${SLABSCOPE_OUT:-build/release}
lib=$out/libslabscope-malloc.so
exercise=$out/tests/preload_exercise
[ -f "$lib" ] || { echo "no $lib in this build"; exit 77; }

# on SETTINGS COMMAND...: runs it on the engine, leaves out, err and got
on() {
	local settings=$1
	shift
	SLABSCOPE_MALLOC=$settings LD_PRELOAD=$lib timeout 60 "$@" >out 2>err </dev/null
	got=$?
}

# same SETTINGS COMMAND...: exit code and output are those without the engine
same() {
	timeout 60 "${@:2}" >want 2>/dev/null </dev/null
	local code=$?
	on "$@"
	[ $got = $code ] || fail "${*:2}: exit $got, expected $code: $(head -n 3 err)"
	cmp -s want out || fail "${*:2}: another output"
	[ ! -s err ] || fail "${*:2} says: $(head -n 3 err)"
}

have() { command -v "$1" >/dev/null; }

# it is really there
on slabinfo=on /bin/ls /
says err '^malloc-16  '
[ "$got" = 0 ] || fail "ls: exit $got"

# the contract of malloc, threads, fork: as the machine is, with the classic toggles, with nodes, and debugging
for settings in "" profile=kernel-2.6.22 "nodes=2,placement=interleave-object" poison=on,stats=full profile=kernel-6.1; do
	on "$settings" "$exercise"
	[ "$got" = 0 ] || fail "exercise with '$settings': exit $got: $(head -n 3 err)"
	says out '^ok$'
done
# without restartable sequences: slots of threads
GLIBC_TUNABLES=glibc.pthread.rseq=0 on "" "$exercise"
[ "$got" = 0 ] || fail "exercise without rseq: exit $got: $(head -n 3 err)"

# toggles arrive
on "" "$exercise" colours
[ "$(cat out)" -gt 1 ] || fail "colours: $(cat out)"
on colour=off "$exercise" colours
[ "$(cat out)" = 1 ] || fail "colours with colour=off: $(cat out)"
# what is none is told, once, and left out
on "colour=red bogus=1 word colour=off" "$exercise" colours
[ "$(cat out)" = 1 ] || fail "a bad setting takes others with it"
# timeout(1) is such a program too
[ "$(sort -u err | wc -l)" = 3 ] || fail "not three complaints: $(cat err)"
says err "SLABSCOPE_MALLOC: colour: expected .*'red'; ignored\$"
says err 'SLABSCOPE_MALLOC: bogus: there is no such option; ignored$'
says err "SLABSCOPE_MALLOC: 'word': expected NAME=VALUE; ignored\$"
on profile=slow "$exercise" colours
says err "profile: expected one of kernel-2.6.22, .* got 'slow'; ignored"
# misuse ends the program, with a word
on "" "$exercise" invalid
[ "$got" = 134 ] || fail "free of what is none: exit $got"
says err 'free(0x[0-9a-f]*): this was never allocated'

# programs
same "" /bin/ls -l /usr
# shellcheck disable=SC2016
same "" sh -c 'seq 20000 | sort -R --random-source=/bin/sh | sort -n | awk "{ s += \$1; a[\$1] = s } END { print s, length(a) }"'
have python3 && same "" python3 -c '
import json, subprocess, threading
def work(n, out):
    d = {str(i): ["x" * (i % 50), i] for i in range(n)}
    out.append(len(json.dumps(d)))
out = []
t = [threading.Thread(target=work, args=(3000, out)) for _ in range(4)]
[x.start() for x in t]
print([subprocess.check_output(["echo", str(i)]) for i in range(5)])
[x.join() for x in t]
print(sorted(out), bytes(bytearray(5000000))[:3])'
if have git; then
	git init -q repo && echo one >repo/file && git -C repo add file
	git -C repo -c user.name=n -c user.email=e commit -qm first
	echo two >>repo/file
	same "" git -C repo status --short
	same "" git -C repo log -p
	on "" git -C repo -c user.name=n -c user.email=e commit -qam second
	[ "$got" = 0 ] || fail "git commit: exit $got"
	git -C repo fsck >/dev/null 2>&1 || fail "git fsck"
fi
compiler=${CC:-cc}
have "${compiler%% *}" && (cd "$top" && $compiler -std=gnu11 -O1 -I. -D_GNU_SOURCE -S -o "$work/plain.s" engine/geometry.c) &&
	(cd "$top" && LD_PRELOAD=$lib $compiler -std=gnu11 -O1 -I. -D_GNU_SOURCE -S -o "$work/engine.s" engine/geometry.c) &&
	{ cmp -s plain.s engine.s || fail "the compiler makes other code"; }
have sqlite3 && same colour=off sqlite3 :memory: \
	'create table t(a, b); with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
	insert into t select i, hex(i * 7919) from n; create index i on t(b); select count(*), max(b), sum(a) from t;'
exit $failed

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# libslabscope-malloc.so: what malloc promises, and what the environment says. preload_programs.sh runs programs on it.
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

# it is really there
on slabinfo=on /bin/ls /
says err '^malloc-16  '
[ "$got" = 0 ] || fail "ls: exit $got"

# the contract of malloc, threads, fork: as the machine is, with the classic toggles, with nodes, and debugging
for settings in "" profile=kernel-2.6.22 "nodes=2,placement=interleave-object" poison=on profile=kernel-6.1; do
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

exit $failed

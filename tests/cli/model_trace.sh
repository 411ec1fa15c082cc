#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slabscope model: stored traces with counts that are known by hand, conversions, a sweep, mistakes.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

is() { diff -u "$1" - >diff.out || fail "$1: $(cat diff.out)"; }

# ---- a cache of 2 sets and 2 ways, lines of 64 bytes; line numbers in front ----
# 0 miss, 2 miss, 0 hit, 4 miss (2 leaves), 2 miss (0 leaves), 1 miss, a store over lines 1 and 2: hit, hit
cat >a.din <<'E'
# set 0: lines 0, 2, 4; set 1: line 1
0 0
1 80
0 3f
2 400000
0 100
0 80
r 40 4
w 7c 8
E
expect 0 model --target 'l1d=256/2/64:lru' --trace a.din --csv
is out <<'E'
level,accesses,misses,writebacks
l1d,8,5,1
E
# the second level: misses of the first, 5; lines 0 2 4 2 1: 2 is there the second time
expect 0 model --target 'l1d=256/2/64:lru,l2=1K/4/64:lru' --trace a.din --csv
cut -d, -f1-3 out >short
is short <<'E'
level,accesses,misses
l1d,8,5
l2,5,4
E
expect 0 model --target 'l1d=256/2/64:lru' --trace a.din
says out '^model: target inline'
says out '^frames identity, seed 1$'
says out '(din): 7 loads and stores, 1 instruction fetches skipped'
says out '^l1d  *8  *5  *1$'

# ---- the same, as everything else ----
"$bin" model --target 'l1d=256/2/64:lru' --trace a.din --csv >want
for to in bin words din lackey; do
	expect 0 model --trace a.din --output "a.$to.out" --to $to
	expect 0 model --target 'l1d=256/2/64:lru' --trace "a.$to.out" --csv
	is out <want
	"$bin" model --target 'l1d=256/2/64:lru' --trace - --csv <"a.$to.out" >out || fail "$to from standard input"
	is out <want
done
expect 0 model --trace a.bin.out --output - --to din
is out <<'E'
0 0 1
1 80 1
0 3f 1
0 100 1
0 80 1
0 40 4
1 7c 8
E

# ---- lackey: a modify is two accesses ----
printf '==7== x\nI  400000,4\n L 0,8\n M 8,8\n S 3c,8\n' >b.lackey
expect 0 model --target 'l1d=256/2/64:lru' --trace b.lackey --csv
cut -d, -f1-3 out >short
is short <<'E'
level,accesses,misses
l1d,5,2
E

# ---- sets, kinds, CPUs ----
expect 0 model --target 'l1d=256/2/64:lru' --trace a.din --csv --sets sets.csv
says sets.csv '^l1d,0,6,4$'
says sets.csv '^l1d,1,2,1$'
expect 0 model --target 'l1d=256/2/64:lru' --trace a.din --csv --kinds
says out '^level,accesses,misses,writebacks,compulsory,capacity,conflict,coherence$'
says out '^l1d,8,5,1,4,'
expect 0 model --target 'l1d=256/2/64:lru' --trace a.din --csv --cpu
is out <<'E'
cpu,level,accesses,misses,writebacks
0,l1d,8,5,1
E

# ---- a sweep: 128 rows; the walk over a set ----
for i in $(seq 0 9) $(seq 0 9); do printf '0 %x\n' $((i * 4096)); done >walk.din
expect 0 model --sweep --trace walk.din
[ "$(wc -l <out)" = 129 ] || fail "sweep: $(wc -l <out) lines"
says out '^line,sets,ways,size,accesses,misses$'
says out '^64,64,9,36864,20,20$'
says out '^64,64,10,40960,20,10$'
says out '^64,512,1,32768,20,14$'
says out '^64,512,2,65536,20,10$'
expect 0 model --sweep --line 128 --trace walk.din
says out '^128,64,5,40960,20,10$'

# ---- mistakes ----
printf '0 10\n0 xyz\n' >bad.din
expect 2 model --target 'l1d=256/2/64:lru' --trace bad.din --csv
says err 'bad.din: line 2, column 3: expected a hexadecimal address'
says err '(read as din, by its first lines; --format'
[ ! -s out ] || fail "counts of a bad trace"
expect 2 model --target 'l1d=256/2/64:lru' --trace bad.din --format din
grep -q 'read as' err && fail "a guess where nothing was guessed"
head -c 20 a.bin.out >cut.bin
expect 2 model --target 'l1d=256/2/64:lru' --trace cut.bin
says err 'cut.bin: offset [0-9]*: truncated'
printf '0 10 4 3\n' >cpu.din
expect 2 model --target 'l1d=256/2/64:lru' --trace cpu.din
says err 'an access of CPU 3; the target has'
expect 2 model --target 'l1d=256/2/64:lru' --trace nowhere.din
says err nowhere.din
expect 2 model --trace a.din
says err 'target is needed'
expect 2 model --target 'l1d=256/2/64:lru'
expect 2 model --trace a.din --to din
expect 2 model --target 'l1d=255/2/64:lru' --trace a.din
expect 2 model --target 'l1d=256/2/64:lru' --trace a.din --frames pagemap
expect 2 model --sweep --line 63 --trace a.din
expect 1 model --trace a.din --output /dev/full
exit $failed

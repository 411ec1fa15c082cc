#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# record and replay: text and our own format say the same; a trace is a workload for every toggle, on time and model.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

trace=$top/tests/data/small.slabtrace

expect 0 replay "$trace" --info
says out '3349 records: 2129 allocations, 954 frees, 266 implicit frees'
expect 0 replay --info --json "$trace"
says out '"implicit": 266'

# text, packed, and through a pipe
cat >t.txt <<'EOF'
# a comment
sh 1 [000] 1.000001: kmem:kmem_cache_alloc: call_site=f ptr=0x10 name=a b bytes_req=24 bytes_alloc=32 gfp_flags=X node=-1
sh 1 [001] 1.000002: kmem:kmem_cache_alloc: call_site=f ptr=0x20 name=<i>"c", bytes_req=8 bytes_alloc=8 gfp_flags=X node=0
sh 1 [001] 1.000003: kmem:kmem_cache_free: call_site=g ptr=0x10 name=a b
EOF
gzip -k t.txt
expect 0 record --from t.txt.gz -o t.slabtrace
for from in t.txt t.txt.gz t.slabtrace; do
	expect 0 replay "$from" --info
	tail -n +2 out >"$from.info"
done
cmp t.txt.info t.txt.gz.info && cmp t.txt.info t.slabtrace.info || fail "text and trace differ"
"$bin" replay - --info <t.txt | tail -n +2 | cmp - t.txt.info || fail "standard input"

# damage: named and refused, or used up to there
sed '4s/ptr=0x10/ptr=/' t.txt >bad.txt
expect 2 replay bad.txt --info
says err 'bad.txt: line 4: an event of a cache without an address'
expect 0 replay bad.txt --info --partial
says out '^DAMAGED, read up to there: bad.txt: line 4'
head -c 9000 "$trace" >cut.slabtrace
expect 1 record --from cut.slabtrace -o not.slabtrace
says err 'cut.slabtrace: Truncated'
[ ! -e not.slabtrace ] || fail "a damaged trace left a file"
printf 'PERFILE2.....' >perf.data
expect 2 replay perf.data --info
says err 'perf script -i'
expect 2 run --workload replay
says err 'which file'
expect 2 replay --workers 2
says err 'the trace comes first'
expect 2 record
says err 'a command after --'
expect 2 record --seconds 1
says err 'say --system'

# a workload as any other: on the engine with two colourings and on a peer
expect 0 replay "$trace" --allocator slab,malloc --colour 0,4 --launches 1 -c slabinfo --ops 7000 --allow-debug on -q -o r
[ "$(trials r | wc -l)" = 4 ] || fail "not 4 trials: $(trials r)"
awk -F, '/,trial\.status,/ && !/,ok,/ { bad = 1 } END { exit bad }' r/samples.csv || fail "$(grep trial.status r/samples.csv)"

# several traces are variants under the names of their files; run.json says which files they were
cp "$trace" 'other one.slabtrace'
expect 2 replay "$trace" 'other one.slabtrace' --launches 1
says err 'none may have a blank'
mv 'other one.slabtrace' other.v2.slabtrace
expect 0 replay "$trace" other.v2.slabtrace --colour 0,4 --launches 1 -c time --ops 7000 --allow-debug on -q -o two
[ "$(trials two | wc -l)" = 4 ] || fail "not 4 trials: $(trials two)"
for v in small other; do
	says two/samples.csv "\"variant=$v,colour=4\""
done
crc=$(gzip -c "$trace" | tail -c 8 | head -c 4 | od -An -tu1 | awk '{ printf "%02x%02x%02x%02x", $4, $3, $2, $1 }')
[ "$(grep -c "\"crc32\": \"$crc\"" two/run.json)" = 2 ] || fail "run.json has not twice crc32 $crc"
says two/run.json "\"bytes\": $(wc -c <"$trace")"
# and a run goes on with them only
sed -i '$d' two/samples.csv
cp t.slabtrace other.v2.slabtrace
expect 1 run --resume two
says err 'other.v2.slabtrace is not the file any more'
cp "$trace" other.v2.slabtrace
expect 0 run --resume two -q
exit $failed

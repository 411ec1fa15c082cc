#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run -c model: the model of another CPU beside what is measured here: one trial of two processes, exact, the same again.
# shellcheck source=tests/cli/common.inc
. "$(dirname "$0")/common.inc"

if [ ! -x "$(dirname "$(readlink -f "$bin")")/slabscope-model" ]; then
	echo "there is no slabscope-model beside $bin"
	exit 77
fi

# of FOLDER LABEL METRIC: the value of the whole trial in block 0
of() {
	awk -F, -v l="$2" -v m="$3" '$2 == 0 && index("," $0 ",", "," l ",") && index($0, "," m ",") {
		sub(".*," m ",", ""); split($0, f, ","); if (f[6] == -1) { print f[1]; exit } }' "$1/samples.csv"
}
# same A B: every row of the model, to the digit
same() {
	grep ',model,' "$1/samples.csv" | sort >a.rows
	grep ',model,' "$2/samples.csv" | sort >b.rows
	[ -s a.rows ] || fail "no rows of the model in $1"
	cmp -s a.rows b.rows || fail "$1 and $2 differ: $(diff a.rows b.rows | head -n 4)"
}
is() {
	awk -v a="$1" -v b="$3" "BEGIN { exit !(a != \"\" && b != \"\" && a + 0 $2 b + 0) }" || fail "$4: not $1 $2 $3"
}

l1=l1d=32K/8/64:lru
header=(run --target $l1 --object-size 512 --n 16 --colour-slack none,object --allow-debug on --seed 5 -q)

# 16 hot lines of uncoloured slabs do not fit into the 8 ways of their one set; with 8 colours they do
expect 0 "${header[@]}" -c time,model --launches 2 --duration-ms 1 -o both
[ "$(grep -c ',trial.status,0,1,ok,' both/samples.csv)" = 4 ] || fail "not four good trials: $(grep trial.status both/samples.csv)"
none=colour_slack=none object=colour_slack=object
is "$(of both $none model.l1d_misses_per_op)" '>' 0.99 uncoloured
is "$(of both $none model.l1d_misses_per_op)" '<' 1.01 uncoloured
is "$(of both $object model.l1d_misses_per_op)" '<' 0.01 coloured
is "$(of both $none model.l1d_hot_set_1)" == 0 'the hot set'
is "$(of both $none model.l1d_sets_max_share)" '>' 0.99 'its share'
is "$(of both $none model.l1d_misses_object)" '>' 100000 'what misses'
is "$(of both $none model.l1d_misses_header)" == 0 'what does not'
is "$(of both $none model.l1d_object_line_0)" == "$(of both $none model.l1d_misses_object)" 'which line'
is "$(of both $none model.l1d_op_visit)" == "$(of both $none model.l1d_misses_object)" 'in what'
is "$(of both $none time.ns_per_op)" '>' 0 'the measured part'

# nothing twice, and each row of the model says what it is of
cut -d, -f1,6,12 both/samples.csv | sort | uniq -d >twice
[ ! -s twice ] || fail "twice in one trial: $(head -n 3 twice)"
grep -q ',effective.model.ops,200000,' both/samples.csv || fail "no number of modelled operations"
grep ',model,-1,' both/samples.csv | grep -v "model of $l1; l1d lru, frames identity, seed\|latencies are not all known" >bare
[ ! -s bare ] || fail "a row that does not say of what: $(head -n 1 bare)"

# alone, and whatever stands in the environment: the same to the unit
expect 0 "${header[@]}" -c model --launches 2 -o alone
same both alone
grep -q ',time.ns_per_op,' alone/samples.csv && fail "the native part ran"
LOTS=$(head -c 3000 /dev/zero | tr '\0' x) expect 0 "${header[@]}" -c model --launches 2 -o loud
same both loud

# where personality(2) is refused, as in some containers: L1 stays the same to the unit, and each row says what does not
cat >refuse.c <<'END'
#include <errno.h>
int personality(unsigned long p)
{
	(void)p;
	errno = EPERM;
	return -1;
}
END
if ${CC:-cc} -shared -fPIC -o refuse.so refuse.c 2>refuse.err; then
	for r in refused1 refused2; do
		LD_PRELOAD=$work/refuse.so expect 0 "${header[@]}" -c model --launches 2 -o $r
		says $r/samples.csv "lru, frames identity, seed [0-9]*; the program's own variables lie elsewhere in each run"
		for m in refs l1d_accesses l1d_misses l1d_misses_object l1d_hot_set_1; do
			[ "$(grep -c ",model.$m," $r/samples.csv)" -gt 0 ] || fail "no model.$m"
			cmp -s <(grep ",model.$m," $r/samples.csv | cut -d, -f1-7 | sort) <(grep ",model.$m," alone/samples.csv | cut -d, -f1-7 | sort) ||
				fail "model.$m hangs on where the kernel puts the program"
		done
	done
	grep -q 'lie elsewhere' alone/samples.csv && fail "a flaw where there is none"
else
	echo "no compiler: a refused personality(2) was not tested"
fi

# exact figures need no statistics
expect 0 compare alone -m model.l1d_misses_per_op
says out 'fewer model.l1d_misses_per_op .*(exact)'

# a machine that is not here: 64 CPUs on 4 nodes. Where pages lie is the policy's, and local and remote follow from it
big=$l1,l2=256K/8/64:lru,l3=4M/16/64:lru:shared=16,cpus=64,nodes=4
churn=(run -c model --target "$big" --workload churn --n 3000 --object-size 512 --burst 20 --workers 8 --ops 1500
	--placement local,interleave-page,farthest --launches 1 --allow-debug on --seed 7 -q)
expect 0 "${churn[@]}" -o nodes
expect 0 "${churn[@]}" -o again
same nodes again
p=placement
is "$(of nodes $p=local model.remote_fills_per_op)" '<' 0.01 'remote fills of local memory'
is "$(of nodes $p=farthest model.local_fills_per_op)" '<' 0.01 'local fills of far memory'
is "$(of nodes $p=interleave-page model.remote_fills)" '>' "$(of nodes $p=interleave-page model.local_fills)" 'three of four are remote'
is "$(of nodes $p=interleave-page model.local_fills_per_op)" '>' 0.01 'and one of four is not'
is "$(of nodes $p=local model.slab_remote_frees)" == 0 'frees at home'
is "$(of nodes $p=local model.l1d_misses_alien)" == 0 'alien caches unused'
is "$(of nodes $p=farthest model.l1d_misses_alien)" '>' 0 'alien caches in use'
is "$(of nodes $p=farthest model.slab_remote_frees)" == 12000 'every free is remote'
is "$(of nodes $p=farthest model.traffic_0_3)" '>' 0 'from node 0 to the farthest'
# a line or two of what is not in slabs (heads of caches) lies elsewhere
is "$(of nodes $p=farthest model.traffic_0_1)" '<' 10 'and hardly anything to another'
grep -q ',effective.cpus,,,text,1,config,-1,"*0,16,32,48,1,17,33,49' nodes/samples.csv || fail "other CPUs"

# another seed, other turns
expect 0 "${churn[@]}" --seed 8 -o other
cmp -s <(grep ',model.l1d_misses,' nodes/samples.csv) <(grep ',model.l1d_misses,' other/samples.csv) && fail "the seed decides nothing"

# the set of a random frame is the seed's as well
expect 0 "${header[@]}" -c model --target $l1,l2=256K/8/64:lru --model-frames random --model-kinds --model-sets --launches 1 -o f1
expect 0 "${header[@]}" -c model --target $l1,l2=256K/8/64:lru --model-frames random --model-kinds --model-sets --launches 1 -o f2
same f1 f2
# one row of 32 sets: the sum of their misses, and in the note accesses and misses of each
sum_sets() { sed -n "s/.*$none,$1,.*,model,-1,//p" f1/samples.csv | tr -d '"' | tr ' ' '\n' | awk -F: -v c="$2" '{ n += $c } END { print n }'; }
for l in l1d l2; do
	is "$(sum_sets "model.${l}_sets_[0-9_]*" 3)" == "$(of f1 $none model.${l}_misses)" "$l: the sets add up to all misses"
	is "$(sum_sets "model.${l}_sets_[0-9_]*" 2)" == "$(of f1 $none model.${l}_accesses)" "$l: and to all accesses"
	is "$(grep "$none,model.${l}_sets_[0-9]" f1/samples.csv | cut -d, -f7 | awk '{ n += $1 } END { print n }')" == \
		"$(of f1 $none model.${l}_misses)" "$l: and so do their rows"
done
says f1/samples.csv 'frames random, seed'
sum=0
for k in compulsory capacity conflict coherence; do sum=$((sum + $(of f1 $none model.l1d_$k))); done
is $sum == "$(of f1 $none model.l1d_misses)" 'the kinds add up'

# at every level structures add up to the misses, so do operations, so do nodes; lines to those of objects
parts="object header index array shared alien head pagemap meta workload other" ops="other alloc free visit refill flush grow"
sum() {
	local s=0 v m=$1
	shift
	for v; do
		v=$(of every $p=local "model.$m$v")
		s=$((s + ${v:-0})) # lines that nobody missed have no row
	done
	echo $s
}
expect 0 run -c model --target "$big,dtlb=16/4,stlb=64/4" --workload churn --n 3000 --object-size 512 --burst 200 --workers 2 --ops 3000 \
	--limit 8 --batchcount 4 --placement local,farthest --launches 1 --allow-debug on --seed 7 -q -o every
for level in l1d l2 l3 dtlb stlb; do
	all=$(of every $p=local model.${level}_misses)
	is "$all" '>' 0 "misses of $level"
	# shellcheck disable=SC2086
	{
		is "$(sum ${level}_misses_ $parts)" == "$all" "structures of $level"
		is "$(sum ${level}_op_ $ops)" == "$all" "operations of $level"
	}
	is "$(sum ${level}_misses_node_ 0 1 2 3)" == "$all" "nodes of $level"
	is "$(sum ${level}_object_line_ 0 1 2 3 4 5 6 7)" == "$(of every $p=local model.${level}_misses_object)" "lines of $level"
done
for op in alloc free visit flush; do is "$(of every $p=farthest model.l2_op_$op)" ">" 0 "misses of L2 in $op"; done

# uncoloured headers on the slab heat one set; off the slab they lie in many; their colour spreads them
slabs=(run -c model --target $l1 --workload churn --n 1500 --object-size 512 --burst 200 --ops 20000 --launches 1 --allow-debug on
	--seed 5 -q --mgmt)
expect 0 "${slabs[@]}" on --colour-header off --colour-slack none -o on
expect 0 "${slabs[@]}" off --colour-slack none -o off
expect 0 "${slabs[@]}" on --colour-header on --colour-slack object -o moved
is "$(of on default model.l1d_header_miss_sets)" == 1 'sets that headers miss in'
is "$(of on default model.l1d_header_hot_set)" == 0 'which one'
is "$(of on default model.l1d_hot_set_1)" == 0 'the hottest of all'
is "$(of off default model.l1d_header_miss_sets)" '>' 8 'of headers off the slab'
is "$(of moved default model.l1d_header_miss_sets)" '>' 1 'of headers with colour'

# what stands behind it: whose misses, in what, in which sets
expect 0 compare on off -m model.l1d_misses_per_op --explain
says out '^l1d misses per operation  *on  *off  *change$'
says out '^of header  *[0-9.]*  *[0-9.]*  *-[0-9.]*$'
says out '^in visit '
says out '^misses of header: in 1 set, most of them in set 0; now [0-9]* sets, most of them in set'
says out '^hottest set of all: 0 with [0-9.]* % of the misses; now'
expect 0 compare on off -m model.l1d_accesses_per_op --explain
grep -q 'misses per operation' out && fail "misses explain accesses"

# what else is asked of the model changes no count: its own memory is apart from what it looks at
expect 0 "${slabs[@]}" on --colour-header off --colour-slack none --model-who off -o nobody
expect 0 "${slabs[@]}" on --colour-header off --colour-slack none --model-kinds --model-sets --record every.bin -o everything
for o in nobody everything; do
	for m in refs l1d_accesses l1d_misses l1d_writebacks; do
		is "$(of $o default model.$m)" == "$(of on default model.$m)" "$o: $m"
	done
done
grep -q 'l1d_misses_object\|hot_set' nobody/samples.csv && fail "who, with model_who=off"

# a record of the trial is a trace of as many accesses, and fed to the same target it misses as often
expect 0 "${slabs[@]}" on --record t.bin -o rec
expect 0 model --trace t.bin --target "$l1"
says out ": $(of rec default model.refs) loads and stores"
expect 0 run -c model --target "$l1" --object-size 512 --n 100 --warmup-ops 0 --ops 5000 --launches 1 --allow-debug on -q --record w.bin -o warm
"$bin" model --trace - --target "$l1" --csv <w.bin >out || fail "a record from standard input"
says out "^l1d,$(of warm default model.l1d_accesses),$(of warm default model.l1d_misses),$(of warm default model.l1d_writebacks)\$"
expect 2 run -c model --target "$l1" --record r.bin --launches 2 --allow-debug on
says err 'record: .*one trial, and these are 2.*--launches 1'
expect 2 run -c model --target "$l1" --record r.bin --launches 1 --n 1,2 --allow-debug on
says err 'these are 2'
expect 2 run -c time --record r.bin --launches 1 --allow-debug on
says err 'record: .*--collect +model'
[ ! -e r.bin ] || fail "a record of a run that could not begin"

# what cannot be
expect 2 run -c model --target no-such-cpu --allow-debug on
says err 'no-such-cpu'
expect 2 run -c model --target $l1 --workers 2 --allow-debug on
says err 'may run on 1 CPUs only'
expect 2 run -c model --target "$big" --nodes 3 --allow-debug on
says err 'nodes: 3, but the target has 4'
expect 2 run -c model --target $l1 --reap-ms 100 --allow-debug on
says err 'no clock'
mkdir lonely
cp "$(readlink -f "$bin")" lonely/slabscope
lonely/slabscope run -c model --target $l1 --allow-debug on -o never >out 2>err && fail "no program, and no error"
says err 'model needs the program slabscope-model'
[ ! -e never ] || fail "a folder of a run that could not begin"
exit $failed

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# slabscope geometry on the command line: what is printed, where, and with which exit status.
set -u
bin=${SLABSCOPE_BIN:-./slabscope}
[ -x "$bin" ] || { echo "there is no $bin"; exit 77; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

fail() {
	echo "$*"
	failed=1
}

# batch NAME WANT-STATUS INPUT WANT-STDOUT [STDERR-PART [OPTION...]]; \n and \r are newlines
batch() {
	local name=$1 status=$2 input=$3 want=$4 part=${5:-} code
	shift $(($# < 5 ? $# : 5))
	printf '%b' "$input" | "$bin" geometry --batch - "$@" >"$dir/out" 2>"$dir/err"
	code=$?
	[ $code = "$status" ] || fail "$name: exit $code, wanted $status: $(cat "$dir/err")"
	printf '%b' "$want" | cmp -s - "$dir/out" || fail "$name: printed $(cat "$dir/out")"
	[ -z "$part" ] || grep -qF -- "$part" "$dir/err" || fail "$name: message '$(cat "$dir/err")' lacks '$part'"
	[ "$status" = 0 ] && [ -s "$dir/err" ] && fail "$name: messages: $(cat "$dir/err")"
	return 0
}

cols=size,num,gfporder,mgmt_size,left_over,colour,colour_off,off_slab,objfreelist,limit,batchcount,shared
batch plain 0 'object_size\n512\n' "object_size,$cols\n512,512,8,0,80,0,0,64,1,0,54,27,8\n"
batch 'any order' 0 'cpus,rules,object_size,hwcache_align\n1,6.1,64,1\n4,2.6.22,460,1\n' \
	"cpus,rules,object_size,hwcache_align,$cols\n1,6.1,64,1,64,64,0,64,0,0,64,0,1,120,60,0\n4,2.6.22,460,1,512,7,0,128,384,6,64,0,0,54,27,8\n"
batch 'CR LF, quotes, blanks, defaults' 0 'object_size , "align"\r\n "720",\r\n\r\n 200 , 256 \r\n' \
	"object_size,align,$cols\n720,,720,5,0,72,424,6,64,0,0,54,27,8\n200,256,256,15,0,256,0,0,256,0,0,120,60,8\n"
batch 'no rows' 0 'object_size\n' "object_size,$cols\n"
batch 'options are the defaults' 0 'object_size\n64\n' \
	"object_size,$cols\n64,64,64,0,64,0,0,64,0,1,120,60,0\n" '' --rules 6.1 --hwcache-align --cpus 1

batch 'the file overrules options' 0 'object_size,cpus\n512,1\n' \
	"object_size,cpus,$cols\n512,1,512,8,0,80,0,0,64,1,0,54,27,0\n" '' --cpus 8

batch 'bad number' 2 'object_size,align\n64,8\n64,3\n' '' 'standard input: line 3, column 2 (align): expected a power of two'
batch 'bad word' 2 'align,object_size\n8,x\n' '' 'line 2, column 2 (object_size)'
batch 'bad boolean' 2 'object_size,rcu\n64,2\n' '' 'line 2, column 2 (rcu)'
batch 'unknown rules' 2 'rules,object_size\n2.4,64\n' '' 'line 2, column 1 (rules)'
batch 'too big' 2 'object_size\n4194304\n4194305\n' '' 'line 3, column 1 (object_size)'
batch 'impossible' 2 'object_size,align\n8,4194304\n' '' 'line 2, column 1 (object_size)'
batch 'size missing' 2 'object_size,align\n,8\n' '' 'line 2, column 1 (object_size)'
batch 'too few' 2 'object_size,align\n64\n' '' 'line 2, column 2 (align): expected 2 fields'
batch 'too many' 2 'object_size,align\n64,8,1\n' '' 'line 2, column 3: expected 2 fields'
batch 'unknown column' 2 'object_size,foo\n64,8\n' '' 'line 1, column 2: expected one of object_size'
batch 'twice' 2 'object_size,align,object-size\n64,8,64\n' '' 'line 1, column 3 (object_size): is column 1'
batch 'no size column' 2 'align\n8\n' '' 'expected a column object_size'
batch 'nothing' 2 '' '' 'line 1, column 1'
batch 'open quote' 2 'object_size\n"64\n' '' 'line 3, column 1: a quote that is not closed'

# status WANT OPTION...: the exit status, and messages only where there is something wrong
status() {
	local want=$1 code
	shift
	"$bin" geometry "$@" >"$dir/out" 2>"$dir/err" </dev/null
	code=$?
	[ $code = "$want" ] || fail "geometry $*: exit $code, wanted $want: $(cat "$dir/err")"
	if [ "$want" = 0 ]; then
		[ -s "$dir/out" ] && [ ! -s "$dir/err" ] || fail "geometry $*: nothing printed, or a message"
	else
		[ -s "$dir/err" ] && [ ! -s "$dir/out" ] || fail "geometry $*: no message, or something printed"
	fi
}

status 0 --object-size 512
status 0 --object_size=512 --rules 3.15 --poison --colour-slack object
status 0 --help
status 0 --object-size 64 --json
status 2
status 2 --object-size 0
status 2 --object-size 64 extra
status 2 --object-size 64 --bogus
status 2 --object-size 64 --profile none
status 2 --object-size 64 --order 2 --colour-slack order
status 2 --batch - --json
status 2 --batch "$dir/missing.csv"
status 1 --batch "$dir"

# a profile is under the toggles, wherever it stands
"$bin" geometry --object-size 64 --json --limit 300 --profile fast >"$dir/out" || fail "profile: exit $?"
grep -q '"limit": 300' "$dir/out" && grep -q '"num": 1023' "$dir/out" || fail 'profile: not under the toggles'
"$bin" geometry --object-size 512 >"$dir/out"
for part in 'off-slab, 80 bytes' 'general cache of 128' '8 of 64 sets without colouring' 'limit 54, batchcount 27, shared 8'; do
	grep -qF "$part" "$dir/out" || fail "explanation lacks '$part'"
done
if [ -w /dev/full ]; then
	"$bin" geometry --object-size 64 >/dev/full 2>"$dir/err"
	[ $? = 1 ] || fail 'a full disk is not noticed'
fi
exit $failed

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The numbers of a report once more, from samples.csv and run.json and by other code.

report_numbers.py RUN REPORT.md		says what differs, and how many numbers it looked at
"""
import csv
import json
import math
import re
import statistics
import sys


class Run:
    def __init__(self, path):
        csv.field_size_limit(1 << 30)
        with open(path + '/run.json', encoding='utf-8') as f:
            j = json.load(f)
        self.configs, self.exps = j['configs'], {x['name']: x for x in j['experiments']}
        with open(path + '/samples.csv', encoding='utf-8', newline='') as f:
            rows = list(csv.reader(f))[2:]
        # the last attempt at a trial is the trial's, and counts if it is ok
        self.attempts, self.last, rest = 0, {}, []
        for row in rows:
            rest.append(row)
            if row[5] == 'trial.status':
                self.attempts += 1
                self.last[row[0]], rest = rest, []
        self.value = {}
        for trial in self.last.values():
            for r in trial:
                if trial[-1][8] == 'ok' and r[11] == '-1' and r[6] and r[8] in ('exact', 'scaled'):
                    self.value.setdefault((int(r[2]), r[5]), {})[int(r[1])] = float(r[6])

    def of(self, config, metric):
        return list(self.value[config, metric].values())

    def log_ratios(self, config, base, metric):
        x, y = self.value[config, metric], self.value[base, metric]
        return [math.log(x[b] / y[b]) for b in x if b in y and x[b] > 0 and y[b] > 0]

    def numbers(self, exp):
        first = self.exps[exp]['first_config']
        return range(first, first + self.exps[exp]['configs'])

    def labelled(self, exp, label):
        return next(i for i in self.numbers(exp) if self.configs[i]['label'] == label)

    def baseline(self, exp, config, base):
        axes = dict(self.configs[config]['axes'], **dict(p.split('=') for p in base.split(',')))
        return next(i for i in self.numbers(exp) if self.configs[i]['axes'] == axes)


def sign_interval(values, confidence):
    """The narrowest interval of order statistics that holds the median with this confidence; None: there is none."""
    v, best = sorted(values), None
    for k in range(len(v) // 2):
        if 1 - 2 * sum(math.comb(len(v), i) for i in range(k + 1)) / 2 ** len(v) >= confidence - 1e-12:
            best = (v[k], v[-1 - k])
    return best


class Check:
    def __init__(self):
        self.seen = self.wrong = 0

    def number(self, what, told, is_, within=6e-4):
        self.seen += 1
        if abs(float(told) - is_) > within * max(abs(float(told)), abs(is_)) + 1e-9:
            self.wrong += 1
            print(f'{what}: told {told}, is {is_:.8g}')

    def median(self, what, told, values):
        m = re.match(r'([-\d.]+)(?: \[([-\d.]+), ([-\d.]+)\])?', told)
        self.number(what, m.group(1), statistics.median(values))
        interval = sign_interval(values, 0.95)
        if (m.group(2) is None) != (interval is None):
            self.wrong += 1
            print(f'{what}: {told} has an interval, or none')
        elif interval:
            self.number(what + ' from', m.group(2), interval[0])
            self.number(what + ' to', m.group(3), interval[1])


def cells(line):
    return [c.strip().replace('\\', '') for c in line.strip().strip('|').split(' | ')]


def both_sides(run, md, check):
    """The tables of both sides: medians, ratios, their intervals, verdicts."""
    for m in re.finditer(r'^(\S+): (\S+), \S+, medians with .* against (\S+):\n\n(.*\n)\|.*\n((?:\|.*\n)+)', md, re.M):
        exp, metric, base, _, body = m.groups()
        table = [cells(line) for line in body.splitlines()]
        for label, verdict, was, is_, ratio, interval, pairs, _ in table:
            c = run.labelled(exp, label)
            b = run.baseline(exp, c, base)
            logs = run.log_ratios(c, b, metric)
            check.median(f'{label}: baseline', was, run.of(b, metric))
            check.median(f'{label}: config', is_, run.of(c, metric))
            check.number(f'{label}: ratio', ratio, math.exp(statistics.median(logs)))
            check.number(f'{label}: pairs', pairs, len(logs))
            want = sign_interval(logs, 1 - 0.05 / len(table))
            if ' to ' in interval:
                check.number(f'{label}: ratio from', interval.split(' to ')[0], math.exp(want[0]))
                check.number(f'{label}: ratio to', interval.split(' to ')[1], math.exp(want[1]))
            sure = want and ('faster' if want[1] < 0 else 'slower' if want[0] > 0 else None)
            if verdict in ('faster', 'slower') and verdict != sure:
                check.wrong += 1
                print(f'{label}: told {verdict}, is {sure}')


def reasons(run, md, check):
    """What else differs: medians of both sides."""
    part = md[md.index('\n## What explains it'):]
    part = part[:part.index('\n## ', 5)]
    exp = None
    for line in part.splitlines():
        if line.startswith('### '):
            exp = line[4:]
        m = re.match(r'What else differs between (\S+) and (\S+):', line)
        if m:
            sides = [run.labelled(exp, label) for label in m.groups()]
        m = re.match(r'\| ([a-z]\w+\.\w+) \| ([-\d.]+) \| ([-\d.]+) \|', line)
        if m:
            for side, told in zip(sides, m.groups()[1:]):
                check.number(f'{exp}: {m.group(1)}', told, statistics.median(run.of(side, m.group(1))))


def counts(run, md, check):
    """Launches, what was in their way, and bytes that add up."""
    told = re.search(r'(\d+) launches: (\d+) count, (\d+) were disturbed and repeated, (\d+) stay', md).groups()
    ok = sum(t[-1][8] == 'ok' for t in run.last.values())
    for what, a, b in zip(('launches', 'count', 'repeated', 'aside'), told,
                          (run.attempts, ok, run.attempts - len(run.last), len(run.last) - ok)):
        check.number(what, a, b)
    ledger = re.search(r'^The ledger of .*\n\n.*\n.*\n((?:\|.*\n)+)', md, re.M)
    for name, _, median, most in map(cells, ledger.group(1).splitlines() if ledger else []):
        v = [x for (_, m), by_block in run.value.items() if m == 'interference.' + name for x in by_block.values()]
        check.number(name, median, statistics.median(v), 5e-3)
        check.number(name + ', most', most, max(v), 5e-3)
    parts = 'asked free_objs rounding stride_pad mgmt colour tail'.split()
    for c in range(len(run.configs)):
        if (c, 'slabinfo.bytes_held') in run.value:
            check.number(f'bytes of {c}', statistics.median(run.of(c, 'slabinfo.bytes_held')),
                         sum(statistics.median(run.of(c, 'slabinfo.bytes_' + p)) for p in parts), 1e-12)


def main():
    run, check = Run(sys.argv[1]), Check()
    with open(sys.argv[2], encoding='utf-8') as f:
        md = f.read()
    both_sides(run, md, check)
    reasons(run, md, check)
    counts(run, md, check)
    print(f'{check.seen} numbers, {check.wrong} of them wrong')
    return 1 if check.wrong or not check.seen else 0


sys.exit(main())

# SPDX-License-Identifier: GPL-2.0-or-later
# Modelled against measured, one point per config of results/bench/predict.csv; the line is where both are equal.
set datafile separator comma
set logscale xy
set format xy '%g'
set border 3 lc rgb '#555555'
set tics nomirror out textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.7
set xlabel 'modelled memory time, ns per visit'
set ylabel 'measured, ns per visit'
set key left top reverse Left noenhanced
FILE = 'results/bench/predict.csv'
only(group, v) = strcol('group') eq group ? v : NaN
plot FILE using (column('modelled_ns')):(only('access=load', column('measured_ns'))) with points pt 7 ps 0.6 \
		lc rgb '#0072B2' title 'access=load', \
	FILE using (column('modelled_ns')):(only('access=chase', column('measured_ns'))) with points pt 5 ps 0.6 \
		lc rgb '#D55E00' title 'access=chase', \
	x with lines dt 3 lc rgb '#555555' notitle

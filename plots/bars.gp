# SPDX-License-Identifier: GPL-2.0-or-later
# Bars with intervals: one series per block of DATA, columns x (0, 1, ...) median lo hi; BASE is where a bar begins.
WIDTH = 0.8 / NSERIES
left(i) = (i - NSERIES / 2.0) * WIDTH
set xrange [-0.6:NGROUPS - 0.4]
set xtics rotate by -20 left offset -4, 0 scale 0
do for [g = 0:NGROUPS - 1] {
	set xtics add (GROUP[1 + g] g)
}
if (YLOG) {
	set logscale y 2
	set format y '%g'
	set yrange [YMIN:YMAX]
} else {
	set yrange [0:YMAX]
}
set style fill solid 0.75 noborder
if (BASE > 0) {
	set arrow from graph 0, first BASE to graph 1, first BASE nohead front lw 1.2 lc rgb '#333333'
}
plot for [i = 0:NSERIES - 1] DATA index i \
		using ($1 + left(i) + WIDTH / 2):2:($1 + left(i)):($1 + left(i) + WIDTH * 0.9):(BASE > 0 ? BASE : 0):2 \
		with boxxyerror lc rgb colour(i) title NAME[1 + i], \
	for [i = 0:NSERIES - 1] DATA index i using ($1 + left(i) + WIDTH * 0.45):3:(0):($4 - $3) \
		with vectors heads size screen 0.004, 90 lw 1.5 lc rgb '#222222' notitle

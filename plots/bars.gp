# SPDX-License-Identifier: GPL-2.0-or-later
# Bars with intervals: one series per block of DATA, columns x (0, 1, ...) median lo hi; BASE is where a bar begins.
WIDTH = 0.8 / NSERIES
left(i) = (i - NSERIES / 2.0) * WIDTH
set style fill solid 0.75 noborder
plot for [i = 0:NSERIES - 1] DATA index i \
		using ($1 + left(i) + WIDTH / 2):2:($1 + left(i)):($1 + left(i) + WIDTH * 0.9):(BASE > 0 ? BASE : 0):2 \
		with boxxyerror lc rgb colour(i) title NAME[1 + i], \
	for [i = 0:NSERIES - 1] DATA index i using ($1 + left(i) + WIDTH * 0.45):3:(0):($4 - $3) \
		with vectors heads size screen 0.004, 90 lw 1.5 lc rgb '#222222' notitle

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_DOC_STYLE_H
#define SLABSCOPE_DOC_STYLE_H

/* The sheet of every HTML document. Colours are of Okabe and Ito (2008), lighter on black. */
extern const char doc_style[];

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* What firmware may say wrongly; install.c calls it from the hooks of the board. */
#ifndef BUGS_BOARD_PARTS_H
#define BUGS_BOARD_PARTS_H

#include "host/board/viot.h"

/* tables.c, tree.c: Spoil what is written, if one of their mutants is active. */
void bug_viot(struct viot *viot);
void bug_tree(void *fdt);

/* tree.c: Add a node to a tree whose root is still open. */
void bug_add_node(void *fdt);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* What firmware may say wrongly, and who endpoints are; install.c calls it from the hooks of the board. */
#ifndef BUGS_BOARD_PARTS_H
#define BUGS_BOARD_PARTS_H

#include "host/board/port.h"
#include "host/board/viot.h"

/* tables.c, tree.c: Spoil what is written, if one of their mutants is active. */
void bug_viot(struct viot *viot);
void bug_tree(void *fdt);

/* tree.c: Add a node to a tree whose root is still open. */
void bug_add_node(void *fdt);

/* master.c: Look on as endpoints are made bus masters. */
void bug_watch_master(const struct board_port *port);
void bugs_in_masters(void);

/* Return true if accesses of the endpoint do not pass the IOMMU, as it was made a bus master again. */
bool bug_is_past_iommu(const struct board_port *port);

#endif

// SPDX-License-Identifier: BSD-3-Clause
#include "host/board/board.h"
#include "host/board/port.h"
#include "host/bugs/flight/flight.h"

bool bug_endpoint_id(const struct vdev *dev, uint32_t *id)
{
	const struct bug_port *of = (const struct bug_port *)dev->port;

	return board_endpoint_id((const struct board_port *)of->right, id);
}

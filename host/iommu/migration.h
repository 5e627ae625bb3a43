/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A migration: all that the driver has made of the device is saved, the device is another one, as at
 * power-on, and what was saved is loaded into that.
 */
#ifndef MIGRATION_H
#define MIGRATION_H

/* What is saved and loaded as one. */
enum migration_piece {
	PIECE_STATUS,		/* of virtio */
	PIECE_SELECTORS,
	PIECE_FEATURES,
	PIECE_QUEUES,		/* as the driver set them up */
	PIECE_AVAILABLE,	/* how far the device has come in them */
	PIECE_USED,
	PIECE_ATTACHMENTS,
	PIECE_DOMAINS,		/* of endpoints that are attached */
	PIECE_BYPASS_DOMAINS,
	PIECE_MAPPINGS,
	PIECE_PERMISSIONS,
	PIECE_BYPASS,		/* config.bypass */
	PIECE_EVENTS,		/* that wait for their time or a buffer, and buffers that wait for them */
	MIGRATION_PIECES
};

void virtio_iommu_migrate(void);

#endif

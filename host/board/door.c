// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include <pthread.h>

#include "host/board/door.h"

static pthread_mutex_t door = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

void door_lock(void)
{
	pthread_mutex_lock(&door);
}

void door_unlock(void)
{
	pthread_mutex_unlock(&door);
}

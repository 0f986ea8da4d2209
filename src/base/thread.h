/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that leave signals to the main one. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

/* As pthread_create, with every signal blocked in the new thread. Returns 0 or an errno value. */
int thread_start(pthread_t *out, void *(*run)(void *), void *argument);

#endif

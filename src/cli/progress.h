/* SPDX-License-Identifier: Apache-2.0 */
/* How far a run has come: lines redrawn on a terminal, else a log line now and then. One at a time. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "pipeline/pipeline.h"

/* Starts the display's thread; the pipeline is borrowed until progress_stop. */
void progress_start(struct pipeline *p);
void progress_stop(void);

/* "1,234,567" and "3 min 20 s", appended. */
void progress_count(struct buffer *out, uint64_t n);
void progress_time(struct buffer *out, int64_t seconds);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What run and sync have in common: the pipeline with signals and a progress display around it. */
#ifndef CLI_FOLLOW_H
#define CLI_FOLLOW_H

#include "cli/settings.h"

int follow(const struct settings *s, bool until_now, struct err *e);

#endif

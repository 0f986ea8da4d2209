/* SPDX-License-Identifier: Apache-2.0 */
/* Help, man page and settings page, all printed from the tables of commands and options. */
#ifndef CLI_MANUAL_H
#define CLI_MANUAL_H

#include <stdio.h>

#include "cli/command.h"

void manual_overview(FILE *out);                               /* tailrace help */
void manual_command(FILE *out, const struct command *command); /* tailrace cat --help */
void manual_settings(FILE *out);                               /* docs/settings.md */
void manual_page(FILE *out);                                   /* docs/tailrace.1 */

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Recording what the public calls cost. Included by engine/ only.
 */
#ifndef TRIVET_METRICS_INTERNAL_H
#define TRIVET_METRICS_INTERNAL_H

#include "layer_internal.h"

typedef enum tvi_metric {
  TVI_METRIC_BEGIN_READ,
  TVI_METRIC_BEGIN_WRITE,
  TVI_METRIC_COMMIT,
  TVI_METRIC_GET,
  TVI_METRIC_PUT,
  TVI_METRIC_DELETE,
  TVI_METRIC_SEEK,
  TVI_METRICS /* how many there are */
} tvi_metric;

typedef struct tvi_metrics tvi_metrics;
struct tvi_env;

/* NULL while metrics are off. */
tvi_metrics *tvi_metrics_of(struct tvi_env *env);
uint64_t tvi_metric_clock(void); /* nanoseconds, monotonic */
/* One call that began at `since` ends now. */
void tvi_metric_record(tvi_metrics *metrics, tvi_metric metric, uint64_t since);

#endif

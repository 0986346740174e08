/* SPDX-License-Identifier: MIT */
/*
 * Metrics: how often the public calls are made and how long they take, for those who switch it on.
 *
 * Latencies go to log-linear histograms (32 steps for each power of two, so a percentile is within
 * 3 %), the layout of HdrHistogram (G. Tene). Recording is two clock readings and two relaxed
 * additions; switched off it is one comparison. The memory stays until the file is closed, since
 * other threads may still record.
 */
#include "metrics_internal.h"

#include <string.h>
#include <time.h>

#include "env_internal.h"

#define METRIC_STEPS_LOG2 5
#define METRIC_STEPS (1u << METRIC_STEPS_LOG2)
#define METRIC_BUCKETS ((64 - METRIC_STEPS_LOG2 + 1) * METRIC_STEPS)

typedef struct metric_row {
  atomic_uint_fast64_t sum_ns;
  atomic_uint_fast64_t buckets[METRIC_BUCKETS];
} metric_row;

struct tvi_metrics {
  atomic_int on;
  metric_row rows[TVI_METRICS];
};

static const char *const metric_names[TVI_METRICS] = {"begin read", "begin write", "commit", "get",
                                                      "put",        "delete",      "seek"};

uint64_t tvi_metric_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Below METRIC_STEPS one bucket a nanosecond; above, METRIC_STEPS for each power of two. */
static unsigned metric_bucket(uint64_t ns) {
  unsigned log2;
  if (ns < METRIC_STEPS) return (unsigned)ns;
  log2 = 63u - (unsigned)__builtin_clzll(ns);
  return (log2 - METRIC_STEPS_LOG2 + 1) * METRIC_STEPS +
         (unsigned)(ns >> (log2 - METRIC_STEPS_LOG2) & (METRIC_STEPS - 1));
}

/* The largest value of a bucket. */
static uint64_t metric_value(unsigned bucket) {
  unsigned shift = bucket / METRIC_STEPS;
  uint64_t step = bucket % METRIC_STEPS;
  if (shift == 0) return step;
  return ((METRIC_STEPS + step + 1) << (shift - 1)) - 1;
}

void tvi_metric_record(tvi_metrics *metrics, tvi_metric metric, uint64_t since) {
  metric_row *row = &metrics->rows[metric];
  uint64_t ns = tvi_metric_clock() - since;
  atomic_fetch_add_explicit(&row->sum_ns, ns, memory_order_relaxed);
  atomic_fetch_add_explicit(&row->buckets[metric_bucket(ns)], 1, memory_order_relaxed);
}

tvi_metrics *tvi_metrics_of(tvi_env *env) {
  tvi_metrics *metrics = atomic_load_explicit(&env->metrics, memory_order_acquire);
  if (TVI_LIKELY(metrics == NULL)) return NULL;
  return atomic_load_explicit(&metrics->on, memory_order_relaxed) ? metrics : NULL;
}

static void metrics_clear(tvi_metrics *metrics) {
  unsigned i, b;
  for (i = 0; i < TVI_METRICS; i++) {
    atomic_store(&metrics->rows[i].sum_ns, 0);
    for (b = 0; b < METRIC_BUCKETS; b++) atomic_store(&metrics->rows[i].buckets[b], 0);
  }
}

int tv_metrics_enable(tv_db *db, int on, tv_error *err) {
  tvi_env *env = db->env;
  tvi_metrics *metrics;
  pthread_mutex_lock(&env->lock);
  metrics = atomic_load(&env->metrics);
  if (metrics == NULL && on) {
    metrics = tvi_zalloc(sizeof *metrics);
    atomic_store_explicit(&env->metrics, metrics, memory_order_release);
  } else if (metrics != NULL && on && !atomic_load(&metrics->on)) {
    metrics_clear(metrics);
  }
  if (metrics != NULL) atomic_store(&metrics->on, on != 0);
  pthread_mutex_unlock(&env->lock);
  if (metrics == NULL && on) return tvi_error_set(err, TV_ENOMEM, 0, "out of memory for metrics");
  return TV_OK;
}

static void metric_summarise(metric_row *row, tv_metric *out) {
  static const double shares[4] = {0.5, 0.9, 0.99, 0.999};
  uint64_t *percentiles[4] = {&out->p50_ns, &out->p90_ns, &out->p99_ns, &out->p999_ns};
  uint64_t counts[METRIC_BUCKETS], seen = 0;
  unsigned b, next = 0;
  for (b = 0; b < METRIC_BUCKETS; b++) {
    counts[b] = atomic_load_explicit(&row->buckets[b], memory_order_relaxed);
    out->count += counts[b];
  }
  for (b = 0; b < METRIC_BUCKETS && out->count > 0; b++) {
    if (counts[b] == 0) continue;
    seen += counts[b];
    out->max_ns = metric_value(b);
    while (next < 4 && (double)seen >= shares[next] * (double)out->count)
      *percentiles[next++] = metric_value(b);
  }
  out->sum_ns = atomic_load_explicit(&row->sum_ns, memory_order_relaxed);
}

int tv_metrics(tv_db *db, int (*visit)(void *ctx, const tv_metric *metric), void *ctx) {
  tvi_metrics *metrics = atomic_load_explicit(&db->env->metrics, memory_order_acquire);
  unsigned i;
  for (i = 0; metrics != NULL && i < TVI_METRICS; i++) {
    tv_metric row;
    memset(&row, 0, sizeof row);
    row.name = metric_names[i];
    metric_summarise(&metrics->rows[i], &row);
    if (visit(ctx, &row) != 0) return TV_STOP;
  }
  return TV_OK;
}

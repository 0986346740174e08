/* SPDX-License-Identifier: MIT */
/*
 * The change log: .kv log switches a bucket's changes into it, .feed lists them, once or as they
 * come. Following looks a few times a second; a wake-up by the writer was rejected, as it would
 * need something shared between processes beside the file.
 */
#include <string.h>
#include <time.h>

#include "shell_internal.h"

/* ---- .kv log ---- */

typedef struct shell_feed_log {
  const char *name;
  bool on;
} shell_feed_log;

static int shell_feed_log_work(tv_txn *txn, void *ctx) {
  const shell_feed_log *log = ctx;
  tv_bucket *bucket;
  int status = tv_kv_open(txn, log->name, 0, NULL, &bucket);
  return status == TV_OK ? tv_kv_log(bucket, log->on) : status;
}

int shell_kv_log(shell *sh, const shell_args *args) {
  shell_feed_log log = {.name = args->v[0]};
  if (shell_on_off(sh, args->v[1], &log.on) != 0) return 1;
  int status = shell_write(sh, shell_feed_log_work, &log);
  return status == TV_OK ? 0 : shell_fail_status(sh, status, &sh->error, log.name);
}

/* ---- .feed ---- */

enum { SHELL_FEED_PAUSE_MS = 200 };

typedef struct shell_feed_call {
  shell *sh;
  uint64_t since;
  bool from_start; /* all that is kept, rather than since a transaction */
  uint64_t seen;   /* the snapshot that was read */
  uint64_t left;   /* changes still to be shown */
  uint64_t shown;
} shell_feed_call;

static const char *shell_feed_model(int model) {
  return model == 's'   ? "store"
         : model == 'k' ? "bucket"
         : model == 'g' ? "graph"
         : model == 'q' ? "sql"
                        : "other";
}

static int shell_feed_change(void *ctx, const tv_change *change) {
  static const char *const kinds[] = {"", "put", "delete", "clear", "drop", "rename"};
  shell_feed_call *feed = ctx;
  bool known = change->kind > 0 && change->kind < (int)(sizeof kinds / sizeof kinds[0]);
  char when[40] = "";
  time_t seconds = (time_t)(change->time / 1000000);
  struct tm utc;
  if (feed->left == 0) return 1;
  feed->left--;
  feed->shown++;
  if (gmtime_r(&seconds, &utc) != NULL) strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &utc);
  shell_cell cells[] = {shell_cell_count(change->txn),
                        shell_cell_str(when),
                        shell_cell_str(known ? kinds[change->kind] : "other"),
                        shell_cell_str(shell_feed_model(change->model)),
                        shell_cell_bytes(change->name),
                        change->part.size > 0 ? shell_cell_bytes(change->part) : shell_cell_null(),
                        shell_cell_bytes(change->key)};
  shell_rows_add(feed->sh, cells);
  return shell_interrupted() || feed->left == 0;
}

static int shell_feed_probe(void *ctx, const tv_change *change) {
  (void)ctx, (void)change;
  return 1;
}

/* The first transaction after which all changes are kept, by halving. */
static uint64_t shell_feed_oldest(tv_txn *txn, uint64_t newest) {
  uint64_t low = 0, high = newest;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    if (tv_feed(txn, middle, shell_feed_probe, NULL) == TV_ELIMIT) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static int shell_feed_work(tv_txn *txn, void *ctx) {
  shell_feed_call *feed = ctx;
  feed->seen = tv_txn_snapshot(txn);
  if (feed->from_start) feed->since = shell_feed_oldest(txn, feed->seen);
  feed->from_start = false;
  return tv_feed(txn, feed->since, shell_feed_change, feed);
}

/* Prints the changes since the last time. A tv_status; TV_STOP: that was all that was asked for. */
static int shell_feed_print(shell_feed_call *feed) {
  static const char *const titles[] = {"txn", "time", "change", "model", "name", "part", "key"};
  shell *sh = feed->sh;
  shell_rows_begin(sh, 7, titles);
  int status = shell_read(sh, shell_feed_work, feed);
  if (status < 0 || (status == TV_STOP && feed->left > 0)) {
    shell_rows_drop(sh);
    return status == TV_STOP ? TV_EINTR : status;
  }
  feed->since = feed->seen;
  return shell_rows_end(sh) != 0 ? TV_EIO : status;
}

static void shell_feed_pause(void) {
  struct timespec pause = {0, SHELL_FEED_PAUSE_MS * 1000000L};
  nanosleep(&pause, NULL);
}

static int shell_feed_moved_work(tv_txn *txn, void *ctx) {
  shell_feed_call *feed = ctx;
  feed->seen = tv_txn_snapshot(txn);
  return TV_OK;
}

/* Waits for a commit; headers of an aligned mode are not to stand above nothing again and again. */
static int shell_feed_wait(shell_feed_call *feed) {
  int status = TV_OK;
  while (status == TV_OK && feed->seen == feed->since && !shell_interrupted()) {
    fflush(feed->sh->out);
    shell_feed_pause();
    status = shell_read(feed->sh, shell_feed_moved_work, feed);
  }
  return status;
}

/* Until Ctrl-C, which is how following ends, or the limit. */
static int shell_feed_follow(shell_feed_call *feed) {
  int status = shell_feed_print(feed);
  while (status == TV_OK && feed->left > 0 && !shell_interrupted()) {
    status = shell_feed_wait(feed);
    if (status == TV_OK && feed->seen != feed->since) status = shell_feed_print(feed);
  }
  return status == TV_EINTR && shell_interrupted() ? TV_OK : status;
}

int shell_feed(shell *sh, const shell_args *args) {
  shell_feed_call feed = {.sh = sh};
  const char *option = shell_option(args, "--since");
  const char *word = option != NULL ? option : args->n > 0 ? args->v[0] : "0";
  bool follows = shell_has(args, "--follow");
  int64_t since = 0;
  if (option != NULL && args->n > 0)
    return shell_fail(sh, "give one of them", "SINCE and --since do not go together");
  if (!shell_is_integer(word, &since) || since < 0)
    return shell_fail(sh, "give a transaction's number", "not a number: %s", word);
  if (shell_option_count(sh, args, "--limit", UINT64_MAX, &feed.left) != 0) return 1;
  if (follows && !sqlite3_get_autocommit(sh->sql))
    return shell_fail(sh, "end it with COMMIT or ROLLBACK first",
                      "a transaction is open, and sees no other's changes");
  feed.since = (uint64_t)since;
  feed.from_start = option == NULL && args->n == 0;
  int status = feed.left == 0 ? TV_OK
               : follows      ? shell_feed_follow(&feed)
                              : shell_feed_print(&feed);
  if (status == TV_OK || status == TV_STOP) return 0;
  if (status == TV_EIO && sh->error.status != TV_EIO) return 1; /* told already */
  return shell_fail_status(sh, status, &sh->error, sh->path);
}

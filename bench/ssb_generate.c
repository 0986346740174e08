/* SPDX-License-Identifier: MIT */
/*
 * SSB's data. Each column that a query looks at draws from a stream of its own of the "minimal
 * standard" generator (S. K. Park, K. W. Miller, CACM 31 (10), 1988), begun at TPC-H's seed for the
 * column it comes from, and a stream gives the same count of numbers to every order or row. So
 * lines have the keys and figures of TPC-H's, 6,001,215 of them at scale factor 1. Any good
 * generator would give the same distributions, but rows that everybody knows are easier to check.
 *
 * Below scale factor 1, which the specification leaves open, every table but date shrinks alike.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ssb.h"
#include "ssb_words.h"

#define SSB_ORDERS 1500000.0
#define SSB_LINES_MAX 7
#define SSB_ORDER_DAYS 2406 /* 1992-01-01 to 1998-08-02 */
#define SSB_DATE_ROWS 2556
#define SSB_ROOM (1u << 16)
#define SSB_ROW_MAX 512u

/* A stream's state is the number it gave last. */
static uint32_t ssb_draw(uint32_t *stream, uint32_t low, uint32_t high) {
  *stream = (uint32_t)((uint64_t)*stream * 16807 % 2147483647);
  return low + (uint32_t)((double)*stream / 2147483647.0 * (double)(high - low + 1));
}

static const char *ssb_pick(uint32_t *stream, const ssb_words *words) {
  return words->list[ssb_draw(stream, 0, words->count - 1)];
}

/* ---- Rows as text ---- */

typedef struct ssb_writer {
  FILE *out;
  size_t used;
  int failed;
  char room[SSB_ROOM];
} ssb_writer;

static void ssb_flush(ssb_writer *w) {
  if (fwrite(w->room, 1, w->used, w->out) != w->used) w->failed = 1;
  w->used = 0;
}

static void ssb_text(ssb_writer *w, const char *text) {
  size_t size = strlen(text);
  memcpy(w->room + w->used, text, size);
  w->used += size;
  w->room[w->used++] = '|';
}

static void ssb_number(ssb_writer *w, uint64_t number) {
  char digits[24], *at = digits + sizeof digits;
  size_t size;
  *--at = '|';
  do *--at = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  size = (size_t)(digits + sizeof digits - at);
  memcpy(w->room + w->used, at, size);
  w->used += size;
}

static void ssb_end_row(ssb_writer *w) {
  w->room[w->used++] = '\n';
  if (w->used > SSB_ROOM - SSB_ROW_MAX) ssb_flush(w);
}

/* ---- Days ---- */

typedef struct ssb_day {
  unsigned year, month, day, in_year; /* all from 1 */
} ssb_day;

static const unsigned ssb_month_days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

static unsigned ssb_days_in(unsigned year, unsigned month) {
  return ssb_month_days[month] + (month == 2 && year % 4 == 0);
}

/* The day `offset` days behind 1992-01-01. */
static ssb_day ssb_day_of(unsigned offset) {
  ssb_day d = {1992, 1, 1, 1};
  while (offset >= (d.year % 4 == 0 ? 366u : 365u)) {
    offset -= d.year % 4 == 0 ? 366u : 365u;
    d.year++;
  }
  d.in_year = offset + 1;
  while (offset >= ssb_days_in(d.year, d.month)) offset -= ssb_days_in(d.year, d.month++);
  d.day = offset + 1;
  return d;
}

static uint32_t ssb_date_key(unsigned offset) {
  ssb_day d = ssb_day_of(offset);
  return d.year * 10000 + d.month * 100 + d.day;
}

static const char *ssb_season(const ssb_day *d) {
  if (d->month >= 11) return "Christmas";
  if (d->month >= 9) return "Fall";
  if (d->month >= 5) return "Summer";
  return d->month == 4 ? "Spring" : "Winter";
}

static int ssb_is_holiday(const ssb_day *d) {
  static const unsigned days[] = {101, 220, 420, 520, 720, 820, 920, 1020, 1120, 1224};
  size_t i;
  for (i = 0; i < sizeof days / sizeof days[0]; i++)
    if (d->month * 100 + d->day == days[i]) return 1;
  return 0;
}

static void ssb_date_row(ssb_writer *w, unsigned offset) {
  static const char *const months[] = {"January",   "February", "March",    "April",
                                       "May",       "June",     "July",     "August",
                                       "September", "October",  "November", "December"};
  static const char *const weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                         "Thursday", "Friday", "Saturday"};
  ssb_day d = ssb_day_of(offset);
  unsigned weekday = (offset + 3) % 7; /* 1992-01-01 was a Wednesday */
  const char *month = months[d.month - 1];
  char text[32];
  ssb_number(w, ssb_date_key(offset));
  snprintf(text, sizeof text, "%s %u, %u", month, d.day, d.year);
  ssb_text(w, text);
  ssb_text(w, weekdays[weekday]);
  ssb_text(w, month);
  ssb_number(w, d.year);
  ssb_number(w, d.year * 100 + d.month);
  snprintf(text, sizeof text, "%.3s%u", month, d.year);
  ssb_text(w, text);
  ssb_number(w, weekday + 1);
  ssb_number(w, d.day);
  ssb_number(w, d.in_year);
  ssb_number(w, d.month);
  ssb_number(w, d.in_year / 7 + 1);
  ssb_text(w, ssb_season(&d));
  ssb_number(w, weekday == 6);
  ssb_number(w, d.day == ssb_days_in(d.year, d.month));
  ssb_number(w, (uint64_t)ssb_is_holiday(&d));
  ssb_number(w, weekday > 0 && weekday < 6);
}

/* ---- Lineorder ---- */

typedef struct ssb_orders {
  uint32_t customers, suppliers, parts;
  uint32_t date, customer, priority, lines; /* streams: one number per order */
  uint32_t part, supplier, quantity, discount, tax, commit, mode; /* seven per order */
  uint32_t date_keys[SSB_ORDER_DAYS + 91];
} ssb_orders;

static void ssb_orders_begin(ssb_orders *o, double scale) {
  unsigned i;
  *o = (ssb_orders){.date = 1066728069,
                    .customer = 851767375,
                    .priority = 591449447,
                    .lines = 1434868289,
                    .part = 1808217256,
                    .supplier = 2095021727,
                    .quantity = 209208115,
                    .discount = 554590007,
                    .tax = 721958466,
                    .commit = 904914315,
                    .mode = 675466456};
  o->customers = (uint32_t)ssb_rows(SSB_CUSTOMER, scale);
  o->suppliers = (uint32_t)ssb_rows(SSB_SUPPLIER, scale);
  o->parts = (uint32_t)ssb_rows(SSB_PART, scale);
  for (i = 0; i < SSB_ORDER_DAYS + 91; i++) o->date_keys[i] = ssb_date_key(i);
}

typedef struct ssb_line {
  uint32_t part, supplier, quantity, discount, tax, commit, price, supply_cost, revenue;
  const char *mode;
} ssb_line;

static void ssb_line_draw(ssb_orders *o, uint32_t date, ssb_line *line) {
  uint32_t retail;
  line->part = ssb_draw(&o->part, 1, o->parts);
  line->supplier = ssb_draw(&o->supplier, 1, o->suppliers);
  line->quantity = ssb_draw(&o->quantity, 1, 50);
  line->discount = ssb_draw(&o->discount, 0, 10);
  line->tax = ssb_draw(&o->tax, 0, 8);
  line->commit = o->date_keys[date + ssb_draw(&o->commit, 30, 90)];
  line->mode = ssb_pick(&o->mode, &ssb_ship_modes);
  retail = 90000 + line->part / 10 % 20001 + line->part % 1000 * 100; /* in cents */
  line->price = retail * line->quantity;
  line->revenue = (uint32_t)((uint64_t)line->price * (100 - line->discount) / 100);
  line->supply_cost = 6 * retail / 10;
}

/* Two of three customers have orders. */
static uint32_t ssb_order_customer(ssb_orders *o) {
  uint32_t customer = ssb_draw(&o->customer, 1, o->customers);
  if (customer % 3 != 0) return customer;
  return customer < o->customers ? customer + 1 : customer - 1;
}

/* Writes the lines of order `number` (from 1) and returns how many they are. */
static unsigned ssb_order(ssb_orders *o, ssb_writer *w, uint64_t number) {
  ssb_line line[SSB_LINES_MAX];
  uint32_t date = ssb_draw(&o->date, 0, SSB_ORDER_DAYS - 1);
  uint32_t customer = ssb_order_customer(o);
  const char *priority = ssb_pick(&o->priority, &ssb_priorities);
  unsigned i, lines = ssb_draw(&o->lines, 1, SSB_LINES_MAX);
  uint64_t total = 0, key = (number >> 3 << 5) + (number & 7); /* eight of 32 keys are used */
  for (i = 0; i < SSB_LINES_MAX; i++) {
    ssb_line_draw(o, date, &line[i]);
    if (i < lines) total += (uint64_t)line[i].revenue * (100 + line[i].tax) / 100;
  }
  for (i = 0; i < lines; i++) {
    ssb_number(w, key);
    ssb_number(w, i + 1);
    ssb_number(w, customer);
    ssb_number(w, line[i].part);
    ssb_number(w, line[i].supplier);
    ssb_number(w, o->date_keys[date]);
    ssb_text(w, priority);
    ssb_number(w, 0);
    ssb_number(w, line[i].quantity);
    ssb_number(w, line[i].price);
    ssb_number(w, total);
    ssb_number(w, line[i].discount);
    ssb_number(w, line[i].revenue);
    ssb_number(w, line[i].supply_cost);
    ssb_number(w, line[i].tax);
    ssb_number(w, line[i].commit);
    ssb_text(w, line[i].mode);
    ssb_end_row(w);
  }
  return lines;
}

/* ---- Customer, supplier, part ---- */

typedef struct ssb_places {
  uint32_t nation, city, address, phone, segment; /* streams */
} ssb_places;

/* Everything behind the key, up to the phone. */
static void ssb_place(ssb_places *p, ssb_writer *w, const char *kind, uint64_t key) {
  static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ, ";
  char text[40];
  unsigned i, nation = ssb_draw(&p->nation, 0, SSB_NATIONS - 1);
  unsigned size = ssb_draw(&p->address, 10, 25);
  snprintf(text, sizeof text, "%s#%09llu", kind, (unsigned long long)key);
  ssb_text(w, text);
  for (i = 0; i < size; i++) text[i] = letters[ssb_draw(&p->address, 0, sizeof letters - 2)];
  text[size] = '\0';
  ssb_text(w, text);
  snprintf(text, sizeof text, "%-9.9s%u", ssb_nations[nation].name, ssb_draw(&p->city, 0, 9));
  ssb_text(w, text);
  ssb_text(w, ssb_nations[nation].name);
  ssb_text(w, ssb_nations[nation].region);
  i = ssb_draw(&p->phone, 100, 999);
  size = ssb_draw(&p->phone, 100, 999);
  snprintf(text, sizeof text, "%02u-%03u-%03u-%04u", nation + 10, i, size,
           ssb_draw(&p->phone, 1000, 9999));
  ssb_text(w, text);
}

typedef struct ssb_parts {
  uint32_t maker, category, brand, name, finish, size, container; /* streams */
} ssb_parts;

static void ssb_part(ssb_parts *p, ssb_writer *w) {
  const char *colour = ssb_pick(&p->name, &ssb_colours), *second = ssb_pick(&p->name, &ssb_colours);
  const char *finish = ssb_pick(&p->finish, &ssb_type_finish);
  const char *work = ssb_pick(&p->finish, &ssb_type_work);
  const char *box = ssb_pick(&p->container, &ssb_container_size);
  unsigned maker = ssb_draw(&p->maker, 1, 5), category = ssb_draw(&p->category, 1, 5);
  char text[64];
  snprintf(text, sizeof text, "%s %s", colour, second);
  ssb_text(w, text);
  snprintf(text, sizeof text, "MFGR#%u", maker);
  ssb_text(w, text);
  snprintf(text, sizeof text, "MFGR#%u%u", maker, category);
  ssb_text(w, text);
  snprintf(text, sizeof text, "MFGR#%u%u%u", maker, category, ssb_draw(&p->brand, 1, 40));
  ssb_text(w, text);
  ssb_text(w, colour);
  snprintf(text, sizeof text, "%s %s %s", finish, work, ssb_pick(&p->finish, &ssb_type_metal));
  ssb_text(w, text);
  ssb_number(w, ssb_draw(&p->size, 1, 50));
  snprintf(text, sizeof text, "%s %s", box, ssb_pick(&p->container, &ssb_container_kind));
  ssb_text(w, text);
}

/* ---- Tables ---- */

uint64_t ssb_rows(int table, double scale) {
  static const double bases[SSB_TABLES] = {SSB_ORDERS, SSB_DATE_ROWS, 30000, 2000, 200000};
  double rows = bases[table];
  if (table == SSB_PART && scale >= 1)
    rows *= 1 + floor(log2(scale));
  else if (table != SSB_DATE)
    rows *= scale;
  return rows < 7 ? 7 : (uint64_t)(rows + 0.5);
}

typedef struct ssb_job {
  ssb_writer writer;
  ssb_orders orders;
  ssb_places customers, suppliers;
  ssb_parts parts;
} ssb_job;

/* Writes row `key` (from 1; of lineorder, order) and returns how many rows that made. */
static unsigned ssb_row(ssb_job *job, int table, uint64_t key) {
  ssb_writer *w = &job->writer;
  if (table == SSB_LINEORDER) return ssb_order(&job->orders, w, key);
  if (table == SSB_DATE) {
    ssb_date_row(w, (unsigned)key - 1);
  } else {
    ssb_number(w, key);
    if (table == SSB_PART) {
      ssb_part(&job->parts, w);
    } else if (table == SSB_SUPPLIER) {
      ssb_place(&job->suppliers, w, "Supplier", key);
    } else {
      ssb_place(&job->customers, w, "Customer", key);
      ssb_text(w, ssb_pick(&job->customers.segment, &ssb_segments));
    }
  }
  ssb_end_row(w);
  return 1;
}

uint64_t ssb_write(int table, double scale, FILE *out, int (*progress)(void *ctx, uint64_t rows),
                   void *ctx) {
  ssb_job *job = calloc(1, sizeof *job);
  uint64_t key, rows = 0, last = ssb_rows(table, scale);
  if (job == NULL) return UINT64_MAX;
  job->writer.out = out;
  ssb_orders_begin(&job->orders, scale);
  job->customers = (ssb_places){1489529863, 1495190827, 881155353, 1521138112, 1140279430};
  job->suppliers = (ssb_places){110356601, 1495190827, 706178559, 884434366, 0};
  job->parts = (ssb_parts){1, 637858759, 46831694, 709314158, 1841581359, 1193163244, 727633698};
  for (key = 1; key <= last && !job->writer.failed; key++) {
    rows += ssb_row(job, table, key);
    if (progress != NULL && key % 4096 == 0 && progress(ctx, rows) != 0) break;
  }
  ssb_flush(&job->writer);
  if (job->writer.failed || fflush(out) != 0) rows = UINT64_MAX;
  free(job);
  return rows;
}

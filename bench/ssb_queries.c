/* SPDX-License-Identifier: MIT */
/*
 * The benchmark's tables and queries as the specification gives them (section 2 and 3). Names of
 * its own for the statements' columns were left out: an answer is compared by its values.
 */
#include "ssb.h"

const sql_table ssb_tables[SSB_TABLES] = {
    [SSB_LINEORDER] = {"lineorder",
                       "lo_orderkey INTEGER, lo_linenumber INTEGER, lo_custkey INTEGER,"
                       " lo_partkey INTEGER, lo_suppkey INTEGER, lo_orderdate INTEGER,"
                       " lo_orderpriority TEXT, lo_shippriority TEXT, lo_quantity INTEGER,"
                       " lo_extendedprice INTEGER, lo_ordtotalprice INTEGER, lo_discount INTEGER,"
                       " lo_revenue INTEGER, lo_supplycost INTEGER, lo_tax INTEGER,"
                       " lo_commitdate INTEGER, lo_shipmode TEXT",
                       NULL},
    [SSB_DATE] = {"date",
                  "d_datekey INTEGER, d_date TEXT, d_dayofweek TEXT, d_month TEXT,"
                  " d_year INTEGER, d_yearmonthnum INTEGER, d_yearmonth TEXT,"
                  " d_daynuminweek INTEGER, d_daynuminmonth INTEGER, d_daynuminyear INTEGER,"
                  " d_monthnuminyear INTEGER, d_weeknuminyear INTEGER, d_sellingseason TEXT,"
                  " d_lastdayinweekfl INTEGER, d_lastdayinmonthfl INTEGER, d_holidayfl INTEGER,"
                  " d_weekdayfl INTEGER",
                  "d_datekey"},
    [SSB_CUSTOMER] = {"customer",
                      "c_custkey INTEGER, c_name TEXT, c_address TEXT, c_city TEXT,"
                      " c_nation TEXT, c_region TEXT, c_phone TEXT, c_mktsegment TEXT",
                      "c_custkey"},
    [SSB_SUPPLIER] = {"supplier",
                      "s_suppkey INTEGER, s_name TEXT, s_address TEXT, s_city TEXT,"
                      " s_nation TEXT, s_region TEXT, s_phone TEXT",
                      "s_suppkey"},
    [SSB_PART] = {"part",
                  "p_partkey INTEGER, p_name TEXT, p_mfgr TEXT, p_category TEXT, p_brand1 TEXT,"
                  " p_color TEXT, p_type TEXT, p_size INTEGER, p_container TEXT",
                  "p_partkey"},
};

#define SSB_Q1(dates, discounts, quantities)                                         \
  "SELECT sum(lo_extendedprice * lo_discount) FROM lineorder, date"                  \
  " WHERE lo_orderdate = d_datekey AND " dates " AND lo_discount BETWEEN " discounts \
  " AND lo_quantity " quantities
#define SSB_Q2(parts, region)                                                             \
  "SELECT sum(lo_revenue), d_year, p_brand1 FROM lineorder, date, part, supplier"         \
  " WHERE lo_orderdate = d_datekey AND lo_partkey = p_partkey AND lo_suppkey = s_suppkey" \
  " AND " parts " AND s_region = '" region "' GROUP BY d_year, p_brand1 ORDER BY d_year, p_brand1"
#define SSB_Q3(place, places, dates)                                                   \
  "SELECT c_" place ", s_" place                                                       \
  ", d_year, sum(lo_revenue) AS revenue"                                               \
  " FROM customer, lineorder, supplier, date WHERE lo_custkey = c_custkey"             \
  " AND lo_suppkey = s_suppkey AND lo_orderdate = d_datekey AND " places " AND " dates \
  " GROUP BY c_" place ", s_" place ", d_year ORDER BY d_year ASC, revenue DESC"
#define SSB_Q4(keys, conditions)                                                        \
  "SELECT " keys                                                                        \
  ", sum(lo_revenue - lo_supplycost) AS profit"                                         \
  " FROM date, customer, supplier, part, lineorder WHERE lo_custkey = c_custkey"        \
  " AND lo_suppkey = s_suppkey AND lo_partkey = p_partkey AND lo_orderdate = d_datekey" \
  " AND " conditions " GROUP BY " keys " ORDER BY " keys
#define SSB_TWO_CITIES                               \
  "(c_city = 'UNITED KI1' OR c_city = 'UNITED KI5')" \
  " AND (s_city = 'UNITED KI1' OR s_city = 'UNITED KI5')"

const sql_query ssb_queries[SSB_QUERIES] = {
    {"Q1.1", SSB_Q1("d_year = 1993", "1 AND 3", "< 25")},
    {"Q1.2", SSB_Q1("d_yearmonthnum = 199401", "4 AND 6", "BETWEEN 26 AND 35")},
    {"Q1.3", SSB_Q1("d_weeknuminyear = 6 AND d_year = 1994", "5 AND 7", "BETWEEN 26 AND 35")},
    {"Q2.1", SSB_Q2("p_category = 'MFGR#12'", "AMERICA")},
    {"Q2.2", SSB_Q2("p_brand1 BETWEEN 'MFGR#2221' AND 'MFGR#2228'", "ASIA")},
    {"Q2.3", SSB_Q2("p_brand1 = 'MFGR#2221'", "EUROPE")},
    {"Q3.1", SSB_Q3("nation", "c_region = 'ASIA' AND s_region = 'ASIA'",
                    "d_year >= 1992 AND d_year <= 1997")},
    {"Q3.2", SSB_Q3("city", "c_nation = 'UNITED STATES' AND s_nation = 'UNITED STATES'",
                    "d_year >= 1992 AND d_year <= 1997")},
    {"Q3.3", SSB_Q3("city", SSB_TWO_CITIES, "d_year >= 1992 AND d_year <= 1997")},
    {"Q3.4", SSB_Q3("city", SSB_TWO_CITIES, "d_yearmonth = 'Dec1997'")},
    {"Q4.1", SSB_Q4("d_year, c_nation",
                    "c_region = 'AMERICA' AND s_region = 'AMERICA'"
                    " AND (p_mfgr = 'MFGR#1' OR p_mfgr = 'MFGR#2')")},
    {"Q4.2", SSB_Q4("d_year, s_nation, p_category",
                    "c_region = 'AMERICA' AND s_region = 'AMERICA'"
                    " AND (d_year = 1997 OR d_year = 1998)"
                    " AND (p_mfgr = 'MFGR#1' OR p_mfgr = 'MFGR#2')")},
    {"Q4.3", SSB_Q4("d_year, s_city, p_brand1",
                    "c_region = 'AMERICA' AND s_nation = 'UNITED STATES'"
                    " AND (d_year = 1997 OR d_year = 1998) AND p_category = 'MFGR#14'")},
};

/* SPDX-License-Identifier: MIT */
/* The calls and objects of GraphBLAS that the adapter uses, as GraphBLAS.h of 7.4 declares them;
 * its opaque pointers are void * here. */
#ifndef TRIVET_BENCH_PEER_GRAPHBLAS_CALLS_H
#define TRIVET_BENCH_PEER_GRAPHBLAS_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "peer_graphblas.h"

typedef uint64_t grb_index;

/* member, name of the function, parameters */
#define GRAPHBLAS_CALLS(CALL)                                                                      \
  CALL(init, GrB_init, (int mode))                                                                 \
  CALL(option, GxB_Global_Option_set_INT32, (int field, int32_t value))                            \
  CALL(m_new, GrB_Matrix_new, (void **m, void *type, grb_index rows, grb_index columns))           \
  CALL(m_free, GrB_Matrix_free, (void **m))                                                        \
  CALL(m_wait, GrB_Matrix_wait, (void *m, int mode))                                               \
  CALL(m_build_bool, GrB_Matrix_build_BOOL,                                                        \
       (void *m, const grb_index *i, const grb_index *j, const bool *x, grb_index n, void *dup))   \
  CALL(                                                                                            \
      m_build_int32, GrB_Matrix_build_INT32,                                                       \
      (void *m, const grb_index *i, const grb_index *j, const int32_t *x, grb_index n, void *dup)) \
  CALL(m_build_fp64, GrB_Matrix_build_FP64,                                                        \
       (void *m, const grb_index *i, const grb_index *j, const double *x, grb_index n, void *dup)) \
  CALL(m_select_int64, GrB_Matrix_select_INT64,                                                    \
       (void *c, void *mask, void *accum, void *op, void *a, int64_t y, void *desc))               \
  CALL(m_select_int32, GrB_Matrix_select_INT32,                                                    \
       (void *c, void *mask, void *accum, void *op, void *a, int32_t y, void *desc))               \
  CALL(m_extract, GrB_Matrix_extract,                                                              \
       (void *c, void *mask, void *accum, void *a, const grb_index *i, grb_index ni,               \
        const grb_index *j, grb_index nj, void *desc))                                             \
  CALL(m_sum, GrB_Matrix_reduce_INT64,                                                             \
       (int64_t * sum, void *accum, void *monoid, void *a, void *desc))                            \
  CALL(mxm, GrB_mxm,                                                                               \
       (void *c, void *mask, void *accum, void *semiring, void *a, void *b, void *desc))           \
  CALL(mxv, GrB_mxv,                                                                               \
       (void *w, void *mask, void *accum, void *semiring, void *a, void *u, void *desc))           \
  CALL(vxm, GrB_vxm,                                                                               \
       (void *w, void *mask, void *accum, void *semiring, void *u, void *a, void *desc))           \
  CALL(v_new, GrB_Vector_new, (void **v, void *type, grb_index n))                                 \
  CALL(v_free, GrB_Vector_free, (void **v))                                                        \
  CALL(v_clear, GrB_Vector_clear, (void *v))                                                       \
  CALL(v_nvals, GrB_Vector_nvals, (grb_index * n, void *v))                                        \
  CALL(v_option, GxB_Vector_Option_set_INT32, (void *v, int field, int32_t value))                 \
  CALL(v_set_bool, GrB_Vector_setElement_BOOL, (void *v, bool x, grb_index i))                     \
  CALL(v_set_int32, GrB_Vector_setElement_INT32, (void *v, int32_t x, grb_index i))                \
  CALL(v_set_fp64, GrB_Vector_setElement_FP64, (void *v, double x, grb_index i))                   \
  CALL(v_assign, GrB_Vector_assign,                                                                \
       (void *w, void *mask, void *accum, void *u, const grb_index *i, grb_index ni, void *desc))  \
  CALL(v_assign_bool, GrB_Vector_assign_BOOL,                                                      \
       (void *w, void *mask, void *accum, bool x, const grb_index *i, grb_index ni, void *desc))   \
  CALL(                                                                                            \
      v_assign_int32, GrB_Vector_assign_INT32,                                                     \
      (void *w, void *mask, void *accum, int32_t x, const grb_index *i, grb_index ni, void *desc)) \
  CALL(v_assign_fp64, GrB_Vector_assign_FP64,                                                      \
       (void *w, void *mask, void *accum, double x, const grb_index *i, grb_index ni, void *desc)) \
  CALL(v_select_int32, GrB_Vector_select_INT32,                                                    \
       (void *w, void *mask, void *accum, void *op, void *u, int32_t y, void *desc))               \
  CALL(v_select_bool, GrB_Vector_select_BOOL,                                                      \
       (void *w, void *mask, void *accum, void *op, void *u, bool y, void *desc))                  \
  CALL(v_add, GrB_Vector_eWiseAdd_BinaryOp,                                                        \
       (void *w, void *mask, void *accum, void *op, void *u, void *v, void *desc))                 \
  CALL(v_multiply, GrB_Vector_eWiseMult_BinaryOp,                                                  \
       (void *w, void *mask, void *accum, void *op, void *u, void *v, void *desc))                 \
  CALL(v_sum_int64, GrB_Vector_reduce_INT64,                                                       \
       (int64_t * sum, void *accum, void *monoid, void *u, void *desc))                            \
  CALL(v_sum_fp64, GrB_Vector_reduce_FP64,                                                         \
       (double *sum, void *accum, void *monoid, void *u, void *desc))                              \
  CALL(v_min_int32, GrB_Vector_reduce_INT32,                                                       \
       (int32_t * sum, void *accum, void *monoid, void *u, void *desc))                            \
  CALL(v_tuples_int32, GrB_Vector_extractTuples_INT32,                                             \
       (grb_index * i, int32_t * x, grb_index * n, void *v))                                       \
  CALL(v_tuples_fp64, GrB_Vector_extractTuples_FP64,                                               \
       (grb_index * i, double *x, grb_index *n, void *v))                                          \
  CALL(v_pack, GxB_Vector_pack_Full, (void *v, void **x, grb_index bytes, bool iso, void *desc))   \
  CALL(v_unpack, GxB_Vector_unpack_Full,                                                           \
       (void *v, void **x, grb_index *bytes, bool *iso, void *desc))

/* member, name of the variable, which is a pointer */
#define GRAPHBLAS_OBJECTS(OBJECT)                           \
  OBJECT(boolean, GrB_BOOL)                                 \
  OBJECT(int32, GrB_INT32)                                  \
  OBJECT(uint32, GrB_UINT32)                                \
  OBJECT(int64, GrB_INT64)                                  \
  OBJECT(fp64, GrB_FP64)                                    \
  OBJECT(all, GrB_ALL)                                      \
  OBJECT(lor, GrB_LOR)                                      \
  OBJECT(min_int32, GrB_MIN_INT32)                          \
  OBJECT(min_uint32, GrB_MIN_UINT32)                        \
  OBJECT(less_int32, GrB_LT_INT32)                          \
  OBJECT(divide_fp64, GrB_DIV_FP64)                         \
  OBJECT(plus_fp64, GrB_PLUS_FP64)                          \
  OBJECT(sum_int64, GrB_PLUS_MONOID_INT64)                  \
  OBJECT(sum_fp64, GrB_PLUS_MONOID_FP64)                    \
  OBJECT(least_int32, GrB_MIN_MONOID_INT32)                 \
  OBJECT(lower, GrB_TRIL)                                   \
  OBJECT(value_less_int32, GrB_VALUELT_INT32)               \
  OBJECT(value_at_most_int32, GrB_VALUELE_INT32)            \
  OBJECT(value_above_int32, GrB_VALUEGT_INT32)              \
  OBJECT(value_equal_bool, GrB_VALUEEQ_BOOL)                \
  OBJECT(any_pair_bool, GxB_ANY_PAIR_BOOL)                  \
  OBJECT(plus_pair_int64, GxB_PLUS_PAIR_INT64)              \
  OBJECT(plus_second_fp64, GxB_PLUS_SECOND_FP64)            \
  OBJECT(plus_times_fp64, GrB_PLUS_TIMES_SEMIRING_FP64)     \
  OBJECT(min_second_uint32, GrB_MIN_SECOND_SEMIRING_UINT32) \
  OBJECT(min_plus_int32, GrB_MIN_PLUS_SEMIRING_INT32)       \
  OBJECT(desc_s, GrB_DESC_S)                                \
  OBJECT(desc_rs, GrB_DESC_RS)                              \
  OBJECT(desc_rsc, GrB_DESC_RSC)

/* NOLINTBEGIN(bugprone-macro-parentheses): a declaration takes none. */
#define GRAPHBLAS_CALL_MEMBER(member, name, parameters) int(*member) parameters;
#define GRAPHBLAS_OBJECT_MEMBER(member, name) void **member;
/* NOLINTEND(bugprone-macro-parentheses) */
typedef struct graphblas_calls {
  GRAPHBLAS_CALLS(GRAPHBLAS_CALL_MEMBER)
  GRAPHBLAS_OBJECTS(GRAPHBLAS_OBJECT_MEMBER)
} graphblas_calls;

/* GraphBLAS.h's numbers of options and modes. */
enum {
  GRAPHBLAS_NONBLOCKING = 0,
  GRAPHBLAS_MATERIALIZE = 1,
  GRAPHBLAS_OPTION_THREADS = 5,
  GRAPHBLAS_OPTION_SPARSITY = 32,
  GRAPHBLAS_SPARSE = 2,
  GRAPHBLAS_BITMAP = 4,
  GRAPHBLAS_FULL = 8
};

typedef struct graphblas_graph {
  const graphblas_calls *call;
  grb_index n, edges;
  int32_t weight_mean;
  void *out, *in;   /* boolean: (from, to), and its transpose */
  void *repeats;    /* fp64, transposed: how many edges; NULL when no two are parallel */
  void *weights;    /* int32; of parallel edges the least */
  void *both;       /* boolean, symmetric, no loops */
  void *out_degree; /* int64, where above 0 */
  void *shares;     /* fp64: out-degree / 0.85, where above 0 */
  void *sinks;      /* boolean: nodes without edges out */
  int64_t *degree;  /* of `both`, by node */
  /* results */
  void *far[GRAPHBLAS_SLOTS];
  void *ranks;
  uint32_t *tree;
} graphblas_graph;
extern graphblas_graph graphblas_now;

/* 0 for success; remembers which call failed. */
int graphblas_check(int info, const char *call);

#endif

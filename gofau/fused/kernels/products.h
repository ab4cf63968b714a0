// Small matrix products that stay in the caches, one vector of the processor as the unit.
//
// Matrices are row-major. `ld` counts elements from row to row; panels, whose rows are read as whole
// vectors, have rows of a multiple of `lanes<T>` elements that start at multiples of a vector.
#pragma once

#include <cstdint>
#include <cstring>

#include "elementary.h"

namespace gofau {

#ifdef __AVX512F__
constexpr int vector_bytes = 64;
#else
constexpr int vector_bytes = 32;
#endif

template <class T>
constexpr int lanes = vector_bytes / int(sizeof(T));

template <class T>
using Vector __attribute__((vector_size(vector_bytes))) = T;

template <class T>
using Loose __attribute__((vector_size(vector_bytes), aligned(alignof(T)))) = T;

inline std::int64_t rounded_up(std::int64_t n, std::int64_t unit) { return (n + unit - 1) / unit * unit; }

template <class T>
const Vector<T>& whole(const T* at) {
  return *reinterpret_cast<const Vector<T>*>(at);
}

template <class T>
Vector<T>& whole(T* at) {
  return *reinterpret_cast<Vector<T>*>(at);
}

// The left factor of a product, read element by element: a matrix or its transpose.
template <class T>
struct Left {
  const T* at;
  std::int64_t row, column;  // elements from one row, and from one column, to the next
  Left below(std::int64_t rows) const { return {at + rows * row, row, column}; }
};

// C[R, columns] = left[R, depth] · panel[depth, V·lanes], all of it held in registers.
template <int R, int V, class T>
void block(Left<T> left, const T* panel, std::int64_t ld_panel, std::int64_t depth, T* c,
           std::int64_t ld, std::int64_t columns) {
  Vector<T> sum[R][V] = {};
  for (std::int64_t k = 0; k < depth; ++k) {
    Vector<T> right[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) right[v] = whole(panel + k * ld_panel + v * lanes<T>);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const T factor = left.at[r * left.row + k * left.column];
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) sum[r][v] += factor * right[v];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      const std::int64_t left_over = columns - v * lanes<T>;
      T* to = c + r * ld + v * lanes<T>;
      if (left_over >= lanes<T>) *reinterpret_cast<Loose<T>*>(to) = sum[r][v];
      else if (left_over > 0) std::memcpy(to, &sum[r][v], sizeof(T) * left_over);
    }
}

template <int V, class T>
void rows_of(Left<T> left, const T* panel, std::int64_t ld_panel, std::int64_t depth, T* c,
             std::int64_t ld, std::int64_t rows, std::int64_t columns) {
  constexpr int tall = 6;
  std::int64_t r = 0;
  for (; r + tall <= rows; r += tall)
    block<tall, V>(left.below(r), panel, ld_panel, depth, c + r * ld, ld, columns);
  const Left<T> rest = left.below(r);
  c += r * ld;
  switch (rows - r) {
    case 5: return block<5, V>(rest, panel, ld_panel, depth, c, ld, columns);
    case 4: return block<4, V>(rest, panel, ld_panel, depth, c, ld, columns);
    case 3: return block<3, V>(rest, panel, ld_panel, depth, c, ld, columns);
    case 2: return block<2, V>(rest, panel, ld_panel, depth, c, ld, columns);
    case 1: return block<1, V>(rest, panel, ld_panel, depth, c, ld, columns);
  }
}

// C[rows, columns] = left[rows, depth] · panel[depth, columns].
template <class T>
void multiply(Left<T> left, const T* panel, std::int64_t ld_panel, std::int64_t depth, T* c,
              std::int64_t ld, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t start = 0; start < columns;) {
    const std::int64_t left_over = columns - start;
    const T* from = panel + start;
    T* to = c + start;
    if (left_over > 3 * lanes<T>) {
      rows_of<4>(left, from, ld_panel, depth, to, ld, rows, left_over);
      start += 4 * lanes<T>;
    } else if (left_over > lanes<T>) {
      rows_of<2>(left, from, ld_panel, depth, to, ld, rows, left_over);
      start += 2 * lanes<T>;
    } else {
      rows_of<1>(left, from, ld_panel, depth, to, ld, rows, left_over);
      start += lanes<T>;
    }
  }
}

// Interleaves two vectors: the first halves of both in `low`, the second halves in `high`.
template <class T>
void interleave(Vector<T> a, Vector<T> b, Vector<T>& low, Vector<T>& high) {
  using I = typename Format<T>::Integer;
  Vector<I> first, second;
  for (int i = 0; i < lanes<T>; ++i) {
    first[i] = I(i / 2 + (i % 2) * lanes<T>);
    second[i] = I(first[i] + lanes<T> / 2);
  }
  low = __builtin_shuffle(a, b, first);
  high = __builtin_shuffle(a, b, second);
}

// panel[columns, rounded_up(rows)] = from[rows, columns] transposed; both in whole vectors.
//
// log2(lanes) rounds of interleaving row i with row i + lanes/2 transpose a square of lanes.
template <class T>
void transpose_squares(const T* from, std::int64_t ld_from, T* panel, std::int64_t ld_panel,
                       std::int64_t rows, std::int64_t columns) {
  constexpr int n = lanes<T>;
  for (std::int64_t i = 0; i < rows; i += n)
    for (std::int64_t j = 0; j < columns; j += n) {
      Vector<T> here[n], there[n];
#pragma GCC unroll 16
      for (int k = 0; k < n; ++k) here[k] = whole(from + (i + k) * ld_from + j);
      for (int round = 1; round < n; round *= 2) {
#pragma GCC unroll 16
        for (int k = 0; k < n / 2; ++k)
          interleave<T>(here[k], here[k + n / 2], there[2 * k], there[2 * k + 1]);
#pragma GCC unroll 16
        for (int k = 0; k < n; ++k) here[k] = there[k];
      }
#pragma GCC unroll 16
      for (int k = 0; k < n; ++k) whole(panel + (j + k) * ld_panel + i) = here[k];
    }
}

}  // namespace gofau

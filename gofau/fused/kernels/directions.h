// Directions: from a gradient and the state of one element to u, as gofau/directions gives it.
//
// A direction names how many state tensors it keeps, takes its numbers from an array in the order
// of its members, and updates the state of one element in place.
#pragma once

#include "elementary.h"

namespace gofau {

template <class C>
struct Plain {
  static constexpr int states = 0;
  explicit Plain(const double*) {}
  C operator()(C g, C*) const { return g; }
};

template <class C, bool nesterov>
struct Momentum {
  static constexpr int states = 1;  // buffer
  const C mu, weight;
  explicit Momentum(const double* s) : mu(s[0]), weight(s[1]) {}
  C operator()(C g, C* state) const {
    state[0] = state[0] * mu + g * weight;
    return nesterov ? g + state[0] * mu : state[0];
  }
};

template <class C>
struct Adagrad {
  static constexpr int states = 1;  // sum of squares
  const C eps, slowdown;
  explicit Adagrad(const double* s) : eps(s[0]), slowdown(s[1]) {}
  C operator()(C g, C* state) const {
    state[0] = state[0] + g * g;
    return g / ((root(state[0]) + eps) * slowdown);
  }
};

template <class C, bool centered, bool momentum>
struct RMSProp {
  static constexpr int states = 1 + centered + momentum;  // mean square, mean, buffer
  const C alpha, rest, eps, mu;
  explicit RMSProp(const double* s) : alpha(s[0]), rest(s[1]), eps(s[2]), mu(s[3]) {}
  C operator()(C g, C* state) const {
    state[0] = state[0] * alpha + g * g * rest;
    C variance = state[0];
    if constexpr (centered) {
      state[1] = state[1] * alpha + g * rest;
      variance = variance - state[1] * state[1];
    }
    const C ratio = g / (root(variance) + eps);
    if constexpr (!momentum) return ratio;
    C& buffer = state[states - 1];
    buffer = buffer * mu + ratio;
    return buffer;
  }
};

template <class C, bool amsgrad>
struct Adam {
  static constexpr int states = 2 + amsgrad;  // first moment, second moment, largest second moment
  const C beta1, rest1, beta2, rest2, unbias1, unbias2, eps;
  explicit Adam(const double* s)
      : beta1(s[0]), rest1(s[1]), beta2(s[2]), rest2(s[3]), unbias1(s[4]), unbias2(s[5]), eps(s[6]) {}
  C operator()(C g, C* state) const {
    state[0] = state[0] * beta1 + g * rest1;
    state[1] = state[1] * beta2 + g * g * rest2;
    C second = state[1];
    if constexpr (amsgrad) {
      // A NaN in either stays, as torch.maximum has it.
      const C largest = state[2] >= second || state[2] != state[2] ? state[2] : second;
      second = state[2] = largest;
    }
    return state[0] * unbias1 / (root(second) * unbias2 + eps);
  }
};

template <class C>
struct Madam {
  static constexpr int states = 1;  // second moment
  const C beta2, rest2, unbias2;
  explicit Madam(const double* s) : beta2(s[0]), rest2(s[1]), unbias2(s[2]) {}
  C operator()(C g, C* state) const {
    state[0] = state[0] * beta2 + g * g * rest2;
    return state[0] == C(0) ? C(0) : g / (root(state[0]) * unbias2);
  }
};

}  // namespace gofau

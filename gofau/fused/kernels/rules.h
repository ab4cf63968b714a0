// Rules: from a parameter and a direction u to the new parameter, as gofau/rules gives it.
//
// A rule takes its numbers from an array in the order of its members, and one number of the tensor
// at hand (`bound`) where `bounded` says that it needs one. A rule that `splits` has a shorter way for
// elements whose |u| is below its pull's limit, `near`.
#pragma once

#include "elementary.h"

namespace gofau {

template <class C>
struct Additive {
  static constexpr bool bounded = false, splits = false;
  const C lr;
  Additive(const double* s, C) : lr(s[0]) {}
  C operator()(C theta, C u) const { return theta - u * lr; }
};

template <class C>
struct Multiplicative {
  static constexpr bool bounded = false, splits = Pull<C>::splits;
  const Pull<C> pull;  // of lr_in, times lr_out
  Multiplicative(const double* s, C) : pull(s[0], s[1]) {}
  C operator()(C theta, C u) const { return theta - pull(theta, u); }
  C near(C theta, C u) const { return theta - pull.near(theta, u); }
};

template <class C>
struct Hybrid {
  static constexpr bool bounded = false, splits = Pull<C>::splits;
  const Pull<C> pull;  // of lr_in, times γ·lr_out
  const C additive;    // (1 - γ)·lr
  Hybrid(const double* s, C) : pull(s[0], s[1]), additive(s[2]) {}
  C operator()(C theta, C u) const { return theta - pull(theta, u) - u * additive; }
  C near(C theta, C u) const { return theta - pull.near(theta, u) - u * additive; }
};

template <class C>
struct ExponentiatedGradient {
  static constexpr bool bounded = false, splits = false;
  const C lr;
  ExponentiatedGradient(const double* s, C) : lr(s[0]) {}
  C operator()(C theta, C u) const { return theta * exp(-(u * sign(theta) * lr)); }
};

template <class C>
struct BoundedExponential {
  static constexpr bool bounded = true, splits = false;
  const C lr, g_bound, bound;
  BoundedExponential(const double* s, C of_tensor) : lr(s[0]), g_bound(s[1]), bound(of_tensor) {}
  C operator()(C theta, C u) const {
    return limited(theta * exp(-(limited(u, g_bound) * sign(theta) * lr)), bound);
  }
};

// β·sinh(asinh(θ/β) - a) without asinh, with w = √(θ² + β²):
//   small a: θ + θ·(cosh a - 1) - w·sinh a, exact for a = 0 and where θ is far below β;
//   large a: (p·exp(-a) - β²/p·exp(a))/2 with p = w + θ, and mirrored for θ < 0, which stays
//   accurate where a passes asinh(θ/β).
template <class C>
struct Hypentropy {
  static constexpr bool bounded = false, splits = false;
  const C lr, beta;
  Hypentropy(const double* s, C) : lr(s[0]), beta(s[1]) {}
  C operator()(C theta, C u) const {
    const C a = u * lr;
    const C w = root(theta * theta + beta * beta);
    const C e = small_expm1(limited(a, C(1)));
    const C shrunk = e / (C(1) + e);
    const C near = theta + C(0.5) * (theta * e * shrunk - w * (e + shrunk));
    const C signed_a = theta < C(0) ? -a : a;
    const C p = (w + absolute(theta));
    const C far = C(0.5) * (p * exp(-signed_a) - beta * (beta / p) * exp(signed_a));
    return absolute(a) > C(1) ? (theta < C(0) ? -far : far) : near;
  }
};

// The shorter way, and the choice between both by each element alone.
template <class Rule>
struct Near {
  const Rule& rule;
  template <class C>
  C operator()(C theta, C u) const { return rule.near(theta, u); }
};

template <class Rule>
struct NearOrNot {
  const Rule& rule;
  template <class C>
  C operator()(C theta, C u) const {
    return absolute(u) < rule.pull.limit ? rule.near(theta, u) : rule(theta, u);
  }
};

}  // namespace gofau

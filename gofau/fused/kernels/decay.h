// Weight decay and ascent: what happens to a gradient before the direction, and to a parameter
// before the rule, as gofau/functional.py gives it.
#pragma once

namespace gofau {

// The gradient of what is minimized: `climbs` negates it.
template <class C, bool climbs>
struct NoDecay {
  explicit NoDecay(const double*) {}
  C gradient(C, C g) const { return climbs ? -g : g; }
  C parameter(C theta) const { return theta; }
};

template <class C, bool climbs>
struct Coupled {
  const C decay;
  explicit Coupled(const double* s) : decay(s[0]) {}
  C gradient(C theta, C g) const { return (climbs ? -g : g) + theta * decay; }
  C parameter(C theta) const { return theta; }
};

template <class C, bool climbs>
struct Decoupled {
  const C shrink;  // 1 - step size·decay
  explicit Decoupled(const double* s) : shrink(s[0]) {}
  C gradient(C, C g) const { return climbs ? -g : g; }
  C parameter(C theta) const { return theta * shrink; }
};

}  // namespace gofau

// A training step's forward and backward passes of K ReLU MLPs under the softmax cross-entropy.
//
// Each trial is computed from start to end by itself, while its weights and activations lie in the
// first caches; no trial reads what another wrote, so its numbers are the same in every stack.
// GOFAU_ELEMENT names the element type T.
#include <cstdlib>
#include <memory>
#include <vector>

#include "modes.h"
#include "products.h"

namespace gofau {

// What a call works on; the layout is that of gofau/fused/mlp.py.
struct Network {
  std::int64_t layers;         // L
  const std::int64_t* widths;  // [L + 1]: inputs, units of each hidden layer, classes
  std::int64_t parameters;     // P, of one trial: L matrices [out, in + 1], the bias last
  std::int64_t trials;         // K
  std::int64_t groups;         // G
  const std::int64_t* starts;  // [G + 1]: group g holds the trials from starts[g] to starts[g + 1]
  std::int64_t examples;       // B
  std::int64_t ld_inputs;      // elements from one example to the next
};

template <class T>
class Buffer {
 public:
  explicit Buffer(std::int64_t count)
      : at_(static_cast<T*>(std::aligned_alloc(vector_bytes, rounded_up(count * sizeof(T), 64)))) {
    if (at_ == nullptr) std::abort();
    std::memset(at_.get(), 0, rounded_up(count * sizeof(T), 64));
  }
  operator T*() const { return at_.get(); }

 private:
  struct Free {
    void operator()(T* at) const { std::free(at); }
  };
  std::unique_ptr<T, Free> at_;
};

// A group's inputs as panels: by example, and transposed by feature.
template <class T>
struct Inputs {
  std::int64_t ld_rows, ld_columns;
  Buffer<T> rows, columns;  // [B, in], [in, B]
  Inputs(const Network& net)
      : ld_rows(rounded_up(net.widths[0], lanes<T>)),
        ld_columns(rounded_up(net.examples, lanes<T>)),
        rows(rounded_up(net.examples, lanes<T>) * ld_rows),
        columns(ld_rows * ld_columns) {}
  void read(const Network& net, const T* x) {
    const std::int64_t inputs = net.widths[0];
    for (std::int64_t b = 0; b < net.examples; ++b)
      std::memcpy(rows + b * ld_rows, x + b * net.ld_inputs, sizeof(T) * inputs);
    transpose_squares<T>(rows, ld_rows, columns, ld_columns, ld_columns, ld_rows);
  }
};

template <class T>
struct Layer {
  std::int64_t in, out;
  std::int64_t offset;  // of the matrix, in the parameters
  Buffer<T> a;          // [out, B], the layer's outputs behind the ReLU
  Buffer<T> flipped;    // [B, out], the same transposed
  Buffer<T> dz;         // [out, B]
};

template <class T>
class Worker {
 public:
  explicit Worker(const Network& net) : net_(net), ld_(rounded_up(net.examples, lanes<T>)) {
    std::int64_t offset = 0;
    for (std::int64_t l = 0; l < net.layers; ++l) {
      const std::int64_t in = net.widths[l], out = net.widths[l + 1];
      const std::int64_t tall = rounded_up(out, lanes<T>);
      layers_.push_back({in, out, offset, Buffer<T>(tall * ld_), Buffer<T>(ld_ * tall),
                         Buffer<T>(tall * ld_)});
      offset += out * (in + 1);
    }
  }

  // The trial's mean loss; its gradient goes to `grad`.
  T train(const Inputs<T>& x, const std::int64_t* y, const T* weights, T* grad) {
    forward(x, weights);
    const T loss = summed_loss(y) * (T(1) / T(net_.examples));
    seed(y);
    backward(x, weights, grad);
    return loss;
  }

  // The trial's summed loss, and how often the largest output is the target's.
  T score(const Inputs<T>& x, const std::int64_t* y, const T* weights, std::int64_t& hits) {
    forward(x, weights);
    hits += count_hits(y);
    return summed_loss(y);
  }

 private:
  const Network& net_;
  std::int64_t ld_;
  std::vector<Layer<T>> layers_;

  void forward(const Inputs<T>& x, const T* weights) {
    const T* below = x.columns;
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const Layer<T>& layer = layers_[l];
      const T* matrix = weights + layer.offset;
      const std::int64_t ld = layer.in + 1;
      multiply<T>({matrix, ld, 1}, below, ld_, layer.in, layer.a, ld_, layer.out, ld_);
      const bool hidden = l + 1 < layers_.size();
      for (std::int64_t j = 0; j < layer.out; ++j)
        add_bias(layer.a + j * ld_, matrix[j * ld + layer.in], hidden);
      below = layer.a;
    }
  }

  void add_bias(T* row, T bias, bool hidden) {
    for (std::int64_t b = 0; b < ld_; ++b) {
      const T z = row[b] + bias;
      row[b] = hidden ? larger(z, T(0)) : z;
    }
  }

  // Leaves exp(z - max z) in the last layer's dz, and its sums over the classes in total_.
  T summed_loss(const std::int64_t* y) {
    const Layer<T>& last = layers_.back();
    const std::int64_t classes = last.out;
    T* top = peak_;
    T* total = total_;
    for (std::int64_t b = 0; b < ld_; ++b) top[b] = last.a[b];
    for (std::int64_t c = 1; c < classes; ++c)
      for (std::int64_t b = 0; b < ld_; ++b) top[b] = larger(top[b], last.a[c * ld_ + b]);
    for (std::int64_t b = 0; b < ld_; ++b) total[b] = 0;
    for (std::int64_t c = 0; c < classes; ++c)
      for (std::int64_t b = 0; b < ld_; ++b) {
        const T e = exp(last.a[c * ld_ + b] - top[b]);
        last.dz[c * ld_ + b] = e;
        total[b] += e;
      }
    T loss = 0;
    for (std::int64_t b = 0; b < net_.examples; ++b)
      loss += log_of(total[b]) - (last.a[y[b] * ld_ + b] - top[b]);
    return loss;
  }

  // With p = softmax(z) the gradient of the mean loss is (p - onehot(y))/B; after `summed_loss`.
  void seed(const std::int64_t* y) {
    const Layer<T>& last = layers_.back();
    T* total = total_;
    const T share = T(1) / T(net_.examples);
    for (std::int64_t b = 0; b < ld_; ++b) total[b] = b < net_.examples ? share / total[b] : T(0);
    for (std::int64_t c = 0; c < last.out; ++c)
      for (std::int64_t b = 0; b < ld_; ++b) last.dz[c * ld_ + b] *= total[b];
    for (std::int64_t b = 0; b < net_.examples; ++b) last.dz[y[b] * ld_ + b] -= share;
  }

  // The first of equal outputs counts, and a NaN as the largest of all.
  std::int64_t count_hits(const std::int64_t* y) {
    const Layer<T>& last = layers_.back();
    std::int64_t hits = 0;
    for (std::int64_t b = 0; b < net_.examples; ++b) {
      std::int64_t best = 0;
      for (std::int64_t c = 1; c < last.out; ++c) {
        const T most = last.a[best * ld_ + b];
        if (most == most && !(last.a[c * ld_ + b] <= most)) best = c;
      }
      hits += best == y[b];
    }
    return hits;
  }

  void backward(const Inputs<T>& x, const T* weights, T* grad) {
    for (std::int64_t l = net_.layers - 1; l > 0; --l) {
      Layer<T>&layer = layers_[l], &below = layers_[l - 1];
      const std::int64_t tall = rounded_up(below.out, lanes<T>);
      transpose_squares<T>(below.a, ld_, below.flipped, tall, tall, ld_);
      gradient(layer, below.flipped, tall, grad + layer.offset);
      multiply<T>({weights + layer.offset, 1, layer.in + 1}, layer.dz, ld_, layer.out, below.dz, ld_,
                  below.out, ld_);
      for (std::int64_t i = 0; i < below.out * ld_; ++i)
        below.dz[i] = below.a[i] <= T(0) ? T(0) : below.dz[i];
    }
    gradient(layers_[0], x.rows, x.ld_rows, grad);
  }

  // [out, in + 1] = dz·(inputs, 1).
  void gradient(const Layer<T>& layer, const T* inputs, std::int64_t ld_inputs, T* grad) {
    const std::int64_t ld = layer.in + 1;
    multiply<T>({layer.dz, ld_, 1}, inputs, ld_inputs, net_.examples, grad, ld, layer.out, layer.in);
    for (std::int64_t j = 0; j < layer.out; ++j) {
      Vector<T> sum = {};
      for (std::int64_t b = 0; b < ld_; b += lanes<T>) sum += whole(layer.dz + j * ld_ + b);
      T bias = 0;
      for (int i = 0; i < lanes<T>; ++i) bias += sum[i];
      grad[j * ld + layer.in] = bias;
    }
  }

  static float log_of(float x) { return __builtin_logf(x); }
  static double log_of(double x) { return __builtin_log(x); }

  Buffer<T> peak_{ld_}, total_{ld_};
};

// Calls `run(worker, inputs, y, trial)` for every trial, the groups' inputs read once a thread.
template <class T, class Run>
void each_trial(const Network& net, const T* x, const std::int64_t* y, int threads, Run run) {
  const auto parts = int(smaller(std::int64_t(threads), net.trials));
  const auto caller = modes();
#pragma omp parallel for num_threads(parts) schedule(static, 1) if (parts > 1)
  for (int part = 0; part < parts; ++part) {
    const ModesOf here(caller);
    const std::int64_t from = net.trials * part / parts, to = net.trials * (part + 1) / parts;
    Worker<T> worker(net);
    Inputs<T> inputs(net);
    for (std::int64_t g = 0; g < net.groups; ++g) {
      const std::int64_t begin = larger(from, net.starts[g]), end = smaller(to, net.starts[g + 1]);
      if (begin >= end) continue;
      inputs.read(net, x + g * net.examples * net.ld_inputs);
      for (std::int64_t k = begin; k < end; ++k) run(worker, inputs, y + g * net.examples, k);
    }
  }
}

using Element = GOFAU_ELEMENT;

}  // namespace gofau

// x: [G, B, ld_inputs]; y: [G, B]; weights and grads: [K, P]; losses: [K].
extern "C" void gofau_mlp_train(const gofau::Network* net, const gofau::Element* x,
                                const std::int64_t* y, const gofau::Element* weights,
                                gofau::Element* grads, gofau::Element* losses, int threads) {
  using namespace gofau;
  each_trial(*net, x, y, threads, [&](auto& worker, const auto& inputs, auto* target, std::int64_t k) {
    losses[k] = worker.train(inputs, target, weights + k * net->parameters, grads + k * net->parameters);
  });
}

// Adds to each trial's sum of losses and to its count of hits, [K] both.
extern "C" void gofau_mlp_score(const gofau::Network* net, const gofau::Element* x,
                                const std::int64_t* y, const gofau::Element* weights,
                                gofau::Element* losses, std::int64_t* hits, int threads) {
  using namespace gofau;
  each_trial(*net, x, y, threads, [&](auto& worker, const auto& inputs, auto* target, std::int64_t k) {
    losses[k] += worker.score(inputs, target, weights + k * net->parameters, hits[k]);
  });
}

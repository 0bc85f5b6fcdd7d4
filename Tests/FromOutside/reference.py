"""The optimizers in NumPy, one variable after the other: an independent reading of their equations.

Arithmetic is in the variable's compute type, in the order of Keras's legacy optimizers, with the C library's powers, so
results are expected to the bit where no norm of a gradient is involved.
"""

import copy
import ctypes
import ctypes.util

import numpy

libm = ctypes.CDLL(ctypes.util.find_library("m"))
for name, kind, count in (("powf", ctypes.c_float, 2), ("cosf", ctypes.c_float, 1), ("pow", ctypes.c_double, 2)):
    getattr(libm, name).restype = kind
    getattr(libm, name).argtypes = [kind] * count

F = numpy.float32


def power(base, exponent):
    """A power in the type of `base`, elementwise."""
    T = numpy.asarray(base).dtype.type
    call = libm.powf if T is F else libm.pow
    return numpy.array([call(b, float(exponent)) for b in numpy.ravel(base)], T).reshape(numpy.shape(base))[()]


class Half:
    """How halves are stored: rounded to nearest even, and widened to float32 to compute."""

    @staticmethod
    def f16(x):
        return x.astype("<f2").astype(F)

    @staticmethod
    def bf16(x):
        bits = numpy.ascontiguousarray(x, F).view(numpy.uint32).astype(numpy.uint64)
        return (((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16) << 16).astype(numpy.uint32).view(F).reshape(x.shape)


ROUNDING = {"F64": lambda x: x, "F32": lambda x: x, "F16": Half.f16, "BF16": Half.bf16}


class Sparse:
    def __init__(self, rows, values):
        self.rows, self.values = rows, values

    def summed(self):
        """Each row once, in order of first appearance."""
        order = list(dict.fromkeys(self.rows.tolist()))
        sums = {}
        for row, value in zip(self.rows.tolist(), self.values):
            sums[row] = sums[row] + value if row in sums else value
        return Sparse(numpy.array(order, int), numpy.array([sums[row] for row in order], self.values.dtype))


class Optimizer:
    """A wrapper around a rule, variables, and what is remembered of them."""

    # Keras's own class decays by the learning rate too.
    is_keras_adamw = False

    def __init__(self, variables, dtypes, rule, **fields):
        self.variables, self.dtypes = variables, dtypes
        self.rule, self.fields = rule, fields
        self.wrapper, self.wrapper_fields = "SWA", {"start_averaging": 0, "average_period": 10}
        self.iterations, self.count = 0, 0
        self.average = None
        self.cache = None
        self.slots = {}
        self.adopt_slots()

    # Configuration

    def slot_names(self):
        f = self.fields
        if self.rule == "SGD":
            return ["momentum"] if f["momentum"] else []
        if self.rule == "RMSprop":
            return ["rms"] + (["momentum"] if f["momentum"] else []) + (["mg"] if f["centered"] else [])
        return {
            "Adam": ["m", "v", "vhat"] if f.get("amsgrad") else ["m", "v"],
            "AdamW": ["m", "v", "vhat"] if f.get("amsgrad") else ["m", "v"],
            "Adamax": ["m", "v"],
            "Nadam": ["m", "v"],
            "Adagrad": ["accumulator"],
            "Adadelta": ["accum_grad", "accum_var"],
            "Ftrl": ["accumulator", "linear"],
            "Assign": [],
        }[self.rule]

    def adopt_slots(self):
        """New slots begin at their initial value, those that are no longer in use are dropped."""
        old, self.slots = self.slots, {}
        for name in self.slot_names():
            start = self.fields["initial_accumulator_value"] if name == "accumulator" else 0
            self.slots[name] = old.get(name) or {
                n: numpy.full(x.shape, start, x.dtype) for n, x in self.variables.items()
            }

    def rate(self, T):
        """The learning rate at this iteration, after decay."""
        rate, i = self.fields.get("learning_rate", 1), F(self.iterations)
        if isinstance(rate, dict):
            rate = self.scheduled(rate["class_name"], rate["config"], i)
        decay = self.fields.get("decay", 0) if self.rule != "Nadam" else 0
        return T(F(rate)) / (T(1) + T(F(decay)) * T(i)) if decay else T(F(rate))

    @staticmethod
    def scheduled(name, c, i):
        if name == "PiecewiseConstantDecay":
            return c["values"][sum(b < i for b in c["boundaries"])]
        if name == "SWACyclical":
            t = F(i % c["cycle_length"] + 1) / F(c["cycle_length"])
            return (F(1) - t) * F(c["max_learning_rate"]) + t * F(c["min_learning_rate"])
        start, steps = F(c["initial_learning_rate"]), F(c["decay_steps"])
        if name == "ExponentialDecay":
            return start * power(F(c["decay_rate"]), i / steps)
        assert name == "CosineDecay"
        cosine = F(0.5) * (F(1) + F(libm.cosf(float(F(numpy.pi) * (min(i, steps) / steps)))))
        alpha = c.get("alpha", 0)
        return start * (F(1 - alpha) * cosine + F(alpha))

    # Steps

    def step(self, gradients):
        """One step; returns whether it took a snapshot."""
        for clipping in (self.fields, self.wrapper_fields):
            gradients = self.clipped(gradients, clipping)
        if self.wrapper == "MovingAverage" and self.average is None:
            self.average = copy.deepcopy(self.variables)
        for name, g in gradients.items():
            w, slots = self.variables[name], {slot: values[name] for slot, values in self.slots.items()}
            with numpy.errstate(all="ignore"):
                w = getattr(self, self.rule.lower())(w, g, slots)
            self.variables[name] = ROUNDING[self.dtypes[name]](w)
            for slot, value in slots.items():
                self.slots[slot][name] = value
        if self.rule == "Nadam":
            self.cache = self.nadam_weights(self.cache_type())[0]
        takes = self.snapshot()
        self.iterations += 1
        return takes

    def snapshot(self):
        f, i = self.wrapper_fields, self.iterations
        if self.wrapper == "MovingAverage":
            decay = F(0)
            if i >= f["start_step"]:
                decay = F(f["average_decay"])
                if f["dynamic_decay"]:
                    k = F(i - f["start_step"])
                    decay = min(decay, (F(1) + k) / (F(10) + k))
            for name, w in self.variables.items():
                T = w.dtype.type
                self.average[name] = self.average[name] - (self.average[name] - w) * (T(1) - T(decay))
        elif i < f["start_averaging"] or (i - f["start_averaging"]) % f["average_period"]:
            return False
        elif self.average is None:
            self.average, self.count = {name: w + 0 for name, w in self.variables.items()}, 0
        else:
            for name, w in self.variables.items():
                n = w.dtype.type(self.count)
                self.average[name] = (self.average[name] * n + w) / (n + w.dtype.type(1))
        self.count += 1
        return True

    @staticmethod
    def norm(g):
        values = g.values if isinstance(g, Sparse) else g
        return float(numpy.sqrt(numpy.sum(values.astype("f8") ** 2)))

    def clipped(self, gradients, f):
        def each(change):
            return {
                name: Sparse(g.rows, change(g.values, self.norm(g))) if isinstance(g, Sparse) else change(g, self.norm(g))
                for name, g in gradients.items()
            }

        if (c := f.get("clipvalue")) is not None:
            gradients = each(lambda x, _: numpy.clip(x, x.dtype.type(-c), x.dtype.type(c)))
        if (c := f.get("clipnorm")) is not None:
            gradients = each(lambda x, norm: x * x.dtype.type(c) / max(x.dtype.type(norm), x.dtype.type(c)))
        if (c := f.get("global_clipnorm")) is not None:
            norm = numpy.sqrt(sum(self.norm(g) ** 2 for g in gradients.values()))

            def scale(x, _):
                T = x.dtype.type
                with numpy.errstate(divide="ignore"):
                    return x * (T(c) * min(T(1) / T(norm), T(1) / T(c)))

            gradients = each(scale)
        return gradients

    # Rules: each returns the new variable and changes `s`.

    def sgd(self, w, g, s):
        T, f = w.dtype.type, self.fields
        a, mu = self.rate(T), T(F(f["momentum"]))
        if isinstance(g, Sparse):
            if not mu:
                w = w.copy()
                for row, value in zip(g.rows, g.values):
                    w[row] -= a * value
                return w
            return self.by_rows(w, g.summed(), s, lambda w, g, s: self.momentum(w, g, s, a, mu))
        return self.momentum(w, g, s, a, mu) if mu else w - a * g

    def momentum(self, w, g, s, a, mu):
        s["momentum"] = mu * s["momentum"] - a * g
        return w + (mu * s["momentum"] - a * g if self.fields["nesterov"] else s["momentum"])

    @staticmethod
    def by_rows(w, g, s, rule):
        """A dense rule on some rows."""
        w, part = w.copy(), {slot: value[g.rows] for slot, value in s.items()}
        w[g.rows] = rule(w[g.rows], g.values, part)
        for slot in s:
            s[slot] = s[slot].copy()
            s[slot][g.rows] = part[slot]
        return w

    def betas(self, T):
        b1, b2, t = T(F(self.fields["beta_1"])), T(F(self.fields["beta_2"])), T(self.iterations + 1)
        return b1, b2, power(b1, t), power(b2, t), T(self.fields["epsilon"])

    @staticmethod
    def decayed(s, slot, beta, rows, addition):
        s[slot] = s[slot] * beta
        s[slot][rows] = s[slot][rows] + addition

    def adam(self, w, g, s):
        T = w.dtype.type
        b1, b2, p1, p2, eps = self.betas(T)
        rate, root = self.rate(T), numpy.sqrt(T(1) - p2)
        if isinstance(g, Sparse):
            g = g.summed()
            alpha = rate * (root / (T(1) - p1))
            self.decayed(s, "m", b1, g.rows, g.values * (T(1) - b1))
            self.decayed(s, "v", b2, g.rows, (g.values * g.values) * (T(1) - b2))
        else:
            alpha = rate * root / (T(1) - p1)
            s["m"] = s["m"] + (g - s["m"]) * (T(1) - b1)
            s["v"] = s["v"] + (g * g - s["v"]) * (T(1) - b2)
        v = s["v"]
        if self.fields["amsgrad"]:
            v = s["vhat"] = numpy.maximum(s["vhat"], s["v"])
        return w - (s["m"] * alpha) / (numpy.sqrt(v) + eps)

    def adamw(self, w, g, s):
        T = w.dtype.type
        decay, factor = T(F(self.fields["weight_decay"])), self.rate(T) if self.is_keras_adamw else T(1)
        if isinstance(g, Sparse):
            rows, w = numpy.unique(g.rows), w.copy()
            w[rows] = w[rows] - w[rows] * decay * factor
        else:
            w = w - w * decay * factor
        return self.adam(w, g, s)

    def adamax(self, w, g, s):
        T = w.dtype.type
        b1, b2, p1, _, eps = self.betas(T)
        alpha = self.rate(T) / (T(1) - p1)

        def dense(w, g, s):
            s["m"] = s["m"] + (g - s["m"]) * (T(1) - b1)
            s["v"] = numpy.maximum(b2 * s["v"], abs(g))
            return w - alpha * (s["m"] / (s["v"] + eps))

        def sparse(w, g, s):
            s["m"] = s["m"] * b1 + g * (T(1) - b1)
            s["v"] = numpy.maximum(s["v"] * b2, abs(g))
            return w - alpha * (s["m"] / (s["v"] + eps))

        return self.by_rows(w, g.summed(), s, sparse) if isinstance(g, Sparse) else dense(w, g, s)

    def cache_type(self):
        return next(iter(self.variables.values())).dtype.type

    def nadam_weights(self, T):
        """The product of weights after this step, this step's weight and the next one's."""
        b1, decay, base = T(F(self.fields["beta_1"])), T(self.fields["decay"]), T(F(0.96))
        now, after = (
            b1 * (T(1) - T(0.5) * power(base, decay * T(t))) for t in (self.iterations + 1, self.iterations + 2)
        )
        return T(1 if self.cache is None else self.cache) * now, now, after

    def nadam(self, w, g, s):
        T = w.dtype.type
        b1, b2, _, p2, eps = self.betas(T)
        product, now, after = self.nadam_weights(T)

        def moments(w, g, s):
            mean = (T(1) - now) * (g / (T(1) - product)) + after * (s["m"] / (T(1) - product * after))
            return w - self.rate(T) * mean / (numpy.sqrt(s["v"] / (T(1) - p2)) + eps)

        if isinstance(g, Sparse):
            g = g.summed()
            self.decayed(s, "m", b1, g.rows, g.values * (T(1) - b1))
            self.decayed(s, "v", b2, g.rows, (g.values * g.values) * (T(1) - b2))
            return self.by_rows(w, g, s, moments)
        s["m"] = b1 * s["m"] + (T(1) - b1) * g
        s["v"] = b2 * s["v"] + (T(1) - b2) * (g * g)
        return moments(w, g, s)

    def rmsprop(self, w, g, s):
        T, f = w.dtype.type, self.fields
        a, rho, mu, eps, one = self.rate(T), T(F(f["rho"])), T(F(f["momentum"])), T(f["epsilon"]), T(1)

        def variance(s):
            return s["rms"] - s["mg"] * s["mg"] if f["centered"] else s["rms"]

        def plain(w, g, s):
            return w - a * g / (numpy.sqrt(variance(s)) + eps)

        def dense_momentum(w, g, s):
            s["rms"] = s["rms"] + (g * g - s["rms"]) * (one - rho)
            if f["centered"]:
                s["mg"] = s["mg"] + (g - s["mg"]) * (one - rho)
            s["momentum"] = s["momentum"] * mu + (g * a) / numpy.sqrt(variance(s) + eps)
            return w - s["momentum"]

        def sparse_momentum(w, g, s):
            s["rms"] = s["rms"] * rho + (g * g) * (one - rho)
            denominator = s["rms"] + eps
            if f["centered"]:
                s["mg"] = s["mg"] * rho + g * (one - rho)
                denominator = denominator - s["mg"] * s["mg"]
            s["momentum"] = s["momentum"] * mu + (one / numpy.sqrt(denominator)) * a * g
            return w - s["momentum"]

        if isinstance(g, Sparse):
            g = g.summed()
            if mu:
                return self.by_rows(w, g, s, sparse_momentum)
            self.decayed(s, "rms", rho, g.rows, (g.values * g.values) * (one - rho))
            if f["centered"]:
                self.decayed(s, "mg", rho, g.rows, g.values * (one - rho))
            return self.by_rows(w, g, s, plain)
        if mu:
            return dense_momentum(w, g, s)
        s["rms"] = rho * s["rms"] + (one - rho) * (g * g)
        if f["centered"]:
            s["mg"] = rho * s["mg"] + (one - rho) * g
        return plain(w, g, s)

    def rows_or_all(self, w, g, s, rule):
        return self.by_rows(w, g.summed(), s, rule) if isinstance(g, Sparse) else rule(w, g, s)

    def adagrad(self, w, g, s):
        T = w.dtype.type

        def rule(w, g, s):
            s["accumulator"] = s["accumulator"] + g * g
            return w - g * self.rate(T) / (numpy.sqrt(s["accumulator"]) + T(self.fields["epsilon"]))

        return self.rows_or_all(w, g, s, rule)

    def adadelta(self, w, g, s):
        T = w.dtype.type
        rho, eps, one = T(F(self.fields["rho"])), T(self.fields["epsilon"]), T(1)

        def rule(w, g, s):
            s["accum_grad"] = s["accum_grad"] * rho + (g * g) * (one - rho)
            u = numpy.sqrt(s["accum_var"] + eps) * (one / numpy.sqrt(s["accum_grad"] + eps)) * g
            s["accum_var"] = s["accum_var"] * rho + (u * u) * (one - rho)
            return w - u * self.rate(T)

        return self.rows_or_all(w, g, s, rule)

    def ftrl(self, w, g, s):
        T, f = w.dtype.type, self.fields
        a, l1, exponent = self.rate(T), T(F(f["l1_regularization_strength"])), -T(F(f["learning_rate_power"]))
        l2 = T(F(f["l2_regularization_strength"])) + T(F(f["beta"])) / (T(2) * a)
        shrinkage = T(2) * T(F(f["l2_shrinkage_regularization_strength"]))

        def raised(x):
            return numpy.sqrt(x) if exponent == 0.5 else power(x, exponent)

        def rule(w, g, s):
            total = s["accumulator"] + g * g
            s["linear"] = s["linear"] + ((g + shrinkage * w) - (raised(total) - raised(s["accumulator"])) / a * w)
            s["accumulator"], z = total, s["linear"]
            leader = (numpy.where(z > 0, l1, -l1) - z) / (raised(total) / a + T(2) * l2)
            return numpy.where(abs(z) > l1, leader, T(0))

        return self.rows_or_all(w, g, s, rule)

    def assign(self, w, g, s):
        if not isinstance(g, Sparse):
            return g.copy()
        w = w.copy()
        for row, value in zip(g.rows, g.values):
            w[row] = value
        return w

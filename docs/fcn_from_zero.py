"""A fully convolutional network from zero: one file, NumPy alone, every backward pass by hand.

`python fcn_from_zero.py` draws coloured shapes, trains a small FCN-8s to say of each pixel which
shape it is of, and saves a picture: images that it has not seen, the truth, and what it says.

A layer is a function, `y, backward = layer(x, ...)`, and `dx, ... = backward(dy)` its chain rule:
dx, as large as x, is the derivative of the loss by x, and behind it come those by the parameters.
N images have C channels of H x W pixels; a weight has F filters of K x K.
"""

import struct
import zlib

import numpy as np

SIZE, BATCH, STEPS, RATE, MOMENTUM = 64, 4, 2000, 0.05, 0.9
CHANNELS = 3, 16, 32, 48, 64, 64  # of the image, and behind each of five convolutions
IGNORE = 255  # the label of pixels that do not count


def im2col(x, k, stride):
    """Copy what a window of K x K sees at each of P positions: (N, C, H, W) -> (N, C*K*K, P)."""
    (n, c, h, w), pad = x.shape, (k - stride) // 2  # then P = H/stride * W/stride
    xpad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    at = [np.s_[:, :, a : a + h : stride, b : b + w : stride] for a, b in np.ndindex(k, k)]

    def col2im(dcolumns):  # a pixel has been copied into many columns: derivatives add up
        dxpad = np.zeros_like(xpad)
        dcolumns = dcolumns.reshape(n, c, k * k, h // stride, w // stride)
        for r, pixels in enumerate(at):
            dxpad[pixels] += dcolumns[:, :, r]
        return dxpad[:, :, pad : pad + h, pad : pad + w]

    return np.stack([xpad[pixels] for pixels in at], axis=2).reshape(n, c * k * k, -1), col2im


def conv(x, weight, bias, stride=1):
    """Return y[f,p] = bias[f] + sum_r weight[f,r] columns[r,p]: r in the kernel, p in the map."""
    (n, _, h, w), (f, _, k, _), matrix = x.shape, weight.shape, weight.reshape(len(weight), -1)
    columns, col2im = im2col(x, k, stride)  # (N, C*K*K, P)
    y = matrix @ columns + bias[:, None]  # (F, C*K*K) @ (N, C*K*K, P) -> (N, F, P)

    def backward(dy):  # by one factor of a product the derivative is the other
        dy = dy.reshape(y.shape)
        dweight = (dy @ columns.swapaxes(1, 2)).sum(axis=0)  # [f,r] = sum_p dy[f,p] columns[r,p]
        dcolumns = matrix.T @ dy  # [r,p] = sum_f weight[f,r] dy[f,p]
        return col2im(dcolumns), dweight.reshape(weight.shape), dy.sum(axis=(0, 2))

    return y.reshape(n, f, h // stride, w // stride), backward


def deconv(x, weight):
    """Return y, s times as large: a convolution's way back, from dy to dx, as the way forward."""
    (n, _, h, w), (_, f, k, _), none = x.shape, weight.shape, np.zeros(1, x.dtype)
    s = k // 2  # so each pixel of x adds a stamp of 2s x 2s pixels to y, and stamps lie s apart
    way_back = conv(np.zeros((n, f, s * h, s * w), x.dtype), weight, none, s)[1]

    def backward(dy):  # sum(dy * y) = sum(conv(dy) * x): so by x the derivative is conv(dy),
        dx, conv_backward = conv(dy, weight, none, s)  # and by weight as if x had come to dx
        return dx, conv_backward(x)[1]

    return way_back(x)[0], backward


def relu(x):
    """Return x where it is positive, else 0: there the derivative is 1, here 0."""
    return np.maximum(x, 0), lambda dy: (dy * (x > 0),)


def pool(x):
    """Return the largest of each 2 x 2 pixels: (N, C, H, W) -> (N, C, H/2, W/2)."""
    (n, c, h, w), (columns, col2im) = x.shape, im2col(x, 2, 2)
    four = columns.reshape(n, c, 4, h // 2, w // 2)
    wins = four.argmax(axis=2)[:, :, None] == np.arange(4)[:, None, None]  # the first of equals
    return four.max(axis=2), lambda dy: (col2im(dy[:, :, None] * wins),)  # y is the winner alone


def softmax_loss(scores, label):
    """Return the mean of -log p[class] over pixels, for p = softmax(scores); and dscores."""
    counts = (label != IGNORE)[:, None]  # (N, 1, H, W)
    true = (label[:, None] == np.arange(len(CLASSES))[:, None, None]) & counts  # (N, K, H, W)
    log_p = scores - scores.max(axis=1, keepdims=True)  # p stays, and exp does not overflow
    log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))
    pixels = int(counts.sum())
    # -log p[t] = log(sum_k exp(s[k])) - s[t], so its derivative by s[k] is p[k] - (1 if k == t).
    return -log_p[true].sum() / pixels, (np.exp(log_p) * counts - true) / pixels


def initial_parameters(rng):
    """Return the weight and the bias of each layer that has them."""
    params, classes = {}, len(CLASSES)
    for n, c in enumerate(CHANNELS[:-1], start=1):
        weight = rng.normal(0, np.sqrt(2 / (9 * c)), (CHANNELS[n], c, 3, 3))  # keeps the variance
        params[f"conv{n}"] = [weight, np.zeros(CHANNELS[n])]
    for name, c in zip(("score_pool3", "score_pool4", "score_fr"), CHANNELS[3:], strict=True):
        params[name] = [np.zeros((classes, c, 1, 1)), np.zeros(classes)]
    for name, s in ("upscore2", 2), ("upscore_pool4", 2), ("upscore8", 8):
        ramp = 1 - abs(np.arange(2 * s) - (s - 0.5)) / s  # bilinear, class by class, and learned
        params[name] = [np.eye(classes)[:, :, None, None] * np.outer(ramp, ramp)]
    return {name: [a.astype(np.float32) for a in arrays] for name, arrays in params.items()}


def fcn8s(params, x):
    """Return scores (N, classes, H, W) of images (N, 3, H, W), and backward, as a layer does."""
    pooled, tape, grads = {0: x}, {}, {}

    def run(name, layer, x):
        y, tape[name] = layer(x, *params.get(name, ()))
        return y

    for n in range(1, 6):  # (N, 3, H, W) -> (N, 16, H/2, W/2) -> ... -> (N, 64, H/32, W/32)
        x = run(f"relu{n}", relu, run(f"conv{n}", conv, pooled[n - 1]))
        pooled[n] = run(f"pool{n}", pool, x)
    x = run("score_fr", conv, pooled[5])  # what there is, at H/32
    x = run("upscore2", deconv, x) + run("score_pool4", conv, pooled[4])  # and where, at H/16
    x = run("upscore_pool4", deconv, x) + run("score_pool3", conv, pooled[3])  # and at H/8
    scores = run("upscore8", deconv, x)

    def back(name, dy):
        dx, *grads[name] = tape[name](dy)
        return dx

    def backward(dscores):  # the lines above, from the last to the first
        dx = back("upscore8", dscores)
        dpooled = {3: back("score_pool3", dx)}  # a sum passes dx on to both its terms
        dx = back("upscore_pool4", dx)
        dpooled[4] = back("score_pool4", dx)
        dx = back("score_fr", back("upscore2", dx))
        for n in range(5, 0, -1):
            dx = dx + dpooled.get(n, 0)  # what was read twice has two derivatives, which add up
            dx = back(f"conv{n}", back(f"relu{n}", back(f"pool{n}", dx)))
        return grads

    return scores, backward


SHAPES = {  # where a function of the place, u to the right and v down from the middle, is below 1
    "disc": np.hypot,
    "square": lambda u, v: 1.2 * np.maximum(abs(u), abs(v)),
    "triangle": lambda u, v: np.maximum(2 * v, np.sqrt(3) * abs(u) - v),
    "ring": lambda u, v: 3 * abs(np.hypot(u, v) - 2 / 3),
}
CLASSES = "background", *SHAPES
COLOURS = np.array([(0, 0, 0), (1, -1, -1), (-1, 1, -1), (-1, -1, 1), (1, 1, -1)]) * 0.7


def draw(rng, count):
    """Return images (N, 3, H, W) of one to three shapes, about -1 ... 1, and labels (N, H, W)."""
    images = np.ones((count, 3, SIZE, SIZE)) * rng.uniform(-1, 1, (count, 3, 1, 1))
    labels, pixels = np.zeros((count, SIZE, SIZE), int), np.mgrid[:SIZE, :SIZE]
    for n in np.repeat(np.arange(count), rng.integers(1, 4, count)):
        kind, radius, turn = rng.integers(1, len(CLASSES)), rng.uniform(9, 18), rng.uniform(0, 6.3)
        y, x = (pixels - rng.uniform(8, SIZE - 8, (2, 1, 1))) / radius
        u, v = np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y
        far = SHAPES[CLASSES[kind]](u, v)
        images[n, :, far < 1] = COLOURS[kind] + rng.normal(0, 0.5, 3)  # often that of its class
        labels[n, far < 1 + 1 / radius] = IGNORE  # a thin outline, as in PASCAL VOC
        labels[n, far < 1 - 1 / radius] = kind
    return (images + rng.normal(0, 0.1, images.shape)).astype(np.float32), labels


def write_png(file, pixels):
    """Write pixels (H, W, 3), 0 ... 255: a signature, and three chunks with their checksums."""
    header = struct.pack(">IIBBBBB", *pixels.shape[1::-1], 8, 2, 0, 0, 0)
    lines = zlib.compress(b"".join(b"\0" + line.tobytes() for line in pixels.astype(np.uint8)))
    chunks = b"IHDR" + header, b"IDAT" + lines, b"IEND"
    framed = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks]
    np.frombuffer(b"\x89PNG\r\n\x1a\n" + b"".join(framed), np.uint8).tofile(file)


def main():
    """Train, say how well it went, and save the picture."""
    rng = np.random.default_rng(0)
    params, losses = initial_parameters(rng), []
    velocity = {name: [np.zeros_like(a) for a in arrays] for name, arrays in params.items()}
    for step in range(STEPS):
        images, label = draw(rng, BATCH)
        scores, backward = fcn8s(params, images)
        loss, dscores = softmax_loss(scores, label)
        grads, losses = backward(dscores), [*losses[-99:], loss]
        for name in params:
            for weight, v, grad in zip(params[name], velocity[name], grads[name], strict=True):
                v *= MOMENTUM
                v += RATE * (1 - step / STEPS) * grad
                weight -= v
        if step % 100 == 99:
            print(f"step {step + 1:4}  loss {np.mean(losses):.3f}")
    images, label = draw(np.random.default_rng(1), 100)
    predicted = fcn8s(params, images)[0].argmax(axis=1)
    pairs = np.stack([label, predicted])[:, label != IGNORE]
    has = pairs == np.arange(len(CLASSES))[:, None, None]  # (classes, 2, pixels)
    iu = has.all(axis=1).sum(axis=1) / has.any(axis=1).sum(axis=1)  # in both, over in either
    print(f"mean IU {iu.mean():.3f} of", dict(zip(CLASSES, iu.round(2).tolist(), strict=True)))
    shown = np.moveaxis(images[:8], 1, -1), *COLOURS[[label[:8] % IGNORE, predicted[:8]]]
    picture = np.stack(shown).swapaxes(1, 2).reshape(3 * SIZE, 8 * SIZE, 3)  # of (3, H, 8, W, 3)
    write_png("fcn_from_zero.png", np.clip(128 + 127 * picture, 0, 255))


if __name__ == "__main__":
    main()

"""Two-second clips of the sea, some with the rising call of a right whale: synthesised, or read from files.

The up-call of the North Atlantic right whale rises from about 50 to 250 Hz within a second. `synthesise`
makes clips with such calls, at signal-to-noise ratios from clear to hardly audible, in coloured noise
with clicks, tones of ships, and calls of other kinds: falling, flat, or rising too fast. `load_clips`
reads recordings. `spectrograms` turns either into pictures of 20 frequencies by 30 moments.
"""

import csv
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import signal
from scipy.io import wavfile

from dpmix import InputError

RATE = 2000  # Hz; all clips are brought to it
SAMPLES = 2 * RATE
SHAPE = (20, 30)  # frequencies from 50 Hz in steps of 10, the lowest at the bottom; moments
LOWEST = 50  # Hz

_WINDOW = RATE // 10  # samples of one moment, which makes steps of 10 Hz
_HIGHEST = LOWEST + 10 * (SHAPE[0] - 1)
_BLOCK = 512  # clips whose spectrograms are computed together
_FLOOR = 1e-12  # power below which silence is silent, so that its logarithm is finite


class Clips(NamedTuple):
    """Sounds and what is in them."""

    waves: np.ndarray  # (n, SAMPLES) float32
    y: np.ndarray  # (n,) int, 1 with an up-call and 0 without
    names: tuple  # of the files, or "clip 0" and so on


def synthesise(n, seed=0, snr=(-8.0, 10.0)):
    """Make `n` clips, half of them, as chance has it, with an up-call.

    Parameters
    ----------
    n : int
    seed : int
        The same seed gives the same clips; clip i is the same whatever `n` is.
    snr : (float, float)
        Range of the power of the call over that of the noise between 50 and 240 Hz, dB.

    Returns
    -------
    Clips
    """
    waves, y = np.empty((n, SAMPLES), np.float32), np.empty(n, int)
    for clip, stream in enumerate(np.random.SeedSequence(seed).spawn(n)):
        rng = np.random.default_rng(stream)
        y[clip] = rng.random() < 0.5
        wave = _sea(rng) + _clicks(rng)
        if rng.random() < 0.4:
            wave += _ship(rng)
        if rng.random() < (0.25 if y[clip] else 0.6):
            wave += _gain(rng.uniform(*snr)) * _other_call(rng)
        if y[clip]:
            wave += _gain(rng.uniform(*snr)) * _up_call(rng)
        waves[clip] = wave * rng.uniform(0.02, 0.06)
    return Clips(waves, y, tuple(f"clip {ix}" for ix in range(n)))


def _gain(decibels):
    return 10 ** (decibels / 20)


def _sea(rng):
    """Noise whose power falls with frequency, of variance 1 in the band of the calls."""
    frequencies = np.fft.rfftfreq(SAMPLES, 1 / RATE)
    slope = rng.uniform(0.6, 2.0)
    amplitude = (np.maximum(frequencies, 15) / 100) ** (-slope / 2)
    amplitude *= 1 + 0.3 * np.interp(
        frequencies, np.arange(0, RATE / 2 + 1, 100), rng.standard_normal(11)
    ).clip(-2)
    spectrum = amplitude * (rng.standard_normal(len(amplitude)) + 1j * rng.standard_normal(len(amplitude)))
    band = (frequencies >= LOWEST) & (frequencies <= _HIGHEST)
    return np.fft.irfft(spectrum, SAMPLES) * SAMPLES / np.sqrt(2 * (np.abs(spectrum[band]) ** 2).sum())


def _clicks(rng):
    """A few snaps of some milliseconds, over all frequencies."""
    wave = np.zeros(SAMPLES)
    for _ in range(rng.poisson(1.0)):
        length, start = int(rng.uniform(0.01, 0.06) * RATE), rng.integers(SAMPLES - RATE // 10)
        snap = rng.standard_normal(length) * np.exp(-np.arange(length) / (length / 4))
        wave[start : start + length] += rng.uniform(2, 8) * snap
    return wave


def _ship(rng):
    """Steady tones: some multiples of one frequency, swelling slowly."""
    time, base = np.arange(SAMPLES) / RATE, rng.uniform(12, 45)
    wave = np.zeros(SAMPLES)
    for multiple in rng.choice(np.arange(2, 9), size=rng.integers(1, 4), replace=False):
        swell = 1 + 0.4 * np.sin(2 * np.pi * (rng.uniform(0.1, 0.6) * time + rng.random()))
        wave += rng.uniform(0.2, 0.9) * swell * np.sin(2 * np.pi * (multiple * base * time + rng.random()))
    return wave


def _up_call(rng):
    """A call that rises ever faster, of variance 1 while it lasts."""
    low = rng.uniform(50, 110)
    return _call(rng, low, low + rng.uniform(60, 140), rng.uniform(0.6, 1.1), rng.uniform(1.0, 2.2))


def _other_call(rng):
    """A call that is not a right whale's up-call: falling, flat, or rising too fast."""
    low, kind = rng.uniform(50, 120), rng.integers(3)
    if kind == 0:
        return _call(rng, low + rng.uniform(60, 140), low, rng.uniform(0.5, 1.1), rng.uniform(0.5, 1.5))
    if kind == 1:
        return _call(rng, low + 40, low + 40 + rng.uniform(-12, 12), rng.uniform(0.5, 1.4), 1)
    return _call(rng, low, low + rng.uniform(100, 180), rng.uniform(0.12, 0.3), 1)


def _call(rng, first, last, seconds, bend):
    """A tone from `first` to `last` Hz that swells and fades, with a weak overtone, somewhere in a clip."""
    length = int(seconds * RATE)
    share = np.arange(length) / length
    phase = 2 * np.pi * (np.cumsum(first + (last - first) * share**bend) / RATE + rng.random())
    tone = np.sin(phase) + rng.uniform(0, 0.3) * np.sin(2 * phase)
    wave, start = np.zeros(SAMPLES), rng.integers(SAMPLES - length)
    wave[start : start + length] = math.sqrt(2) * tone * signal.windows.tukey(length, 0.5)
    return wave


def load_clips(folder, labels=None):
    """Read WAV or AIFF clips and their labels.

    Parameters
    ----------
    folder : path-like
    labels : path-like, optional
        CSV file of two columns, the name of a clip in `folder` and 1 or 0; a first line without a number
        in its second column is a heading. By default ``labels.csv`` in `folder`.

    Returns
    -------
    Clips
        At 2 kHz; of longer clips the middle two seconds, shorter ones mirrored at their ends.

    Raises
    ------
    dpmix.InputError
        If a file is missing or cannot be read, or the label file is wrong.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; give the one with the clips")
    names, y = read_labels(folder / "labels.csv" if labels is None else labels)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} lacks {len(missing):,} of the clips that are labelled, first {missing[0]}"
        )
    return Clips(np.stack([_read_clip(folder / name) for name in names]), y, tuple(names))


def read_labels(path):
    """Return the names and the labels (n,) of a label file; see `load_clips`."""
    path = Path(path)
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [(number, row) for number, row in enumerate(csv.reader(file), 1) if row]
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such label file; write lines such as clip1.wav,1") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: is no label file of lines such as clip1.wav,1: {error}") from error
    if rows and len(rows[0][1]) == 2 and not rows[0][1][1].strip().isdigit():
        del rows[0]
    for number, row in rows:
        if len(row) != 2 or row[1].strip() not in ("0", "1"):
            raise InputError(
                f"{path}, line {number}: must be a file, a comma and 0 or 1; got {','.join(row)!r}"
            )
    y = np.array([int(row[1]) for _, row in rows], int)
    if len(np.unique(y)) < 2:
        raise InputError(f"{path}: must label clips of both kinds, 0 and 1; got {len(y):,} lines of one kind")
    return [row[0].strip() for _, row in rows], y


def _read_clip(path):
    """The clip of a file, (SAMPLES,) float32."""
    read = _read_aiff if path.suffix.lower() in (".aif", ".aiff", ".aifc") else _read_wav
    try:
        rate, wave = read(path)
    except InputError:
        raise
    except Exception as error:  # damaged files make the readers fail in any way
        raise InputError(f"{path}: cannot be read as a sound: {error}") from error
    wave = wave if wave.ndim == 1 else wave.mean(axis=1)
    if not np.isfinite(wave).all():
        raise InputError(f"{path}: must hold finite samples; leave it out of the label file")
    if rate != RATE:
        common = math.gcd(int(rate), RATE)
        wave = signal.resample_poly(wave, RATE // common, int(rate) // common)
    lack = SAMPLES - len(wave)
    if lack > SAMPLES // 2:
        raise InputError(f"{path}: must last at least a second; got {len(wave) / RATE:.2f} s")
    if lack > 0:
        return np.pad(wave, (lack // 2, lack - lack // 2), mode="reflect").astype(np.float32)
    return wave[-lack // 2 :][:SAMPLES].astype(np.float32)


def _read_wav(path):
    """Rate, and samples in [-1, 1], (n,) or (n, channels)."""
    rate, wave = wavfile.read(path)
    if wave.dtype.kind == "f":
        return rate, wave
    middle = 128 if wave.dtype == np.uint8 else 0
    return rate, (wave.astype(float) - middle) / (128 if middle else -float(np.iinfo(wave.dtype).min))


def _read_aiff(path):
    try:
        import soundfile
    except ImportError as error:
        raise InputError(
            f"{path}: AIFF is read by soundfile, which is not installed; pip install '.[sound]', "
            "or convert the clips to WAV"
        ) from error
    wave, rate = soundfile.read(path)
    return rate, wave


def spectrograms(waves):
    """Log power of clips between 50 and 240 Hz, standardised clip by clip.

    From each frequency its median over the clip is taken away first: steady noise and the tones of ships
    go, what comes and passes stays.

    Parameters
    ----------
    waves : numpy.ndarray (n, SAMPLES)

    Returns
    -------
    numpy.ndarray (n, 600) of float32
        Pictures of `SHAPE`, row by row from the highest frequency, of mean 0 and variance 1.
    """
    step = (SAMPLES - _WINDOW) // (SHAPE[1] - 1)
    rows = slice(LOWEST // 10, LOWEST // 10 + SHAPE[0])
    parts = []
    for first in range(0, len(waves), _BLOCK):
        _, _, power = signal.spectrogram(
            waves[first : first + _BLOCK], RATE, "hann", _WINDOW, _WINDOW - step, detrend=False
        )
        level = np.log10(power[:, rows][:, ::-1] + _FLOOR)
        level -= np.median(level, axis=2, keepdims=True)
        parts.append(level.reshape(len(level), -1))
    table = np.concatenate(parts)
    table -= table.mean(axis=1, keepdims=True)
    return (table / np.maximum(table.std(axis=1, keepdims=True), 1e-6)).astype(np.float32)

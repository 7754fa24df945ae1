"""The sounds of the example about up-calls: synthesis, files and label files, spectrograms."""

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from dpmix import InputError

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def _load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sounds = _load("ocean_sounds")


def write_clips(folder, n=4, rate=sounds.RATE, dtype=np.int16):
    """Write synthesised clips as WAV with their label file; return them and the names."""
    clips = sounds.synthesise(n, seed=3)
    names = [f"clip{ix}.wav" for ix in range(n)]
    y = np.arange(n) % 2
    for name, wave in zip(names, clips.waves, strict=True):
        scale = 0.9 / np.abs(wave).max()
        wave *= scale
        top = np.iinfo(dtype).max if np.dtype(dtype).kind == "i" else 1
        wavfile.write(folder / name, rate, (wave * top).astype(dtype))
    lines = ["file,label", *(f"{name},{label}" for name, label in zip(names, y, strict=True))]
    (folder / "labels.csv").write_text("\n".join(lines))
    return clips._replace(y=y), names


def test_synthesis_is_seeded_and_a_clip_does_not_depend_on_how_many_there_are():
    clips, again, more = sounds.synthesise(6, 1), sounds.synthesise(6, 1), sounds.synthesise(9, 1)
    np.testing.assert_array_equal(clips.waves, again.waves)
    np.testing.assert_array_equal(clips.waves, more.waves[:6])
    np.testing.assert_array_equal(clips.y, more.y[:6])
    assert clips.waves.shape == (6, 4000) and clips.waves.dtype == np.float32
    assert clips.names == more.names[:6] == ("clip 0", "clip 1", "clip 2", "clip 3", "clip 4", "clip 5")
    assert (sounds.synthesise(6, 2).waves != clips.waves).all(axis=1).all()


def test_the_sea_has_unit_variance_in_the_band_of_the_calls():
    """Which makes the signal-to-noise ratio that of the band; a call has variance 1 where it is at its loudest."""
    rng = np.random.default_rng(0)
    spectrum = np.fft.rfft(np.stack([sounds._sea(rng) for _ in range(20)]))
    frequencies = np.fft.rfftfreq(sounds.SAMPLES, 1 / sounds.RATE)
    spectrum[:, (frequencies < 50) | (frequencies > 240)] = 0
    np.testing.assert_allclose(np.fft.irfft(spectrum).var(axis=1), 1, rtol=1e-6)
    call = sounds._call(rng, 100, 100, 1.0, 1)
    loud = np.flatnonzero(call)[500:1500]
    assert 0.95 < call[loud].var() < 1.15


@pytest.mark.parametrize("sign", [1, -1])
def test_a_loud_up_call_rises_in_the_picture(sign):
    """And played backwards it falls."""
    rng, slopes = np.random.default_rng(1), []
    for _ in range(20):
        wave = (sounds._sea(rng) * 0.05 + sounds._up_call(rng))[None, ::sign]
        z = sounds.spectrograms(wave)[0].reshape(sounds.SHAPE)
        loud = np.flatnonzero(z.max(axis=0) > 2.5)
        height = sounds.SHAPE[0] - 1 - z[:, loud].argmax(axis=0)  # rows count from the highest frequency
        assert len(loud) >= 5
        slopes.append(sign * np.polyfit(loud, height, 1)[0])
    assert np.median(slopes) > 0.5 and np.mean(np.array(slopes) > 0) >= 0.95


def test_spectrograms_are_standardised_clip_by_clip():
    waves = sounds.synthesise(600, 1).waves  # more than are computed together
    z = sounds.spectrograms(waves)
    assert z.shape == (600, 600) and z.dtype == np.float32
    np.testing.assert_allclose(z.mean(axis=1), 0, atol=1e-4)
    np.testing.assert_allclose(z.std(axis=1), 1, atol=1e-3)
    np.testing.assert_allclose(sounds.spectrograms(waves[-1:] * 7)[0], z[-1], atol=1e-3)
    assert np.isfinite(sounds.spectrograms(np.zeros((1, sounds.SAMPLES)))).all()


@pytest.mark.parametrize("dtype, step", [(np.int16, 2**-15), (np.int32, 2**-24), (np.float32, 0)])
def test_wav_round_trip(dtype, step, tmp_path):
    written, names = write_clips(tmp_path, dtype=dtype)
    read = sounds.load_clips(tmp_path)
    np.testing.assert_array_equal(read.y, written.y)
    assert read.names == tuple(names)
    np.testing.assert_allclose(read.waves, written.waves, atol=2 * step + 1e-12)


def test_wav_of_other_rates_lengths_and_channels(tmp_path):
    """A tone stays the tone, whatever the rate; long clips lose their ends, short ones are mirrored."""
    lengths = {
        "fast.wav": (8000, 2.0),
        "long.wav": (2000, 5.0),
        "short.wav": (2000, 1.5),
        "odd.wav": (11025, 2.0),
    }
    for name, (rate, seconds) in lengths.items():
        tone = 0.5 * np.sin(2 * np.pi * 100 * np.arange(int(rate * seconds)) / rate)
        wavfile.write(tmp_path / name, rate, np.stack([tone, tone], axis=1).astype(np.float32))
    wavfile.write(
        tmp_path / "bytes.wav", 2000, (128 + 100 * np.sin(0.1 * np.pi * np.arange(4000))).astype(np.uint8)
    )
    names = [*lengths, "bytes.wav"]
    (tmp_path / "mine.csv").write_text("\n".join(f"{name},{ix % 2}" for ix, name in enumerate(names)))
    waves = sounds.load_clips(tmp_path, tmp_path / "mine.csv").waves
    assert waves.shape == (5, 4000)
    loudest = np.abs(np.fft.rfft(waves)).argmax(axis=1) / 2
    np.testing.assert_allclose(loudest, 100, atol=0.5)
    assert np.abs(waves).max() < 0.9


def test_aiff_round_trip(tmp_path):
    soundfile = pytest.importorskip("soundfile", reason="needs soundfile: pip install '.[sound]'")
    clips = sounds.synthesise(2, seed=5)
    for name, wave in zip(("a.aiff", "b.AIFF"), clips.waves, strict=True):
        soundfile.write(tmp_path / name, wave, sounds.RATE, subtype="PCM_16")
    (tmp_path / "labels.csv").write_text("a.aiff,1\nb.AIFF,0\n")
    read = sounds.load_clips(tmp_path)
    assert read.y.tolist() == [1, 0]
    np.testing.assert_allclose(read.waves, clips.waves, atol=2**-14)


def test_aiff_without_soundfile_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    (tmp_path / "a.aiff").write_bytes(b"FORM")
    (tmp_path / "labels.csv").write_text("a.aiff,1\na.aiff,0\n")
    with pytest.raises(InputError, match=re.escape("pip install '.[sound]'")):
        sounds.load_clips(tmp_path)


LABELS = {
    "clip0.wav,1\nclip1.wav,2\n": "line 2: must be a file, a comma and 0 or 1; got 'clip1.wav,2'",
    "file,label\nclip0.wav,1\nclip1.wav\n": "line 3: must be a file",
    "clip0.wav,1\nclip1.wav,\n": "line 2: must be a file",
    "clip0.wav,1\nclip1.wav,1\n": "both kinds",
    "": "got 0 lines",
    "file,label\n": "got 0 lines",
    "clip0.wav,1\nnone.wav,0\n": "lacks 1 of the clips that are labelled, first none.wav",
    "clip0.wav,1\nlabels.csv,0\n": "labels.csv: cannot be read as a sound",
    "clip0.wav,1\nblip.wav,0\n": "must last at least a second; got 0.10 s",
    "clip0.wav,1\nnan.wav,0\n": "nan.wav: must hold finite samples",
}


@pytest.mark.parametrize("text", LABELS)
def test_wrong_labels_and_clips_are_named(text, tmp_path):
    write_clips(tmp_path, n=2)
    wavfile.write(tmp_path / "blip.wav", 2000, np.zeros(200, np.int16))
    wavfile.write(tmp_path / "nan.wav", 2000, np.full(4000, np.nan, np.float32))
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(InputError, match=re.escape(LABELS[text])):
        sounds.load_clips(tmp_path)


def test_missing_folder_and_label_file(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        sounds.load_clips(tmp_path / "none")
    with pytest.raises(InputError, match="no such label file"):
        sounds.load_clips(tmp_path)
    (tmp_path / "labels.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is no label file"):
        sounds.load_clips(tmp_path)


def test_a_heading_and_windows_line_ends_are_no_clips(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes("\ufeffclip_name,label\r\na.wav,0\r\n\r\nb.wav,1\r\n".encode())
    names, y = sounds.read_labels(path)
    assert names == ["a.wav", "b.wav"] and y.tolist() == [0, 1]

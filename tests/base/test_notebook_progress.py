"""Progress in a notebook: bars from the start, and nothing but their last state is kept."""

import importlib.util
import io
import sys
import types

import pytest

from dpmix.base import notebook_progress
from dpmix.base.progress import EpochBar, Progress


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class Output:
    """What IPython's display gives back: the states that one output of a cell has had."""

    def __init__(self):
        self.states = []

    def show(self, data, raw, display_id):
        assert raw and display_id is True
        self.update(data, raw)
        return self

    def update(self, data, raw):
        assert raw and list(data) == ["text/plain"]
        self.states.append(data["text/plain"])


@pytest.fixture
def output(monkeypatch):
    """A kernel of a notebook without ipywidgets, and the output of its cell."""
    output, shell = Output(), types.SimpleNamespace(kernel=object())
    fakes = {
        "IPython": types.SimpleNamespace(get_ipython=lambda: shell),
        "IPython.display": types.SimpleNamespace(display=output.show),
    }
    for name, module in fakes.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr("dpmix.base.progress.widget_bars", lambda: None)
    return output


def test_bars_are_there_from_the_start_and_are_replaced(output, capsys):
    clock = Clock()
    with Progress(2, 100, clock=clock) as progress:
        assert len(output.states) == 1 and output.states[0].count("0/100") == 2
        for sweeps in range(1, 101):
            clock.now += 0.1
            for chain in range(2):
                progress.update(chain, sweeps, clusters=5, log_joint=-12.5)
    assert len(output.states) < 16  # 10 s
    first, second = output.states[-1].splitlines()
    assert (
        first.startswith("chain 0     5 clusters  log joint      -12.5  100%|") and "100/100 [00:10<" in first
    )
    assert second.startswith("chain 1")
    assert capsys.readouterr() == ("", "")


def test_what_comes_before_the_work_is_shown_and_gone(output, capsys):
    with Progress(1, 10) as progress:
        progress.aside("compiling", 3, 17)
        progress.message("a message")
        progress.close()
    assert "compiling" in output.states[-1] and capsys.readouterr().err == "a message\n"
    with Progress(1, 10) as progress:
        progress.aside("compiling", 3, 17)
        progress.aside("compiling", 17, 17)
        progress.restart_clock()
    assert "compiling" not in output.states[-1]


def test_trainings_have_a_bar(output):
    with EpochBar("RBM", 3) as bar:
        for _ in range(3):
            bar.update(loss=0.25)
    assert "3/3" in output.states[-1] and "loss 0.25" in output.states[-1]


def test_widgets_are_taken_where_there_are_some(output, monkeypatch):
    made = []

    class Widget:
        _time, start_t, last_print_t = staticmethod(lambda: 0.0), 0.0, 0.0

        def __init__(self, **options):
            self.n, self.total, self.closed = options["initial"], options["total"], False
            made.append(self)

        def update(self, by):
            self.n += by

        def close(self):
            self.closed = True

        def refresh(self, **_):
            pass

        set_description_str = set_postfix_str = lambda self, text, refresh: None

    monkeypatch.setattr("dpmix.base.progress.widget_bars", lambda: Widget)
    with Progress(3, 20) as progress:
        assert [bar.n for bar in made] == [0, 0, 0]
        progress.update(1, 20)
    assert [bar.n for bar in made] == [0, 20, 0] and all(bar.closed for bar in made)
    assert output.states == []


def test_other_streams_of_a_notebook_get_lines(output):
    stream = io.StringIO()
    with Progress(1, 10, stream=stream) as progress:
        progress.update(0, 10)
    assert stream.getvalue().startswith("chains 1, sweeps 10/10") and output.states == []


def test_a_display_that_fails_ends_the_display_and_nothing_else(output, monkeypatch):
    monkeypatch.setattr(Output, "update", lambda *_: 1 / 0)
    with Progress(1, 10) as progress:
        progress.update(0, 10)


def test_ipython_in_a_terminal_is_no_notebook(monkeypatch):
    shell = types.SimpleNamespace()
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    assert not notebook_progress.in_notebook(sys.stderr)
    monkeypatch.delitem(sys.modules, "IPython")
    assert not notebook_progress.in_notebook(sys.stderr)


CELLS = (
    "import dpmix\nd = dpmix.datasets.load_digits(classes=[0, 1])",
    "p = dpmix.sample(d, chains=2, sweeps=20, seed=0, jobs=1)",
    "p.plot.trace()",
)


@pytest.mark.slow
@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("nbclient", "ipykernel"))), reason="no kernel of notebooks here"
)
@pytest.mark.parametrize("widgets", [False, True])
def test_a_notebook_keeps_one_state(widgets):
    import nbformat
    from nbclient import NotebookClient

    if widgets and importlib.util.find_spec("ipywidgets") is None:
        pytest.skip("no widgets here")
    without = "" if widgets else "import sys\nsys.modules['ipywidgets'] = None\n"
    cells = [nbformat.v4.new_code_cell(code) for code in (without + CELLS[0], *CELLS[1:])]
    NotebookClient(nbformat.v4.new_notebook(cells=cells), timeout=200, kernel_name="python3").execute()
    shown = cells[1].outputs
    assert {each.output_type for each in shown} == {"display_data"}
    kinds = {kind for each in shown for kind in each.data}
    assert kinds == {"text/plain"} | ({"application/vnd.jupyter.widget-view+json"} if widgets else set())
    if not widgets:
        [only] = shown
        assert only.data["text/plain"].count("20/20") == 2
    said = [each.data["text/plain"] for each in cells[2].outputs if each.output_type == "execute_result"]
    assert [text.startswith("<2 panels: log joint (nats)") for text in said] == [True]

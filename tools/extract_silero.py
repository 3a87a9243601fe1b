"""Extract the 8 kHz network of Silero VAD into `app/media/data/silero_8k.npz`, and its answers for the tests.

    pip download --no-deps silero-vad==6.2.3 && pip install onnx==1.23.2 onnxruntime==1.32.0 numpy
    python tools/extract_silero.py silero_vad-6.2.3-py3-none-any.whl

Only the weights are taken (MIT licence, kept beside them); `app/media/silero.py` is the network. Taps of the kernels
that only ever meet the padding are left out: the last two convolutions see two frames and one. What onnxruntime says
with the original file about the sample callers goes into `tests/media/silero_answers.json`.
"""

import json
import sys
import wave
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

MODEL = "silero_vad/data/silero_vad.onnx"
ROOT = Path(__file__).parent.parent
WEIGHTS = ROOT / "app" / "media" / "data" / "silero_8k.npz"
ANSWERS = ROOT / "tests" / "media" / "silero_answers.json"
CALLERS = ("v004_em_alex", "v022_em_alex", "w01_07_ef_dora")
CHUNK, CONTEXT = 256, 32


def tensors(model: bytes) -> dict[str, np.ndarray]:
    """Return the named constants of the 8 kHz branch."""
    (choice,) = (node for node in onnx.load_from_string(model).graph.node if node.op_type == "If")
    (branch,) = (attribute.g for attribute in choice.attribute if attribute.name == "else_branch")
    constants = (node for node in branch.node if node.op_type == "Constant")
    return {node.output[0].rpartition("__")[2]: numpy_helper.to_array(node.attribute[0].t) for node in constants}


def extract(model: bytes) -> None:
    """Write the weights as matrices ready for `rows @ matrix`."""
    weights = tensors(model)

    def kernel(layer: int, taps: slice = slice(None)) -> np.ndarray:
        # (out, in, taps) -> (taps x in, out): a window of frames, laid out flat, times this is a convolution.
        weight = weights[f"encoder.{layer}.reparam_conv.weight"][:, :, taps]
        return weight.transpose(2, 1, 0).reshape(-1, weight.shape[0])

    np.savez_compressed(
        WEIGHTS,
        basis=weights["stft.forward_basis_buffer"][:, 0, :].T,
        kernel0=kernel(0),
        kernel1=kernel(1),
        kernel2=kernel(2, slice(1, 3)),
        kernel3=kernel(3, slice(1, 2)),
        **{f"bias{layer}": weights[f"encoder.{layer}.reparam_conv.bias"] for layer in range(4)},
        lstm=np.concatenate([weights["decoder.rnn.weight_ih"], weights["decoder.rnn.weight_hh"]], axis=1).T,
        lstm_bias=weights["decoder.rnn.bias_ih"] + weights["decoder.rnn.bias_hh"],
        out=weights["decoder.decoder.2.weight"].ravel(),
        out_bias=weights["decoder.decoder.2.bias"],
    )


def answer(model: bytes, caller: str) -> list[float]:
    """Return the original network's probabilities, one per whole chunk of the caller's file."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    with wave.open(str(ROOT / "samples" / f"{caller}.wav")) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768
    state, context, said = np.zeros((2, 1, 128), np.float32), np.zeros(CONTEXT, np.float32), []
    for start in range(0, len(sound) - CHUNK + 1, CHUNK):
        chunk = np.concatenate([context, sound[start : start + CHUNK]])
        context = chunk[-CONTEXT:]
        probability, state = session.run(None, {"input": chunk[None], "state": state, "sr": np.array(8000)})
        said.append(round(float(probability[0, 0]), 5))
    return said


def main(wheel: str) -> None:
    """Do both."""
    with zipfile.ZipFile(wheel) as package:
        model = package.read(MODEL)
        licence = next(name for name in package.namelist() if name.endswith("/LICENSE"))
        WEIGHTS.with_name("silero_8k.LICENSE").write_bytes(package.read(licence))
    extract(model)
    ANSWERS.write_text(json.dumps({caller: answer(model, caller) for caller in CALLERS}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])

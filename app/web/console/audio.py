"""A call's recording: the sound, by ranges, and its outline."""

from flask import Blueprint, abort, jsonify, request, send_file
from flask.typing import ResponseReturnValue

from app.web.login import refuse
from app.web.pages import office

audio = Blueprint("audio", __name__, url_prefix="/console/calls")
audio.before_request(refuse)
_MOST_PEAKS = 2000


@audio.get("/<call_sid>/audio")
def sound(call_sid: str) -> ResponseReturnValue:
    """Send the call's recording, or the range of it that is asked for."""
    path = office().audio(call_sid)
    if path is None:
        abort(404, "אין הקלטה לשיחה הזאת")
    is_download = request.args.get("download") == "1"
    if is_download or request.headers.get("Range", "bytes=0-").startswith("bytes=0-"):
        office().audit("audio", call_sid)
    name = f"{call_sid}.wav" if is_download else None
    return send_file(path, mimetype="audio/wav", conditional=True, as_attachment=is_download, download_name=name)


@audio.get("/<call_sid>/peaks.json")
def peaks(call_sid: str) -> ResponseReturnValue:
    """Send the outline of the recording: two sides, at most 2,000 points each."""
    found = office().peaks(call_sid)
    if found is None:
        abort(404, "אין הקלטה לשיחה הזאת")
    sides = [fewer_peaks(found[side], _MOST_PEAKS) for side in ("caller", "agent")]
    return jsonify(duration_s=found["duration_ms"] / 1000, peaks=sides)


def fewer_peaks(peaks: list[int], most: int) -> list[float]:
    """Return at most `most` peaks, each the highest of its stretch, as the waveform wants them: 0…1."""
    stretch = max(1, -(-len(peaks) // most))
    return [round(max(peaks[at : at + stretch]) / 127, 3) for at in range(0, len(peaks), stretch)]

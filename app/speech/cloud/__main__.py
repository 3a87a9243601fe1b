"""The speech sidecar: all vendor traffic of a worker's calls, in one un-patched process.

Started by `sidecar.link.Link` as `python -m app.speech.cloud <fd>`. It holds no policy: no retries, no fallback, no
breakers; those belong to the worker.
"""

import gc
import os

from app.sidecar.child import Tell, run
from app.sidecar.manners import tell_last_words
from app.speech.cloud.settings import ENV_NAME, CloudSettings
from app.speech.cloud.vendors import vendors, warm_up


def main() -> None:
    """Run until the worker closes the link."""
    tell_last_words()
    # Popped, so that nothing this process might start inherits the secrets.
    handlers, configured = vendors(CloudSettings.from_json(os.environ.pop(ENV_NAME, "{}")))

    async def warm(tell: Tell) -> None:
        gc.disable()  # imports make a hundred thousand objects that live for good: looking through them takes 100 ms
        await warm_up(configured, tell)
        gc.freeze()
        gc.enable()

    run(handlers, warm)


if __name__ == "__main__":
    main()
